"""Mosaics over the API: kept, read, changed without overwriting others, removed; never across cities."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from cameras.models import Camera
from cameras.services import remove_camera
from cities.models import AuditEntry
from cities.scope import city_scope, every_city
from mosaics import services
from mosaics.models import Mosaic, MosaicTile
from tests.world import NOW, ApiClient, World

Api = Callable[..., ApiClient]
ADDRESS = "/api/v1/mosaics"


def wall_of(*cameras: Camera, **more: Any) -> dict[str, Any]:
    tiles = [{"position": place, "camera_id": str(camera.pk)} for place, camera in enumerate(cameras)]
    return {"name": "Night shift", "rows": 2, "columns": 3, "rotation_seconds": 30, "tiles": tiles, **more}


def keep(client: ApiClient, *cameras: Camera, **more: Any) -> Any:
    answer = client.send("post", ADDRESS, wall_of(*cameras, **more))
    assert answer.status_code == 201, answer.content
    return answer.json()


def deeds() -> list[tuple[str, str, dict[str, Any]]]:
    with every_city("a test looks at what was written"):
        noted = AuditEntry.objects.filter(action__startswith="mosaic").order_by("number")
        return list(noted.values_list("action", "subject", "facts"))


def errors_of(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def test_an_operator_keeps_a_mosaic_and_a_viewer_reads_it(world: World, api: Api) -> None:
    made = keep(api(world.operator, world.city), world.camera)
    read = api(world.viewer, world.city).get(f"{ADDRESS}/{made['id']}").json()
    assert read == made
    assert {key: made[key] for key in ("name", "rows", "columns", "rotation_seconds", "revision", "created_by")} == {
        "name": "Night shift",
        "rows": 2,
        "columns": 3,
        "rotation_seconds": 30,
        "revision": 1,
        "created_by": "operator",
    }
    assert made["tiles"] == [{"position": 0, "camera_id": str(world.camera.pk)}]
    listed = api(world.viewer, world.city).get(ADDRESS).json()["results"]
    assert [(row["id"], row["camera_count"], "tiles" in row) for row in listed] == [(made["id"], 1, False)]


def test_a_stale_change_is_refused_and_changes_nothing(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    first = client.send("put", f"{ADDRESS}/{made['id']}", wall_of(name="Early shift", revision=1))
    assert (first.status_code, first.json()["revision"], first.json()["tiles"]) == (200, 2, [])
    stale = client.send("put", f"{ADDRESS}/{made['id']}", wall_of(world.camera, name="Late shift", revision=1))
    assert (stale.status_code, errors_of(stale)) == (409, ["revision"])
    assert "Somebody changed this mosaic meanwhile" in stale.json()["detail"]
    assert client.get(f"{ADDRESS}/{made['id']}").json() == first.json()


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_without_a_revision_is_refused(world: World, api: Api, method: str) -> None:
    client = api(world.operator, world.city)
    made = keep(client)
    answer = client.send(method, f"{ADDRESS}/{made['id']}", wall_of(name="Day shift"))
    assert (answer.status_code, errors_of(answer)) == (400, ["revision"])
    assert client.get(f"{ADDRESS}/{made['id']}").json() == made


@pytest.mark.parametrize(
    "given",
    [
        {"name": "Early shift"},
        {"rows": 1},
        {"columns": 6},
        {"rotation_seconds": 0},
        {"tiles": []},
        {"rows": 4, "columns": 4},
    ],
)
def test_what_a_partial_change_leaves_out_stays(world: World, api: Api, given: dict[str, Any]) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    answer = client.send("patch", f"{ADDRESS}/{made['id']}", {**given, "revision": 1})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed == {**made, **given, "revision": 2, "updated_at": changed["updated_at"]}
    assert client.get(f"{ADDRESS}/{made['id']}").json() == changed


def test_a_stale_partial_change_is_refused_whatever_it_is_about(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    address = f"{ADDRESS}/{made['id']}"
    first = client.send("patch", address, {"name": "Early shift", "revision": 1}).json()
    parts: list[dict[str, Any]] = [{}, {"name": "Late shift"}, {"rows": 1}, {"tiles": []}]
    for part in parts:
        stale = client.send("patch", address, {**part, "revision": 1})
        assert (stale.status_code, errors_of(stale)) == (409, ["revision"])
    assert client.get(address).json() == first


def test_a_change_that_changes_nothing_is_none(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    address = f"{ADDRESS}/{made['id']}"
    for method, body in (("patch", {}), ("patch", {"name": " Night shift "}), ("put", wall_of(world.camera))):
        answer = client.send(method, address, {**body, "revision": 1})
        assert (answer.status_code, answer.json()) == (200, made)
    assert [deed for deed, *_ in deeds()] == ["mosaic_made"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"rows": 7}, "rows"),
        ({"columns": 0}, "columns"),
        ({"rotation_seconds": 4}, "rotation_seconds"),
        ({"revision": 0}, "revision"),
        ({"tiles": None}, "tiles"),
        ({"tiles": [{"position": 200, "camera_id": str(uuid4())}]}, "tiles"),
        ({"tiles": [{"position": 1}]}, "tiles"),
        ({"tiles": [{"position": 1, "camera_id": str(uuid4())}]}, "tiles"),
    ],
)
def test_a_partial_change_to_what_makes_no_wall_is_refused_at_its_field(
    world: World, api: Api, wrong: dict[str, Any], field: str
) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    answer = client.send("patch", f"{ADDRESS}/{made['id']}", {"revision": 1, **wrong})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert errors_of(answer)[0].startswith(field)
    assert client.get(f"{ADDRESS}/{made['id']}").json() == made


def test_a_partial_change_to_a_name_that_is_taken_is_refused(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    keep(client, name="Day shift")
    made = keep(client)
    answer = client.send("patch", f"{ADDRESS}/{made['id']}", {"name": "DAY shift", "revision": 1})
    assert (answer.status_code, errors_of(answer)) == (409, ["name"])
    assert [deed for deed, *_ in deeds()] == ["mosaic_made", "mosaic_made"]


def test_the_description_says_that_a_partial_change_names_its_revision() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operation = schema["paths"]["/api/v1/mosaics/{mosaic_id}"]["patch"]
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    described = schema["components"]["schemas"][reference.rpartition("/")[2]]
    assert (operation["requestBody"]["required"], described["required"]) == (True, ["revision"])
    assert {"name", "rows", "columns", "rotation_seconds", "tiles", "revision"} <= set(described["properties"])


def test_what_is_done_to_a_mosaic_is_noted_with_what_changed(world: World, api: Api) -> None:
    with city_scope(world.city.pk):
        bridge = Camera.objects.create(city=world.city, media_server=world.server, name="Bridge")
    client = api(world.operator, world.city)
    address = f"{ADDRESS}/{keep(client, world.camera)['id']}"
    client.send("patch", address, {"name": "Day shift", "columns": 2, "revision": 1})
    swapped = wall_of(bridge, world.camera, name="Day shift", columns=2, revision=2)
    client.send("put", address, swapped)
    client.send("patch", address, {"tiles": [], "rotation_seconds": 0, "revision": 3})
    client.delete(address)
    assert deeds() == [
        (
            "mosaic_made",
            "Night shift",
            {"layout": "2x3", "rotation_seconds": 30, "cameras": [{"position": 0, "camera": "Market square"}]},
        ),
        (
            "mosaic_changed",
            "Day shift",
            {"name": {"was": "Night shift", "is": "Day shift"}, "layout": {"was": "2x3", "is": "2x2"}},
        ),
        ("mosaic_changed", "Day shift", {"added": ["Bridge"], "moved": ["Market square"]}),
        (
            "mosaic_changed",
            "Day shift",
            {"rotation_seconds": {"was": 30, "is": 0}, "removed": ["Bridge", "Market square"]},
        ),
        ("mosaic_removed", "Day shift", {"layout": "2x2", "rotation_seconds": 0, "cameras": []}),
    ]
    with every_city("a test looks at what was written"):
        noted = AuditEntry.objects.filter(subject_type="mosaic", subject_id=address.rpartition("/")[2])
        assert set(noted.values_list("city_id", "actor")) == {(world.city.pk, "operator")}


def test_what_cannot_be_noted_is_not_done(world: World, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    address, given = f"{ADDRESS}/{made['id']}", {"name": "Day shift", "tiles": [], "revision": 1}
    client.raise_request_exception = False

    def refuse(*_: Any) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(services, "note_deed", refuse)
        answers = [client.send("post", ADDRESS, wall_of(name="Other")), client.send("patch", address, given)]
        answers.append(client.delete(address))
    assert [answer.status_code for answer in answers] == [500, 500, 500]
    assert [row["id"] for row in client.get(ADDRESS).json()["results"]] == [made["id"]]
    assert client.get(address).json() == made


def test_a_name_is_there_once_in_a_city_whatever_its_case(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    made = keep(client)
    answer = client.send("post", ADDRESS, wall_of(name="  NIGHT shift "))
    assert (answer.status_code, errors_of(answer)) == (409, ["name"])
    keep(api(world.stranger, world.other_city))
    other = keep(client, name="Other")
    clash = client.send("put", f"{ADDRESS}/{other['id']}", wall_of(revision=1))
    assert (clash.status_code, errors_of(clash)) == (409, ["name"])
    assert client.send("put", f"{ADDRESS}/{made['id']}", wall_of(revision=1)).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"rows": 0}, "rows"),
        ({"rows": 7}, "rows"),
        ({"columns": 7}, "columns"),
        ({"rotation_seconds": 4}, "rotation_seconds"),
        ({"rotation_seconds": 3601}, "rotation_seconds"),
        ({"tiles": None}, "tiles"),
        ({"tiles": [{"position": 200, "camera_id": str(uuid4())}]}, "tiles"),
    ],
)
def test_what_makes_no_wall_is_refused_at_its_field(world: World, api: Api, wrong: dict[str, Any], field: str) -> None:
    answer = api(world.operator, world.city).send("post", ADDRESS, wall_of(**wrong))
    assert answer.status_code == 400
    assert errors_of(answer)[0].startswith(field)
    with city_scope(world.city.pk):
        assert Mosaic.objects.count() == 0


def test_a_place_holds_one_camera_and_a_camera_one_place(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    twice = [{"position": place, "camera_id": str(world.camera.pk)} for place in (0, 1)]
    stacked = [{"position": 0, "camera_id": str(camera)} for camera in (world.camera.pk, uuid4())]
    for tiles in (twice, stacked):
        answer = client.send("post", ADDRESS, wall_of(tiles=tiles))
        assert (answer.status_code, errors_of(answer)) == (400, ["tiles"])


def test_a_foreign_camera_is_no_other_than_an_unknown_one(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    foreign, unknown = (
        client.send("post", ADDRESS, wall_of(tiles=[{"position": 3, "camera_id": str(camera_id)}]))
        for camera_id in (world.foreign_camera.pk, uuid4())
    )
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert (foreign.status_code, errors_of(foreign)) == (400, ["tiles"])
    assert "position 3" in foreign.json()["detail"]
    with every_city("a test looks at what was written"):
        assert (Mosaic.objects.count(), MosaicTile.objects.count()) == (0, 0)


def test_a_stranger_finds_no_mosaic_of_ours(world: World, api: Api) -> None:
    made, stranger = keep(api(world.operator, world.city), world.camera), api(world.stranger, world.other_city)
    for mosaic_id in (made["id"], uuid4()):
        address = f"{ADDRESS}/{mosaic_id}"
        answers = [stranger.get(address), stranger.send("put", address, wall_of(revision=1)), stranger.delete(address)]
        answers.append(stranger.send("patch", address, {"name": "Mine", "revision": 1}))
        assert [answer.status_code for answer in answers] == [404, 404, 404, 404]
        assert "Night shift" not in str([answer.content for answer in answers])
    assert stranger.get(ADDRESS).json()["results"] == []


def test_a_viewer_changes_nothing(world: World, api: Api) -> None:
    made, viewer = keep(api(world.operator, world.city)), api(world.viewer, world.city)
    address = f"{ADDRESS}/{made['id']}"
    answers = [viewer.send("post", ADDRESS, wall_of(name="Mine")), viewer.delete(address)]
    answers.append(viewer.send("put", address, wall_of(revision=1)))
    answers.append(viewer.send("patch", address, {"name": "Mine", "revision": 1}))
    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]


def test_a_removed_mosaic_is_gone_with_its_tiles(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    assert client.delete(f"{ADDRESS}/{made['id']}").status_code == 204
    assert client.get(f"{ADDRESS}/{made['id']}").status_code == 404
    with city_scope(world.city.pk):
        assert (MosaicTile.objects.count(), Camera.objects.count()) == (0, 1)


def test_a_removed_camera_leaves_every_mosaic(world: World, api: Api) -> None:
    client = api(world.operator, world.city)
    made = keep(client, world.camera)
    with city_scope(world.city.pk):
        remove_camera(world.camera, by=world.owner, now=NOW)
    assert client.get(f"{ADDRESS}/{made['id']}").json()["tiles"] == []


def test_postgres_refuses_a_tile_across_cities(world: World, api: Api) -> None:
    made = keep(api(world.operator, world.city))
    with every_city("a test looks at what was written"), connection.cursor() as cursor:
        MosaicTile.objects.create(mosaic_id=made["id"], city=world.city, camera=world.foreign_camera, position=0)
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        MosaicTile.objects.all().delete()


def test_reading_and_listing_cost_the_same_for_one_and_three(
    world: World, api: Api, django_assert_num_queries: Any
) -> None:
    client = api(world.operator, world.city)
    with city_scope(world.city.pk):
        more = [Camera.objects.create(city=world.city, media_server=world.server, name=f"More {n}") for n in range(2)]
    small = keep(client, world.camera)
    with django_assert_num_queries(2):
        client.get(ADDRESS)
    large = keep(client, world.camera, *more, name="Large")
    keep(client, *more, name="Other")
    with django_assert_num_queries(2):
        assert len(client.get(ADDRESS).json()["results"]) == 3
    for mosaic, tiles in ((small, 1), (large, 3)):
        with django_assert_num_queries(3):
            assert len(client.get(f"{ADDRESS}/{mosaic['id']}").json()["tiles"]) == tiles


def test_our_own_page_may_save_with_its_token_only(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.operator)
    client.get("/")
    body = wall_of(world.camera)
    assert client.post(ADDRESS, body, content_type="application/json").status_code == 403
    token = client.cookies["csrftoken"].value
    answer = client.post(ADDRESS, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 201
