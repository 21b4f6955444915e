"""Which cameras the list shows and what is known of them: a fixed number of queries, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from cameras.models import Camera, CameraState, MediaServer
from cameras.queries import cameras_in_scope
from cameras.search import OF_STATE, CameraSearch, search_cameras
from inventory.strips import DAY, Strip, draw_strip
from recording.gaps.decisions import horizon_of
from recording.gaps.queries import read_gaps, read_sessions
from recording.gaps.spans import Span

_SWITCHES = {"on": True, "off": False}
_SOURCES = {"pulled", "publishes"}


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; None and empty texts mean "any". `source`: pulled, or publishes (by itself)."""

    search: CameraSearch = field(default_factory=CameraSearch)
    server: int | None = None
    source: str = ""


@dataclass(frozen=True)
class Counts:
    """How many cameras of the scope there are, and in which state."""

    total: int
    online: int
    offline: int
    unknown: int
    recording: int


def read_wanted(parameters: Mapping[str, str]) -> Wanted:
    """Read `q`, `state`, `recording`, `server` and `source`; a value that means nothing lets everything through."""
    state, server, source = (parameters.get(name, "") for name in ("state", "server", "source"))
    text = "".join(character for character in parameters.get("q", "") if character.isprintable())
    search = CameraSearch(
        state=CameraState(state) if state in CameraState.values else None,
        recording=_SWITCHES.get(parameters.get("recording", "")),
        text=text.strip()[:100],
    )
    is_number = server.isascii() and server.isdecimal() and len(server) <= 9
    return Wanted(search, int(server) if is_number else None, source if source in _SOURCES else "")


def find_cameras(wanted: Wanted) -> QuerySet[Camera]:
    """Give the cameras in scope that fit, by name, their streams and media servers loaded."""
    cameras = search_cameras(wanted.search).select_related("media_server", "stream")
    if wanted.server is not None:
        cameras = cameras.filter(media_server=wanted.server)
    if wanted.source:
        publishes = Q(source_url="")
        cameras = cameras.filter(publishes if wanted.source == "publishes" else ~publishes)
    return cameras


def count_cameras() -> Counts:
    """Count all cameras in scope, in one query."""
    columns = {str(state): Count("pk", filter=condition) for state, condition in OF_STATE.items()}
    columns |= {"total": Count("pk"), "recording": Count("pk", filter=Q(recording_enabled=True))}
    return Counts(**cameras_in_scope().order_by().aggregate(**columns))


def list_servers() -> list[MediaServer]:
    """Give the media servers that carry cameras in scope, by name."""
    return list(
        MediaServer.objects.filter(pk__in=cameras_in_scope().order_by().values("media_server")).order_by("name")
    )


def read_strips(camera_ids: Sequence[UUID], now: datetime) -> dict[UUID, Strip]:
    """Give the last day of each of the cameras, in two reads."""
    day = Span(now - DAY, now)
    known = Span(day.start, min(day.end, horizon_of(now)))
    sessions, gaps = read_sessions(camera_ids, day), read_gaps(camera_ids, day)
    return {
        camera_id: draw_strip(sessions[camera_id], [row.fact for row in gaps.get(camera_id, [])], day, known)
        for camera_id in camera_ids
    }
