"""Mosaics as members see them who see only some cameras: theirs in their places, nothing of the others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client

from cameras.models import Camera
from cities.models import AuditEntry, Membership, User
from cities.scope import city_scope, every_city, narrowed_to
from mosaics.arrangements import Arrangement, Tile
from mosaics.models import Mosaic, MosaicTile
from mosaics.queries import find_mosaic, list_mosaics, shows_all
from mosaics.services import create_mosaic
from tests.world import NOW, ApiClient, World

Api = Callable[..., ApiClient]
ADDRESS = "/api/v1/mosaics"


@dataclass
class Walls:
    """Three mosaics of a city: of what a narrowed member sees, of that and more, and of nothing of it."""

    seen: Camera
    hidden: Camera
    own: Mosaic
    shared: Mosaic
    foreign: Mosaic
    world: World

    def leaks_in(self, text: str) -> list[str]:
        """Give what no answer to a narrowed member may hold and this one does."""
        secrets = (self.hidden.name, str(self.hidden.pk), self.foreign.name, str(self.foreign.pk))
        return [secret for secret in secrets if secret in text]


@pytest.fixture
def walls(world: World) -> Walls:
    """The operator and the viewer see the market square alone."""
    with city_scope(world.city.pk):
        hidden = Camera.objects.create(city=world.city, media_server=world.server, name="Quiet alley")
        own, shared = keep(world, "Own", world.camera), keep(world, "Shared", hidden, world.camera)
        foreign = keep(world, "Away", hidden)
        people = Membership.objects.filter(user__in=[world.operator, world.viewer])
        people.update(narrowed_to=[world.camera.pk])
    return Walls(world.camera, hidden, own, shared, foreign, world)


def keep(world: World, name: str, *cameras: Camera) -> Mosaic:
    tiles = [Tile(place, camera.pk) for place, camera in enumerate(cameras)]
    return create_mosaic(world.city, Arrangement(name, 2, 2, 0, tiles), by=None, now=NOW)


def wall_of(*cameras: Camera, **more: Any) -> dict[str, Any]:
    tiles = [{"position": place, "camera_id": str(camera.pk)} for place, camera in enumerate(cameras)]
    return {"name": "Mine", "rows": 2, "columns": 3, "tiles": tiles, **more}


def everything() -> list[Any]:
    with every_city("a test compares all rows"):
        return [list(model.objects.order_by("pk").values()) for model in (Mosaic, MosaicTile)]


def test_their_cameras_are_in_their_places_and_the_others_places_are_empty(walls: Walls, api: Api) -> None:
    client = api(walls.world.viewer, walls.world.city)
    listed, read = client.get(ADDRESS), client.get(f"{ADDRESS}/{walls.shared.pk}")
    assert [(row["name"], row["camera_count"]) for row in listed.json()["results"]] == [("Own", 1), ("Shared", 1)]
    assert (read.json()["tiles"], read.json()["is_whole"]) == (
        [{"position": 1, "camera_id": str(walls.seen.pk)}],
        False,
    )
    assert client.get(f"{ADDRESS}/{walls.own.pk}").json()["is_whole"] is True
    assert walls.leaks_in(listed.content.decode() + read.content.decode()) == []


def test_who_sees_the_whole_city_sees_whole_mosaics(walls: Walls, api: Api) -> None:
    client = api(walls.world.owner, walls.world.city)
    assert [row["camera_count"] for row in client.get(ADDRESS).json()["results"]] == [1, 1, 2]
    read = client.get(f"{ADDRESS}/{walls.shared.pk}").json()
    assert (len(read["tiles"]), read["is_whole"]) == (2, True)


def test_a_mosaic_of_others_cameras_alone_is_no_other_than_an_unknown_one(walls: Walls, api: Api) -> None:
    client = api(walls.world.operator, walls.world.city)
    before = everything()
    for call in (
        client.get,
        client.delete,
        lambda address: client.send("put", address, wall_of(walls.seen, revision=1)),
        lambda address: client.send("patch", address, {"name": "Mine", "revision": 1}),
    ):
        away, unknown = (call(f"{ADDRESS}/{mosaic_id}") for mosaic_id in (walls.foreign.pk, uuid4()))
        assert (away.status_code, away.content) == (404, unknown.content)
    assert everything() == before


def test_an_empty_mosaic_is_for_those_who_see_the_whole_city(walls: Walls, api: Api) -> None:
    with city_scope(walls.world.city.pk):
        empty = keep(walls.world, "Empty")
    assert api(walls.world.operator, walls.world.city).get(f"{ADDRESS}/{empty.pk}").status_code == 404
    assert api(walls.world.owner, walls.world.city).get(f"{ADDRESS}/{empty.pk}").status_code == 200


def test_what_holds_hidden_cameras_they_neither_change_nor_remove(walls: Walls, api: Api) -> None:
    client, address = api(walls.world.operator, walls.world.city), f"{ADDRESS}/{walls.shared.pk}"
    before = everything()
    answers = [client.send("put", address, wall_of(walls.seen, revision=1)), client.delete(address)]
    parts: list[dict[str, Any]] = [{}, {"name": "Mine"}, {"tiles": []}]
    answers += [client.send("patch", address, {**part, "revision": 1}) for part in parts]
    for answer in answers:
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
        assert answer.json()["detail"].startswith("This mosaic holds cameras that you may not see.")
        assert walls.leaks_in(answer.content.decode()) == []
    assert everything() == before


def test_of_their_own_cameras_they_keep_change_and_remove_mosaics(walls: Walls, api: Api) -> None:
    client = api(walls.world.operator, walls.world.city)
    made = client.send("post", ADDRESS, wall_of(walls.seen))
    assert (made.status_code, made.json()["is_whole"]) == (201, True)
    address, moved = f"{ADDRESS}/{made.json()['id']}", [{"position": 3, "camera_id": str(walls.seen.pk)}]
    changed = client.send("patch", address, {"tiles": moved, "revision": 1})
    assert (changed.status_code, changed.json()["tiles"]) == (200, moved)
    put = client.send("put", address, wall_of(walls.seen, name="Ours", revision=2))
    assert (put.status_code, put.json()["name"]) == (200, "Ours")
    assert client.delete(address).status_code == 204
    with every_city("a test looks at what was written"):
        noted = AuditEntry.objects.filter(actor="operator").order_by("number")
        assert list(noted.values_list("action", "subject")) == [
            ("mosaic_made", "Mine"),
            ("mosaic_changed", "Mine"),
            ("mosaic_changed", "Ours"),
            ("mosaic_removed", "Ours"),
        ]
        assert MosaicTile.objects.filter(mosaic=made.json()["id"]).count() == 0


def test_a_hidden_camera_in_a_body_is_no_other_than_an_unknown_one(walls: Walls, api: Api) -> None:
    client = api(walls.world.operator, walls.world.city)
    before = everything()
    for method, address in (
        ("post", ADDRESS),
        ("put", f"{ADDRESS}/{walls.own.pk}"),
        ("patch", f"{ADDRESS}/{walls.own.pk}"),
    ):
        hidden, unknown = (
            client.send(method, address, {**wall_of(), "revision": 1, "tiles": [{"position": 2, "camera_id": str(pk)}]})
            for pk in (walls.hidden.pk, uuid4())
        )
        assert (hidden.status_code, hidden.content) == (400, unknown.content)
        assert [error["field"] for error in hidden.json()["errors"]] == ["tiles"]
    assert everything() == before


def test_a_wall_that_they_would_not_find_again_is_refused(walls: Walls, api: Api) -> None:
    client = api(walls.world.operator, walls.world.city)
    before = everything()
    for method, address in (
        ("post", ADDRESS),
        ("put", f"{ADDRESS}/{walls.own.pk}"),
        ("patch", f"{ADDRESS}/{walls.own.pk}"),
    ):
        answer = client.send(method, address, wall_of(revision=1))
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["tiles"])
    assert everything() == before


def test_the_list_costs_them_no_more_and_one_mosaic_one_question(
    walls: Walls, api: Api, django_assert_num_queries: Any
) -> None:
    client = api(walls.world.viewer, walls.world.city)
    with django_assert_num_queries(2):
        client.get(ADDRESS)
    with django_assert_num_queries(4):
        client.get(f"{ADDRESS}/{walls.shared.pk}")


def seen_by_sql() -> tuple[set[UUID], set[UUID]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM mosaics_mosaic")
        mosaics = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT camera_id FROM mosaics_mosaictile")
        return mosaics, {row[0] for row in cursor.fetchall()}


def test_postgres_itself_shows_no_more_than_our_own_wall(walls: Walls) -> None:
    city = walls.world.city.pk
    with city_scope(city), narrowed_to({city: frozenset([walls.seen.pk])}):
        assert seen_by_sql() == ({walls.own.pk, walls.shared.pk}, {walls.seen.pk})
        assert {mosaic.pk for mosaic in list_mosaics()} == {walls.own.pk, walls.shared.pk}
        assert Mosaic.objects.filter(name="Away").update(name="Mine") == 0
        with connection.cursor() as cursor:
            cursor.execute("UPDATE mosaics_mosaic SET name = 'Mine' WHERE id = %s", [walls.foreign.pk])
            assert cursor.rowcount == 0
        assert [shows_all(find_mosaic(mosaic.pk)) for mosaic in (walls.own, walls.shared)] == [True, False]
    with city_scope(city), narrowed_to({city: frozenset()}):
        assert seen_by_sql() == (set(), set())
        assert (Mosaic.objects.count(), list_mosaics().count()) == (0, 0)
    with city_scope(city):
        assert seen_by_sql() == ({walls.own.pk, walls.shared.pk, walls.foreign.pk}, {walls.seen.pk, walls.hidden.pk})


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_wall_shows_their_part_says_so_and_saves_it_as_another(walls: Walls) -> None:
    client = sign_in(walls.world.operator)
    answer = client.get(f"/?mosaic={walls.shared.pk}")
    page = answer.content.decode()
    assert [(place, card.name) for place, card in answer.context["placed"]] == [(1, "Market square")]
    assert walls.leaks_in(page) == []
    marks = (
        "are not among those that you see",
        "data-save-dialog",
        "data-revision",
        "data-remove-dialog",
        "data-save-new",
    )
    assert [mark in page for mark in marks] == [True, True, False, False, False]
    own = client.get(f"/?mosaic={walls.own.pk}").content.decode()
    assert [mark in own for mark in marks] == [False, True, True, True, True]


def test_the_wall_does_not_know_a_mosaic_of_others_cameras_alone(walls: Walls) -> None:
    client = sign_in(walls.world.viewer)
    assert client.get(f"/?mosaic={walls.foreign.pk}").headers["Location"] == "/"
    page = client.get("/").content.decode()
    assert "This mosaic is not there any more." in page
    assert walls.leaks_in(page) == []
