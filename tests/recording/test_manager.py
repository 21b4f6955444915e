"""Postgres is the truth of recording; Redis is a copy that may be lost at any moment."""

import json
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from redis import Redis

from cameras.models import Camera
from cities.scope import city_scope
from recording.adapters import MockRecordingAdapter
from recording.manager import RedisRecordingManager
from recording.models import RecordingSession, RecordingStatus
from recording.queries import list_open_sessions
from recording.services import Switched, recording_manager, switch_many, switch_recording
from streams.models import Stream
from tests.world import World

DEAD_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def scoped(world: World):
    with city_scope(world.city.pk):
        yield world


def manager_on(url: str) -> RedisRecordingManager:
    return RedisRecordingManager(Redis.from_url(url, socket_connect_timeout=0.2), MockRecordingAdapter())


@pytest.mark.django_db(transaction=True)
def test_enabling_twice_gives_the_same_open_session(scoped: World, now: datetime) -> None:
    first = switch_recording(scoped.camera, on=True, by=scoped.owner, now=now)
    second = switch_recording(scoped.camera, on=True, by=scoped.operator, now=now + timedelta(minutes=1))
    assert second == first
    assert first is not None
    assert (first.started_at, first.started_by_id, first.status) == (now, scoped.owner.pk, RecordingStatus.ON)
    assert first.storage_path == f"/recordings/stream_{scoped.camera.pk}"
    assert Camera.objects.get(pk=scoped.camera.pk).recording_enabled is True


@pytest.mark.django_db(transaction=True)
def test_disabling_ends_the_session_once(scoped: World, now: datetime) -> None:
    switch_recording(scoped.camera, on=True, by=scoped.owner, now=now)
    switch_recording(scoped.camera, on=False, by=scoped.operator, now=now + timedelta(hours=1))
    switch_recording(scoped.camera, on=False, by=scoped.owner, now=now + timedelta(hours=2))
    session = RecordingSession.objects.get(camera=scoped.camera)
    assert (session.status, session.ended_at, session.ended_by_id) == (
        RecordingStatus.OFF,
        now + timedelta(hours=1),
        scoped.operator.pk,
    )
    assert Camera.objects.get(pk=scoped.camera.pk).recording_enabled is False


@pytest.mark.django_db(transaction=True)
def test_a_clock_set_back_ends_no_session_before_it_began(scoped: World, now: datetime) -> None:
    switch_recording(scoped.camera, on=True, by=None, now=now)
    switch_recording(scoped.camera, on=False, by=None, now=now - timedelta(hours=1))
    assert RecordingSession.objects.get().ended_at == now


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("again", "begins"), [(8, 20), (0, 20), (-1, -1), (20, 20), (60, 60)])
def test_after_a_clock_was_set_back_no_moment_is_in_two_sessions(
    scoped: World, now: datetime, again: int, begins: int
) -> None:
    """On at 0 s, off at 20 s, and on again when the clock says so many seconds."""
    for seconds, on in ((0, True), (20, False), (again, True)):
        switch_recording(scoped.camera, on=on, by=None, now=now + timedelta(seconds=seconds))
    assert RecordingSession.objects.get(ended_at=None).started_at == now + timedelta(seconds=begins)


@pytest.mark.django_db(transaction=True)
def test_the_copy_in_redis_stands_for_24_hours_and_goes_with_the_session(
    scoped: World, now: datetime, settings
) -> None:
    redis = Redis.from_url(settings.REDIS_URL)
    key = f"recording:{scoped.camera.pk}"
    session = switch_recording(scoped.camera, on=True, by=None, now=now)
    assert session is not None
    assert json.loads(redis.get(key) or b"") == {
        "camera_id": str(scoped.camera.pk),
        "city_id": str(scoped.city.pk),
        "stream_id": f"stream_{scoped.camera.pk}",
        "status": "ON",
        "started_at": now.isoformat(),
        "storage_path": session.storage_path,
    }
    assert 86_390 < redis.ttl(key) <= 86_400
    switch_recording(scoped.camera, on=False, by=None, now=now)
    assert redis.exists(key) == 0


@pytest.mark.django_db(transaction=True)
def test_after_a_flush_the_answer_is_right_and_a_refresh_restores_the_copy(
    scoped: World, now: datetime, settings
) -> None:
    redis = Redis.from_url(settings.REDIS_URL)
    session = switch_recording(scoped.camera, on=True, by=None, now=now)
    redis.flushall()
    redis.set("recording:of-a-camera-that-is-off", "stale")
    assert recording_manager().open_session(scoped.camera) == session
    assert recording_manager().refresh_copies(list_open_sessions()) == 1
    assert redis.keys("recording:*") == [f"recording:{scoped.camera.pk}".encode()]


@pytest.mark.django_db(transaction=True)
def test_switching_works_while_redis_is_down(scoped: World, now: datetime) -> None:
    manager = manager_on(DEAD_REDIS)
    session = manager.enable_recording(scoped.camera, by=None, now=now)
    assert manager.open_session(scoped.camera) == session
    assert manager.disable_recording(scoped.camera, by=None, now=now) == session
    assert manager.open_session(scoped.camera) is None


@pytest.mark.django_db(transaction=True)
def test_recording_a_camera_that_must_be_pulled_wishes_its_stream(scoped: World, now: datetime) -> None:
    by_itself = Camera.objects.create(city=scoped.city, media_server=scoped.server, name="Pusher")
    switch_recording(scoped.camera, on=True, by=None, now=now)
    switch_recording(by_itself, on=True, by=None, now=now)
    assert [stream.camera for stream in Stream.objects.filter(wished=True)] == [scoped.camera]


@pytest.mark.django_db(transaction=True)
def test_switching_many_asks_each_camera(scoped: World, now: datetime) -> None:
    second = Camera.objects.create(city=scoped.city, media_server=scoped.server, name="Bridge")
    assert switch_many([scoped.camera, second], on=True, by=None, now=now) == Switched([scoped.camera, second])
    assert Camera.objects.filter(recording_enabled=True).count() == 2


def test_the_database_holds_at_most_one_open_session_per_camera(scoped: World, now: datetime) -> None:
    row = {"camera": scoped.camera, "city": scoped.city, "stream_id": "s", "storage_path": "p", "started_at": now}
    RecordingSession.objects.create(**row)
    with pytest.raises(IntegrityError, match="one_open_session_per_camera"), transaction.atomic():
        RecordingSession.objects.create(**row)


def test_no_row_can_point_into_another_city(scoped: World, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    row = {
        "camera": scoped.foreign_camera,
        "city": scoped.city,
        "stream_id": "s",
        "storage_path": "p",
        "started_at": now,
    }
    with pytest.raises(IntegrityError, match="same_city"), transaction.atomic():
        RecordingSession.objects.create(**row)
