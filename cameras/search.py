"""Looking for cameras by what is known of them, and when each was last seen."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from cameras.models import Camera, CameraState, MediaServer
from cameras.queries import cameras_in_scope

_REACHABLE = Q(media_server__reach=MediaServer.Reach.REACHABLE)
OF_STATE = {
    CameraState.ONLINE: _REACHABLE & Q(is_online=True),
    CameraState.OFFLINE: _REACHABLE & Q(is_online=False),
    CameraState.UNKNOWN: ~_REACHABLE,
}


@dataclass(frozen=True)
class CameraSearch:
    """What somebody looks for; None and an empty text mean "any"."""

    state: CameraState | None = None
    recording: bool | None = None
    text: str = ""


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
    sights = [camera.last_seen_at, camera.media_server.snapshot_at if camera.is_online else None]
    return max((sight for sight in sights if sight is not None), default=None)
