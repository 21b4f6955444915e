"""Verbs of recording that the doors call."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db import transaction
from redis import Redis

from cameras.models import Camera
from cities.errors import NotThere
from cities.models import User
from mediamtx.client import MediaMTXClient
from recording.adapters import MediaMTXRecordingAdapter, MockRecordingAdapter
from recording.manager import RedisRecordingManager
from recording.models import RecordingSession
from recording.off_order import order_after_commit
from recording.ports import RecordingPort
from recording.queries import list_open_sessions
from streams.services import wish_stream


@cache
def recording_manager() -> RedisRecordingManager:
    """Give the installation's recording manager."""
    redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    return RedisRecordingManager(redis, _choose_port())


@transaction.atomic
def switch_recording(camera: Camera, *, on: bool, by: User | None, now: datetime) -> RecordingSession | None:
    """Switch a camera's recording; give the open session, None when it is off. Idempotent.

    A camera that must be pulled is pulled from now on: to record without a picture would be a trap.
    """
    if camera.removed_at is not None:
        raise NotThere(f"camera {camera.pk} was removed")
    order_after_commit(camera)
    if not on:
        recording_manager().disable_recording(camera, by=by, now=now)
        return None
    if not camera.publishes_by_itself:
        wish_stream(camera, now=now)
    return recording_manager().enable_recording(camera, by=by, now=now)


def switch_many(cameras: Iterable[Camera], *, on: bool, by: User | None, now: datetime) -> int:
    """Switch several cameras, each by itself; give how many were asked."""
    count = 0
    for camera in cameras:
        switch_recording(camera, on=on, by=by, now=now)
        count += 1
    return count


def refresh_recording_cache() -> int:
    """Bring the copies in Redis in line with Postgres; give how many sessions are open in the cities in scope."""
    return recording_manager().refresh_copies(list_open_sessions())


def end_recording_of_removed(camera: Camera, by: User | None, now: datetime) -> None:
    """End the recording of a camera that is being removed; a removal step."""
    order_after_commit(camera)
    recording_manager().disable_recording(camera, by=by, now=now)


def _choose_port() -> RecordingPort:
    if settings.VMS_RECORDING_ADAPTER == "mock":
        return MockRecordingAdapter()
    return MediaMTXRecordingAdapter(MediaMTXClient(settings.MEDIAMTX_API_URL))
