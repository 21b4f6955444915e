"""Looking for cameras by what is known of them, and when each was last seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from cameras.models import Camera, CameraState, MediaServer
from cameras.queries import cameras_in_scope

_REACHABLE = Q(media_server__reach=MediaServer.Reach.REACHABLE)
OF_STATE = {
    CameraState.ONLINE: _REACHABLE & Q(is_online=True),
    CameraState.OFFLINE: _REACHABLE & Q(is_online=False),
    CameraState.UNKNOWN: ~_REACHABLE,
}
COUNTS = {
    "total": Count("pk"),
    **{str(state): Count("pk", filter=condition) for state, condition in OF_STATE.items()},
    "recording": Count("pk", filter=Q(recording_enabled=True)),
}
"""How many cameras there are, in which state, and how many are to be recorded, for an aggregate over cameras."""

_SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True)
class CameraSearch:
    """What somebody looks for; None and an empty text mean "any"."""

    state: CameraState | None = None
    recording: bool | None = None
    text: str = ""


def read_search(parameters: Mapping[str, str]) -> CameraSearch:
    """Read `q`, `state` and `recording`; a value that means nothing lets everything through."""
    state = parameters.get("state", "")
    text = "".join(character for character in parameters.get("q", "") if character.isprintable())
    return CameraSearch(
        state=CameraState(state) if state in CameraState.values else None,
        recording=_SWITCHES.get(parameters.get("recording", "")),
        text=text.strip()[:100],
    )


def search_cameras(wanted: CameraSearch) -> QuerySet[Camera]:
    """Give the cameras in scope that fit, their media servers loaded; `text` is looked for in name and location."""
    cameras = cameras_in_scope()
    if wanted.state is not None:
        cameras = cameras.filter(OF_STATE[wanted.state])
    if wanted.recording is not None:
        cameras = cameras.filter(recording_enabled=wanted.recording)
    if wanted.text:
        cameras = cameras.filter(Q(name__icontains=wanted.text) | Q(location__icontains=wanted.text))
    return cameras


def last_seen(camera: Camera) -> datetime | None:
    """Give the last moment at which the camera was known to be online; wants `media_server` loaded.

    The observer writes nothing for a camera that stays online: the last valid snapshot of its server has seen it. That
    holds while the server gives no answer too: the snapshot is then as old as our knowledge.
    """
    return choose_last_seen(camera.last_seen_at, camera.media_server.snapshot_at, is_online=camera.is_online)


def choose_last_seen(
    last_seen_at: datetime | None, snapshot_at: datetime | None, *, is_online: bool
) -> datetime | None:
    """Give the same of what is told: the camera's own moment, and that of its server's last valid snapshot."""
    sights = [last_seen_at, snapshot_at if is_online else None]
    return max((sight for sight in sights if sight is not None), default=None)
