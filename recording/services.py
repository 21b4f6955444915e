"""Verbs of recording that the doors call."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from redis import Redis

from cameras.models import Camera
from cities.errors import Conflict, NotThere
from cities.models import User
from mediamtx.client import MediaMTXClient
from recording.adapters import MediaMTXRecordingAdapter, MockRecordingAdapter
from recording.clock import start_clock
from recording.manager import RedisRecordingManager
from recording.models import RecordingSession
from recording.off_order import order_after_commit
from recording.ports import RecordingPort
from recording.queries import list_open_sessions
from recording.storage.queries import refuses_recording
from streams.services import wish_stream


@dataclass
class Switched:
    """The cameras that were switched, and why others were not, each reason once."""

    cameras: list[Camera] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


class Change(NamedTuple):
    """What a switch changed: the session that is open by now, or that was ended, None where it was off already.

    `stream_wished`: the camera's stream was not wished before.
    """

    session: RecordingSession | None
    stream_wished: bool = False


@cache
def recording_manager() -> RedisRecordingManager:
    """Give the installation's recording manager."""
    redis = Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    return RedisRecordingManager(redis, _choose_port())


def switch_recording(camera: Camera, *, on: bool, by: User | None, now: datetime) -> RecordingSession | None:
    """Switch a camera's recording; give the open session, None when it is off. See `change_recording`."""
    session = change_recording(camera, on=on, by=by, now=now).session
    return session if on else None


@transaction.atomic
def change_recording(camera: Camera, *, on: bool, by: User | None, now: datetime) -> Change:
    """Switch a camera's recording and say what that changed. Idempotent.

    A camera that must be pulled is pulled from now on: to record without a picture would be a trap. Raises NotThere for
    one that was removed, and Conflict, and the wish stays as it is, where its media server records nothing.
    """
    if camera.removed_at is not None:
        raise NotThere(f"camera {camera.pk} was removed")
    if on and refuses_recording(camera.media_server_id):
        raise Conflict(
            "This media server records nothing: only held footage is left on its disk. Release holds or add disk; what "
            "was wished before then goes on by itself."
        )
    order_after_commit(camera)
    if not on:
        return Change(recording_manager().disable_recording(camera, by=by, now=now))
    stream_wished = not camera.publishes_by_itself and wish_stream(camera, by=by, now=now)[1]
    return Change(recording_manager().enable_recording(camera, by=by, now=now), stream_wished)


def switch_many(cameras: Iterable[Camera], *, on: bool, by: User | None, now: datetime) -> Switched:
    """Switch several cameras, each by itself and at its own moment; those that are refused stay as they are.

    One moment for all would have the last one's footage missing before anybody could have recorded it.
    """
    done, clock = Switched(), start_clock(now)
    for camera in cameras:
        try:
            switch_recording(camera, on=on, by=by, now=clock())
            done.cameras.append(camera)
        except (Conflict, NotThere) as refused:
            done.refusals += [refused.message] if refused.message not in done.refusals else []
    return done


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
