"""Which cameras the list shows and what is known of them: a fixed number of queries, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from cameras.models import Camera, MediaServer
from cameras.queries import cameras_in_scope
from cameras.search import COUNTS, CameraSearch, read_search, search_cameras
from inventory.strips import DAY, Strip, draw_strip
from recording.gaps.decisions import horizon_of
from recording.gaps.queries import read_gaps, read_sessions
from recording.gaps.spans import Span

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
    """Read what `read_search` does, `server` and `source`; a value that means nothing lets everything through."""
    server, source = parameters.get("server", ""), parameters.get("source", "")
    is_number = server.isascii() and server.isdecimal() and len(server) <= 9
    return Wanted(read_search(parameters), int(server) if is_number else None, source if source in _SOURCES else "")


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
    return Counts(**cameras_in_scope().order_by().aggregate(**COUNTS))


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
