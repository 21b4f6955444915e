"""The history of outages: written with the state it explains, refined and healed by the sweep, never twice."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera, CameraOutage, MediaServer, ServerOutage, ServerOutageCause
from cameras.outages import close_server_outage, note_server_outage, open_server_outage
from cities.scope import every_city
from observers.observer import Observation, PathObserver
from observers.outages import KEPT, Swept, drop_old_outages, sweep_outages
from streams.models import Stream
from tests.fakes.mediamtx import FakeMediaMTX, refuse
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
DOWN = ServerOutageCause.DOWN


@pytest.fixture(autouse=True)
def _every_city() -> Iterator[None]:
    with every_city("these tests look at all rows"):
        yield


@pytest.fixture
def look(world: World, fake: FakeMediaMTX, now: datetime) -> Callable[[float], Observation]:
    """Look at the fake so many seconds after the fixed moment."""
    return lambda seconds: PathObserver(world.server.pk, fake.url).observe(now=after(now, seconds))


def after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def of_cameras() -> list[tuple[Any, ...]]:
    rows = CameraOutage.objects.order_by("camera__name", "began_at", "pk")
    return list(rows.values_list("camera__name", "cause", "began_at", "ended_at", "began_at_look"))


def of_servers() -> list[tuple[Any, ...]]:
    return list(ServerOutage.objects.order_by("began_at").values_list("cause", "began_at", "ended_at"))


def test_an_outage_lasts_from_the_last_sight_to_the_next(
    world: World, fake: FakeMediaMTX, look: Callable[[float], Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    look(0)
    look(10)
    assert of_cameras() == []
    fake.show()
    look(20)
    look(30)
    assert of_cameras() == [("Market square", "offline", after(now, 10), None, 3)]
    server = MediaServer.objects.get(pk=world.server.pk)
    assert (server.looks, server.look_counted_at) == (4, after(now, 30))
    fake.show(world.camera.stream_id)
    look(40)
    assert of_cameras() == [("Market square", "offline", after(now, 10), after(now, 40), 3)]


def test_an_outage_that_is_open_already_is_not_opened_twice(
    world: World, fake: FakeMediaMTX, look: Callable[[float], Observation], now: datetime
) -> None:
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=after(now, -100))
    fake.show(world.camera.stream_id)
    look(0)
    CameraOutage.objects.update(ended_at=None)
    fake.show()
    look(10)
    assert of_cameras() == [("Market square", "offline", after(now, -100), None, 0)]


def test_a_silent_server_has_one_outage_and_its_cameras_none(
    world: World, fake: FakeMediaMTX, look: Callable[[float], Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    look(0)
    fake.script = refuse(500)
    look(10)
    look(20)
    assert of_servers() == [("down", now, None)]
    fake.script = None
    look(30)
    look(40)
    assert (of_servers(), of_cameras()) == ([("down", now, after(now, 30))], [])


def test_a_restart_that_no_look_met_is_an_outage_too(
    fake: FakeMediaMTX, look: Callable[[float], Observation], now: datetime
) -> None:
    look(0)
    fake.started = after(now, 5)
    look(10)
    look(20)
    assert of_servers() == [("down", now, after(now, 10))]


def test_where_nothing_changes_no_history_is_asked_for(
    world: World, fake: FakeMediaMTX, look: Callable[[float], Observation]
) -> None:
    fake.show(world.camera.stream_id)
    look(0)
    with CaptureQueriesContext(connection) as captured:
        look(10)
    assert [query["sql"] for query in captured if "serveroutage" in query["sql"]] == []
    assert len(captured) <= 8


def test_server_outages_open_and_close_as_often_as_one_likes(world: World, now: datetime) -> None:
    close_server_outage(world.server.pk, ServerOutageCause.DISK_FULL, now)
    open_server_outage(world.server.pk, ServerOutageCause.DISK_FULL, now)
    open_server_outage(world.server.pk, ServerOutageCause.DISK_FULL, after(now, 10))
    open_server_outage(world.server.pk, DOWN, after(now, 5))
    close_server_outage(world.server.pk, ServerOutageCause.DISK_FULL, after(now, 20))
    close_server_outage(world.server.pk, ServerOutageCause.DISK_FULL, after(now, 30))
    note_server_outage(world.server.pk, DOWN, after(now, -20), after(now, -10))
    assert of_servers() == [
        ("down", after(now, -20), after(now, -10)),
        ("disk_full", now, after(now, 20)),
        ("down", after(now, 5), None),
    ]
    close_server_outage(world.server.pk, DOWN, after(now, -3600))
    assert of_servers()[-1] == ("down", after(now, 5), after(now, 5))


@pytest.fixture
def offline(world: World, now: datetime) -> World:
    """The camera is offline since a minute; our ingest carries its stream and has not said why."""
    Camera.objects.exclude(pk=world.camera.pk).update(removed_at=now)
    Camera.objects.update(created_at=after(now, -3600))
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=after(now, -60), began_at_look=7)
    Stream.objects.create(
        camera=world.camera,
        city=world.city,
        wished_at=after(now, -3600),
        lease_owner="ingest",
        lease_until=after(now, 20),
    )
    return world


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("unauthorized", "refused"),
        ("refused", "refused"),
        ("not_found", "refused"),
        ("no_video", "refused"),
        ("unsupported_codec", "refused"),
        ("timeout", "offline"),
        ("unreachable", "offline"),
        ("dns", "offline"),
        ("media_server", "ingest"),
        ("", "offline"),
    ],
)
def test_the_cause_is_told_by_what_our_ingest_met(offline: World, now: datetime, kind: str, cause: str) -> None:
    Stream.objects.update(problem_kind=kind)
    assert sweep_outages(now=now) == Swept(opened=0, closed=0, refined=int(cause != "offline"), split=0)
    assert sweep_outages(now=now) == Swept(0, 0, 0, 0)
    assert of_cameras() == [("Market square", cause, after(now, -60), None, 7)]


def test_a_stream_that_nobody_carries_is_our_own_fault(offline: World, now: datetime) -> None:
    Stream.objects.update(lease_until=after(now, -16), problem_kind="unauthorized")
    assert sweep_outages(now=now).refined == 1
    assert of_cameras()[0][1] == "ingest"


def test_no_news_takes_no_cause_back(offline: World, now: datetime) -> None:
    CameraOutage.objects.update(cause="refused")
    assert sweep_outages(now=now) == Swept(0, 0, 0, 0)
    Stream.objects.update(wished=False, problem_kind="timeout")
    assert sweep_outages(now=now) == Swept(0, 0, 0, 0)


def test_a_cause_that_changes_late_is_a_new_stretch_of_the_same_absence(offline: World, now: datetime) -> None:
    CameraOutage.objects.update(began_at=after(now, -3600), cause="ingest")
    Stream.objects.update(problem_kind="unauthorized")
    assert sweep_outages(now=now) == Swept(opened=0, closed=0, refined=0, split=1)
    assert sweep_outages(now=now) == Swept(0, 0, 0, 0)
    assert of_cameras() == [
        ("Market square", "ingest", after(now, -3600), now, 7),
        ("Market square", "refused", now, None, 7),
    ]


def test_missing_and_forgotten_rows_are_healed(world: World, now: datetime) -> None:
    MediaServer.objects.update(looks=9, reach_changed_at=after(now, -5))
    Camera.objects.update(created_at=after(now, -3600))
    Camera.objects.filter(pk=world.foreign_camera.pk).update(is_online=True, online_changed_at=after(now, -50))
    CameraOutage.objects.create(camera=world.foreign_camera, city=world.other_city, began_at=after(now, -100))
    open_server_outage(world.server.pk, DOWN, after(now, -200))
    assert sweep_outages(now=now) == Swept(opened=1, closed=2, refined=0, split=0)
    assert sweep_outages(now=now) == Swept(0, 0, 0, 0)
    assert of_cameras() == [
        ("Market square", "offline", after(now, -3600), None, 9),
        ("Secret harbour", "offline", after(now, -100), after(now, -50), 0),
    ]
    assert of_servers() == [("down", after(now, -200), after(now, -5))]


def test_a_removed_camera_has_no_open_outage(world: World, now: datetime) -> None:
    Camera.objects.update(removed_at=after(now, -30))
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=after(now, -100))
    sweep_outages(now=now)
    assert of_cameras() == [("Market square", "offline", after(now, -100), after(now, -30), 0)]


def test_while_the_server_is_silent_its_cameras_have_no_outage_and_it_has_one(world: World, now: datetime) -> None:
    MediaServer.objects.update(reach="unreachable", reach_changed_at=after(now, -20), snapshot_at=after(now, -30))
    assert sweep_outages(now=now) == Swept(opened=1, closed=0, refined=0, split=0)
    assert (of_servers(), of_cameras()) == ([("down", after(now, -30), None)], [])


def test_old_outages_are_forgotten(world: World, now: datetime) -> None:
    long_ago = now - KEPT - timedelta(seconds=1)
    CameraOutage.objects.create(camera=world.camera, city=world.city, began_at=long_ago, ended_at=long_ago)
    CameraOutage.objects.create(camera=world.foreign_camera, city=world.other_city, began_at=long_ago)
    note_server_outage(world.server.pk, DOWN, long_ago, long_ago)
    assert drop_old_outages(now=now) == 2
    assert len(of_cameras()) == 1
