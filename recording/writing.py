"""Whether a camera's footage really grows on disk, whatever is wished, and why not where it does not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from redis.exceptions import RedisError

from cameras.models import Camera, CameraState
from recording.models import Segment
from recording.off_switch import read_trouble
from recording.states import SegmentState
from recording.storage.queries import find_storage, seems_full

FRESH = timedelta(seconds=25)
"""Footage that ended no longer ago is still being written: fragments of 4 s, a look every 10 s, and some room."""

LONGEST_SEGMENT = timedelta(hours=25)
"""MediaMTX refuses segments of more than 24 h; no query looks further back for one that may still grow."""


@dataclass(frozen=True)
class Writing:
    """`is_writing` only while bytes grow; `reason` says in words why they do not, empty while they do."""

    is_writing: bool
    reason: str = ""


@dataclass(frozen=True)
class Obstacles:
    """What keeps a camera's media server from writing, whatever the camera does."""

    is_refused: bool = False
    is_full: bool = False
    config_problem: str = ""


def describe_writing(camera: Camera, *, now: datetime) -> Writing:
    """Say whether the camera's footage grows; one query, or two where it should and does not. Wants `media_server`."""
    recent = Segment.objects.filter(camera=camera, start__gte=now - LONGEST_SEGMENT).exclude(state=SegmentState.DAMAGED)
    last = recent.order_by("-start").values_list("end", "state").first()
    last_end, last_state = last or (None, None)
    is_open = last_state == SegmentState.OPEN
    wished, state = camera.recording_enabled, camera.state
    writing = decide_writing(last_end, is_open=is_open, wished=wished, state=state, now=now)
    if writing.is_writing or not wished:
        return writing
    return Writing(is_writing=False, reason=decide_obstacle(find_obstacles(camera, now), state) or writing.reason)


def decide_writing(
    last_end: datetime | None, *, is_open: bool, wished: bool, state: CameraState, now: datetime
) -> Writing:
    """Decide from the end of the newest footage, None where none is known of the last day.

    Between two files none is open for some seconds; only where recording is off does a closed file mean the end.
    """
    if last_end is not None and last_end > now - FRESH and (is_open or wished):
        return Writing(is_writing=True)
    if not wished:
        return Writing(is_writing=False, reason="Recording is switched off.")
    if state == CameraState.UNKNOWN:
        return Writing(is_writing=False, reason="The media server does not answer: nothing is known of its pictures.")
    if state == CameraState.OFFLINE:
        return Writing(is_writing=False, reason="The camera is offline.")
    if last_end is None:
        return Writing(is_writing=False, reason="No footage of the last day is known; it shows within 20 seconds.")
    return Writing(is_writing=False, reason=f"Nothing was written since {last_end.isoformat(timespec='seconds')}.")


def decide_obstacle(obstacles: Obstacles, state: CameraState) -> str:
    """Say which obstacle suffices alone, "" if none does: most of them come after what the camera does not send."""
    if obstacles.is_refused:
        return "This media server records nothing: only held footage is left on its disk."
    if state != CameraState.ONLINE:
        return ""
    if obstacles.is_full:
        return "The disk of its media server is full."
    return f"The configuration is not applied: {obstacles.config_problem}" if obstacles.config_problem else ""


def find_obstacles(camera: Camera, now: datetime) -> Obstacles:
    """Find what keeps the camera's media server from writing, as far as anybody knows; wants `media_server` loaded."""
    storage = find_storage(camera.media_server_id)
    return Obstacles(
        is_refused=storage is not None and storage.refuses_since is not None,
        is_full=storage is not None and seems_full(storage, now),
        config_problem=_find_config_problem(camera),
    )


def _find_config_problem(camera: Camera) -> str:
    if camera.media_server.api_url != settings.MEDIAMTX_API_URL:
        return ""
    try:
        return read_trouble()
    except RedisError:
        return ""
