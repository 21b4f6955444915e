"""Whether a camera's footage really grows on disk, whatever is wished, and why not where it does not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cameras.models import Camera, CameraState
from recording.models import Segment, SegmentState

FRESH = timedelta(seconds=25)
"""Footage that ended no longer ago is still being written: fragments of 4 s, a look every 10 s, and some room."""

LONGEST_SEGMENT = timedelta(hours=25)
"""MediaMTX refuses segments of more than 24 h; no query looks further back for one that may still grow."""


@dataclass(frozen=True)
class Writing:
    """`is_writing` only while bytes grow; `reason` says in words why they do not, empty while they do."""

    is_writing: bool
    reason: str = ""


def describe_writing(camera: Camera, *, now: datetime) -> Writing:
    """Say whether the camera's footage grows; one query, wants `media_server` loaded."""
    recent = Segment.objects.filter(camera=camera, start__gte=now - LONGEST_SEGMENT).exclude(state=SegmentState.DAMAGED)
    last = recent.order_by("-start").values_list("end", "state").first()
    last_end, last_state = last or (None, None)
    is_open = last_state == SegmentState.OPEN
    return decide_writing(last_end, is_open=is_open, wished=camera.recording_enabled, state=camera.state, now=now)


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
