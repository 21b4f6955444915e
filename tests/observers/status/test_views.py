"""The status page: who sees what, in which words, and what it costs the database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from cameras.models import Camera, MediaServer
from cities.models import Membership, User
from cities.scope import city_scope, every_city
from observers.models import Alarm
from observers.services import HEARTBEAT_KEY, note_heartbeat
from observers.status import stream
from recording.models import Forecast, Storage
from streams.models import Stream, StreamState
from tests.world import World

LONG_AGO = datetime(2026, 1, 27, tzinfo=UTC)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ROUND_SECONDS", 0.02)
    monkeypatch.setattr(stream, "LONGEST_SECONDS", 0.3)


@pytest.fixture
def _long_streams(monkeypatch: pytest.MonkeyPatch, _few_rounds: None) -> None:
    """Let no stream end for its time's sake, however slow the machine is."""
    monkeypatch.setattr(stream, "LONGEST_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def _everything_well(world: World) -> None:
    now = timezone.now()
    note_heartbeat(now=now)
    MediaServer.objects.filter(pk=world.server.pk).update(snapshot_at=now, version="v1.20.1")


def raise_alarm(camera: Camera, **kept: Any) -> None:
    now = timezone.now()
    with every_city("a test plays the observer"):
        Alarm.objects.create(camera=camera, city=camera.city, opened_at=now, last_seen_at=now, **kept)


def page_of(user: User, path: str = "/status") -> str:
    return signed_in(user).get(path).content.decode()


def test_where_all_is_well_it_says_so(world: World) -> None:
    page = page_of(world.viewer)
    said = ["All is well.", "No alarm is open.", "It answers.", "No picture has to be pulled.", "Last beat at"]
    assert [words for words in said if words not in page] == []


def test_an_alarm_says_what_since_when_and_what_to_do(world: World) -> None:
    raise_alarm(world.camera, kind="camera_offline", detail='{"since": "2026-01-27T11:00:00+00:00"}')
    page = page_of(world.viewer)
    said = [
        "1 thing needs attention.",
        "Camera offline",
        "Market square",
        "No picture since 27 Jan 2026 08:00",
        "since ",
    ]
    said += ["Look at its power, its cable and its password"]
    assert [words for words in said if words not in page] == []


def test_nothing_of_another_city_is_told(world: World) -> None:
    raise_alarm(world.foreign_camera, kind="frozen", detail="{}")
    north = MediaServer.objects.create(name="north-server")
    with every_city("a test's world spans the cities"):
        Camera.objects.create(city=world.other_city, media_server=north, name="Pier")
        sizes = dict.fromkeys(["bytes_per_day", "footage_bytes", "held_bytes", "room_bytes"], 31_415_926_535)
        Forecast.objects.create(
            city=world.other_city, media_server=north, promised_days=7, measured_at=timezone.now(), **sizes
        )
    for path in ("/status", "/status/facts"):
        page = page_of(world.viewer, path)
        assert [word for word in ("Secret harbour", "Boreal", "north-server", "29.3", "GB") if word in page] == []
    assert "Secret harbour" in page_of(world.stranger)
    assert "north-server" in page_of(world.stranger)


def change_server(world: World, **values: Any) -> None:
    MediaServer.objects.filter(pk=world.server.pk).update(reach_changed_at=timezone.now(), **values)


def fill_disk(world: World) -> None:
    now = timezone.now()
    Storage.objects.create(media_server=world.server, refuses_since=now, free_bytes=1, total_bytes=10**9)


def add_stream(world: World, *, wished_ago: int, **values: Any) -> None:
    with city_scope(world.city.pk):
        wished = timezone.now() - timedelta(seconds=wished_ago)
        Stream.objects.create(camera=world.camera, city=world.city, wished_at=wished, **values)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda _world: cache.delete(HEARTBEAT_KEY), "The scheduler was not heard yet"),
        (lambda _world: note_heartbeat(now=timezone.now() - timedelta(minutes=5)), "see that beat and a worker run"),
        (lambda _world: note_heartbeat(now=timezone.now() + timedelta(hours=3)), "see that beat and a worker run"),
        (lambda world: change_server(world, reach="unreachable"), "It gives no valid answer since"),
        (
            lambda world: change_server(world, snapshot_at=timezone.now() - timedelta(hours=1)),
            "the observer stands still",
        ),
        (lambda world: change_server(world, reach="unknown", snapshot_at=None), "It has not been asked yet."),
        (lambda world: add_stream(world, wished_ago=60), "1 picture is carried by nobody"),
        (fill_disk, "Only held footage is left: nothing is recorded."),
    ],
)
def test_what_is_wrong_is_said_in_words(world: World, break_it: Callable[[World], object], words: str) -> None:
    break_it(world)
    assert words in page_of(world.viewer)


def test_a_carried_picture_is_counted_by_its_state(world: World) -> None:
    lease = timezone.now() + timedelta(seconds=15)
    add_stream(world, wished_ago=60, state=StreamState.LIVE, lease_owner="host:1:2", lease_until=lease)
    page = page_of(world.viewer)
    assert "It works; last sign of life at" in page
    assert "host:1:2" not in page


def test_a_stream_just_wished_may_wait_for_its_carrier(world: World) -> None:
    add_stream(world, wished_ago=5)
    assert "carried by nobody" not in page_of(world.viewer)


def test_more_cameras_cost_no_more_queries(world: World, django_assert_num_queries: Any) -> None:
    client = signed_in(world.viewer)
    raise_alarm(world.camera, kind="frozen", detail="{}")
    client.get("/status/facts")
    with django_assert_num_queries(7):
        client.get("/status/facts")
    with city_scope(world.city.pk):
        cameras = [Camera(city=world.city, media_server=world.server, name=f"S {number}") for number in range(20)]
        Camera.objects.bulk_create(cameras)
    for camera in cameras:
        raise_alarm(camera, kind="frozen", detail="{}")
    with django_assert_num_queries(7):
        client.get("/status/facts")


AGAIN = b"event: again\ndata: {}\n\n"


def events_of(client: Client, path: str = "/status/events") -> Any:
    return client.get(path, headers={"Accept": "text/event-stream"})


def test_the_stream_tells_every_section_and_then_only_what_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now()
    monkeypatch.setattr("observers.status.views.timezone.now", lambda: moment)  # no minute may end meanwhile
    client = signed_in(world.viewer)
    answer = events_of(client)
    text = answer.getvalue().decode()
    assert answer["Content-Type"] == "text/event-stream"
    assert text.startswith("retry: 2000\n\nid: ")
    assert [text.count(f"event: {name}\n") for name in ("summary", "alarms", "disks", "servers", "ingest")] == [1] * 5
    facts = client.get("/status/facts").json()
    assert events_of(client, f"/status/events?id={facts['id']}").getvalue() == b"retry: 2000\n\n" + AGAIN
    assert world.viewer.pk not in stream.places._taken


def test_who_is_put_out_hears_no_more(world: World) -> None:
    client = signed_in(world.viewer)
    rounds = events_of(client).streaming_content
    next(rounds), next(rounds)
    with every_city("a test's world spans the cities"):
        Membership.objects.filter(user=world.viewer).delete()
    assert b"".join(rounds) == b"event: over\ndata: {}\n\n"


@pytest.mark.usefixtures("_long_streams")
def test_who_signs_out_hears_no_more(world: World) -> None:
    client = signed_in(world.viewer)
    rounds = events_of(client).streaming_content
    next(rounds), next(rounds)
    client.post("/logout/")
    assert b"".join(rounds) == b"event: over\ndata: {}\n\n"


def test_too_many_streams_are_sent_to_the_facts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("observers.status.views.places", stream.Places(most=0))
    answer = events_of(signed_in(world.viewer))
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")


def test_the_page_of_another_city_is_told_that_its_reader_moved(world: World) -> None:
    client = signed_in(world.viewer)
    raise_alarm(world.camera, kind="camera_offline")
    moved = events_of(client, f"/status/events?city={world.other_city.pk}").getvalue()
    assert moved == b"event: moved\ndata: {}\n\n"
    assert b"event: alarms" in events_of(client, f"/status/events?city={world.city.pk}").getvalue()


@pytest.mark.parametrize("path", ["/status/facts", "/status/events"])
def test_who_is_not_signed_in_hears_nothing(db: None, path: str) -> None:
    assert Client().get(path).status_code == 401
