"""Looking for cameras by what is known of them, and when each was last seen."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Func, Q, QuerySet, Value
from django.db.models.functions import Lower

from cameras.models import Camera, CameraGroup, CameraState, GroupedCamera, MediaServer
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

_ACCENTED = {
    letter: base
    for letter in map(chr, range(0xC0, 0x180))
    if (base := unicodedata.normalize("NFD", letter)[0]).isascii() and base.isalpha()
}
_MARKS = "".join(map(chr, range(0x300, 0x370)))
_PLAIN = str.maketrans("".join(_ACCENTED), "".join(_ACCENTED.values()), _MARKS)

_SWITCHES = {"on": True, "off": False}


@dataclass(frozen=True)
class CameraSearch:
    """What somebody looks for; None and an empty text mean "any"."""

    state: CameraState | None = None
    recording: bool | None = None
    text: str = ""
    group: UUID | None = None


def read_search(parameters: Mapping[str, str]) -> CameraSearch:
    """Read `q`, `state`, `recording` and `group`; a value that means nothing lets everything through."""
    state = parameters.get("state", "")
    text = "".join(character for character in parameters.get("q", "") if character.isprintable())
    return CameraSearch(
        state=CameraState(state) if state in CameraState.values else None,
        recording=_SWITCHES.get(parameters.get("recording", "")),
        text=text.strip()[:100],
        group=_read_id(parameters.get("group", "")),
    )


def search_cameras(wanted: CameraSearch) -> QuerySet[Camera]:
    """Give the cameras in scope that fit, their media servers loaded.

    `text` is looked for in name and location, whatever the accents and the case.
    """
    cameras = cameras_in_scope()
    if wanted.state is not None:
        cameras = cameras.filter(OF_STATE[wanted.state])
    if wanted.recording is not None:
        cameras = cameras.filter(recording_enabled=wanted.recording)
    if wanted.group is not None:
        groups = CameraGroup.objects.filter(pk=wanted.group)  # of which a narrowed member finds none
        cameras = cameras.filter(pk__in=GroupedCamera.objects.filter(group__in=groups).values("camera"))
    if wanted.text:
        text = wanted.text.translate(_PLAIN).lower()
        cameras = cameras.alias(plain_name=_make_plain("name"), plain_location=_make_plain("location"))
        cameras = cameras.filter(Q(plain_name__contains=text) | Q(plain_location__contains=text))
    return cameras


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _make_plain(column: str) -> Lower:
    """Have Postgres do to a column what `_PLAIN` and `lower` do to a text: what has no counterpart goes."""
    accented, plain = "".join(_ACCENTED) + _MARKS, "".join(_ACCENTED.values())
    return Lower(Func(F(column), Value(accented), Value(plain), function="TRANSLATE"))


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
