"""What a line of the list says about its camera: pure words, no reads."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cameras.models import Camera, CameraState
from cameras.words import describe_recording, describe_state
from inventory.strips import Strip
from streams.words import describe_problem


@dataclass(frozen=True)
class Row:
    """One camera of the list."""

    id: str
    name: str
    location: str
    state: str
    state_text: str
    problem: str
    recording: bool
    recording_text: str
    server: str
    strip: Strip


def make_row(camera: Camera, strip: Strip, *, zone: ZoneInfo, now: datetime) -> Row:
    """Say what is known of a camera; wants `media_server` and `stream` loaded."""
    return Row(
        id=str(camera.pk),
        name=camera.name,
        location=camera.location,
        state=str(camera.state.value),
        state_text=describe_state(camera, zone=zone, now=now),
        problem="" if camera.state == CameraState.ONLINE else describe_problem(camera, now),
        recording=camera.recording_enabled,
        recording_text=describe_recording(camera),
        server=camera.media_server.name,
        strip=strip,
    )
