"""The API of cameras, as its callers meet it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cameras.api import CameraSerializer
from cameras.groups.services import make_group
from cameras.listing import describe_row, list_rows
from cameras.models import Camera, MediaServer
from cameras.queries import find_camera
from cameras.search import CameraSearch
from cameras.services import change_camera, source_of
from cities.scope import city_scope, every_city
from recording.services import switch_recording
from streams.models import Stream
from streams.services import wish_stream
from tests.world import NOW, ApiClient, World, give_source

CAMERAS = "/api/v1/cameras"


@pytest.fixture
def owner(world: World) -> ApiClient:
    return ApiClient(world.owner, world.city)


def test_a_camera_is_shown_with_all_that_is_known(world: World, owner: ApiClient) -> None:
    shown = owner.get(f"{CAMERAS}/{world.camera.pk}").json()
    created = datetime.fromisoformat(shown.pop("created_at"))
    assert created == world.camera.created_at
    assert shown == {
        "id": str(world.camera.pk),
        "name": "Market square",
        "location": "",
        "source_url": "rtsp://10.0.0.5/live",
        "has_credentials": False,
        "publishes_by_itself": False,
        "publish_url": f"rtsp://vms.example:8554/stream_{world.camera.pk}",
        "stream_id": f"stream_{world.camera.pk}",
        "state": "offline",
        "is_online": False,
        "last_seen_at": None,
        "recording_enabled": False,
    }


def test_a_camera_is_added_and_its_credentials_stay_inside(world: World, owner: ApiClient) -> None:
    answer = owner.send(
        "POST",
        CAMERAS,
        {"name": " Bridge ", "location": "North", "source_url": "rtsp://op:hunter2@10.0.0.7/a?token=abc"},
    )
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["name"], shown["location"], shown["has_credentials"]) == ("Bridge", "North", True)
    assert shown["source_url"] == "rtsp://10.0.0.7/a?token=***"
    for method in ("GET", "PATCH"):
        assert "hunter2" not in owner.send(method, f"{CAMERAS}/{shown['id']}", {}).content.decode()
    with city_scope(world.city.pk):
        camera = Camera.objects.get(pk=shown["id"])
    assert (source_of(camera).full, camera.city_id) == ("rtsp://op:hunter2@10.0.0.7/a?token=abc", world.city.pk)


def test_a_camera_without_a_source_publishes_by_itself(owner: ApiClient) -> None:
    shown = owner.send("POST", CAMERAS, {"name": "Bus 12"}).json()
    assert (shown["publishes_by_itself"], shown["source_url"], shown["state"]) == (True, "", "offline")


def test_sending_back_what_was_shown_changes_nothing(world: World, owner: ApiClient) -> None:
    made = owner.send(
        "POST", CAMERAS, {"name": "Bridge", "source_url": "rtsp://op:hunter2@10.0.0.7/a?token=abc"}
    ).json()
    assert owner.send("PUT", f"{CAMERAS}/{made['id']}", made).json() == made
    with city_scope(world.city.pk):
        assert source_of(Camera.objects.get(pk=made["id"])).password == "hunter2"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_left_out_stays(world: World, owner: ApiClient, method: str) -> None:
    shown = owner.send(method, f"{CAMERAS}/{world.camera.pk}", {"name": "Old market"}).json()
    assert (shown["name"], shown["source_url"]) == ("Old market", "rtsp://10.0.0.5/live")
    status = owner.send(method, f"{CAMERAS}/{world.camera.pk}", {"location": "East"}).status_code
    assert status == {"PUT": 400, "PATCH": 200}[method]


def test_what_is_not_the_callers_to_set_is_left_alone(world: World, owner: ApiClient) -> None:
    foreign = {"city": str(world.other_city.pk), "city_id": str(world.other_city.pk), "media_server": 99}
    forged = {"id": str(UUID(int=1)), "is_online": True, "recording_enabled": True, "source_credentials": "x"} | foreign
    shown = owner.send("PATCH", f"{CAMERAS}/{world.camera.pk}", forged).json()
    assert (shown["id"], shown["is_online"], shown["recording_enabled"]) == (str(world.camera.pk), False, False)
    with every_city("this test looks at the row itself"):
        camera = Camera.objects.get(pk=world.camera.pk)
    assert (camera.city_id, camera.source_credentials) == (world.city.pk, "")


def test_a_change_takes_nothing_back_that_others_wrote_meanwhile(world: World, owner: ApiClient) -> None:
    with city_scope(world.city.pk):
        read_before = Camera.objects.get(pk=world.camera.pk)
        switch_recording(world.camera, on=True, by=None, now=NOW)
        Camera.objects.filter(pk=world.camera.pk).update(is_online=True)
        change_camera(read_before, name="Old market", now=NOW)
    shown = owner.get(f"{CAMERAS}/{world.camera.pk}").json()
    assert (shown["name"], shown["is_online"], shown["recording_enabled"]) == ("Old market", True, True)


@pytest.mark.parametrize("name", ["Market square", "market SQUARE"])
def test_a_taken_name_is_a_conflict(owner: ApiClient, name: str) -> None:
    answer = owner.send("POST", CAMERAS, {"name": name})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "name")


def test_a_name_of_another_city_is_free(owner: ApiClient) -> None:
    assert owner.send("POST", CAMERAS, {"name": "Secret harbour"}).status_code == 201


def test_an_unsafe_source_is_refused_without_repeating_its_password(owner: ApiClient) -> None:
    answer = owner.send("POST", CAMERAS, {"name": "Bridge", "source_url": "file://op:hunter2@host/etc/passwd"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "source_url")
    assert "hunter2" not in answer.content.decode()


def test_a_removed_camera_is_gone_and_its_name_free(world: World, owner: ApiClient) -> None:
    with city_scope(world.city.pk):
        wish_stream(world.camera, now=NOW)
        switch_recording(world.camera, on=True, by=None, now=NOW)
    assert owner.delete(f"{CAMERAS}/{world.camera.pk}").status_code == 204
    for address in (f"{CAMERAS}/{world.camera.pk}", f"{CAMERAS}/{world.camera.pk}/recording"):
        assert owner.get(address).status_code == 404
    assert owner.delete(f"{CAMERAS}/{world.camera.pk}").status_code == 404
    assert (owner.get(CAMERAS).json()["results"], owner.get("/api/v1/streams").json()["results"]) == ([], [])
    assert owner.send("POST", CAMERAS, {"name": "Market square"}).status_code == 201
    with city_scope(world.city.pk):
        assert Stream.objects.get().wished is False


SEEN, SNAPSHOT = datetime(2026, 1, 27, 9, tzinfo=UTC), datetime(2026, 1, 27, 11, 59, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    ("online", "reach", "state", "last_seen"),
    [
        (True, MediaServer.Reach.REACHABLE, "online", SNAPSHOT),
        (False, MediaServer.Reach.REACHABLE, "offline", SEEN),
        # While nobody answers, the camera was last seen in the last valid snapshot.
        (True, MediaServer.Reach.UNREACHABLE, "unknown", SNAPSHOT),
        (False, MediaServer.Reach.UNREACHABLE, "unknown", SEEN),
        (True, MediaServer.Reach.UNKNOWN, "unknown", SNAPSHOT),
    ],
)
def test_the_state_is_told_with_when_it_was_last_known(  # noqa: PLR0917 -- the columns of the table above
    world: World,
    owner: ApiClient,
    online: bool,  # noqa: FBT001 -- a column of the table above
    reach: str,
    state: str,
    last_seen: datetime,
) -> None:
    MediaServer.objects.update(reach=reach, snapshot_at=SNAPSHOT)
    with city_scope(world.city.pk):
        Camera.objects.update(is_online=online, last_seen_at=SEEN)
    shown = owner.get(f"{CAMERAS}/{world.camera.pk}").json()
    assert (shown["state"], shown["is_online"]) == (state, online)
    assert datetime.fromisoformat(shown["last_seen_at"]) == last_seen


def test_a_camera_that_came_online_after_the_snapshot_was_seen_then(world: World, owner: ApiClient) -> None:
    MediaServer.objects.update(snapshot_at=SNAPSHOT)
    with city_scope(world.city.pk):
        Camera.objects.update(is_online=True, last_seen_at=SNAPSHOT + timedelta(seconds=3))
    shown = owner.get(f"{CAMERAS}/{world.camera.pk}").json()
    assert datetime.fromisoformat(shown["last_seen_at"]) == SNAPSHOT + timedelta(seconds=3)


@pytest.fixture
def town(world: World) -> World:
    """Cameras of every state, one of them recording."""
    away = MediaServer.objects.create(name="away", reach=MediaServer.Reach.UNREACHABLE)
    with city_scope(world.city.pk):
        Camera.objects.create(
            city=world.city, media_server=world.server, name="Bridge", location="100% north", is_online=True
        )
        Camera.objects.create(city=world.city, media_server=away, name="Castle", is_online=True, recording_enabled=True)
    return world


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Bridge", "Castle", "Market square"]),
        ({"online": "", "recording": "", "search": ""}, ["Bridge", "Castle", "Market square"]),
        ({"online": "true"}, ["Bridge"]),
        ({"online": "false"}, ["Market square"]),
        ({"online": "unknown"}, ["Castle"]),
        ({"recording": "true"}, ["Castle"]),
        ({"recording": "false"}, ["Bridge", "Market square"]),
        ({"search": "bRiDg"}, ["Bridge"]),
        ({"search": "100%"}, ["Bridge"]),
        ({"search": "_"}, []),
        ({"search": "harbour"}, []),
        ({"online": "unknown", "recording": "false"}, []),
        ({"something": "else"}, ["Bridge", "Castle", "Market square"]),
    ],
)
def test_the_list_is_filtered(town: World, query: dict[str, str], names: list[str]) -> None:
    page = ApiClient(town.viewer, town.city).get(CAMERAS, query).json()
    assert [camera["name"] for camera in page["results"]] == names


def test_the_list_is_filtered_by_a_group_of_the_city(town: World) -> None:
    with city_scope(town.city.pk):
        bridge = Camera.objects.get(name="Bridge")
        group = make_group(town.city, name="Schools", camera_ids=[bridge.pk], by=None, now=NOW)
    for user, city, names in ((town.viewer, town.city, ["Bridge"]), (town.stranger, town.other_city, [])):
        page = ApiClient(user, city).get(CAMERAS, {"group": str(group.pk)}).json()
        assert [camera["name"] for camera in page["results"]] == names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("online", "yes"),
        ("online", "True"),
        ("recording", "on"),
        ("recording", "unknown"),
        ("search", "\x00"),
        ("search", "x" * 121),
        ("group", "schools"),
    ],
)
def test_a_bad_filter_is_named(world: World, name: str, value: str) -> None:
    answer: Any = ApiClient(world.viewer, world.city).get(CAMERAS, {name: value})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [name])


@pytest.mark.parametrize("source", ["", "rtsp://admin:sesame@10.0.0.5/live?token=abc"])
@pytest.mark.parametrize("seen", [None, NOW])
def test_the_list_and_the_single_camera_are_described_alike(world: World, source: str, seen: datetime | None) -> None:
    with city_scope(world.city.pk):
        if source:
            give_source(world.camera, source)
        Camera.objects.filter(pk=world.camera.pk).update(last_seen_at=seen, is_online=seen is not None)
        expected = CameraSerializer(find_camera(world.camera.pk)).data
        for wanted in (CameraSearch(), CameraSearch(text="market")):
            [row] = list_rows(wanted)[0:2]
            assert describe_row(row) == expected
