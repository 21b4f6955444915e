"""A page of a city's cameras, asked for by prepared statements: the list is what programs ask most."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from cameras.models import state_of
from cameras.search import CameraSearch, choose_last_seen, search_cameras
from cities.active import EveryCity, active_cities, active_narrowing
from cities.postgres.prepared import ask
from ffmpeg.sources import mask_secret_parameters
from mediamtx.names import stream_id_for


class CameraRow(NamedTuple):
    """What a list shows of a camera; the names are those that Django gives the columns."""

    id: UUID
    name: str
    location: str
    source_url: str
    source_credentials: str
    is_online: bool
    last_seen_at: datetime | None
    recording_enabled: bool
    created_at: datetime
    media_server__reach: str
    media_server__snapshot_at: datetime | None
    media_server__public_rtsp_url: str


@dataclass(frozen=True, slots=True)
class CameraRows:
    """The cameras of one city, by name, for a paginator, which orders, filters and cuts them as it does a query set."""

    city_id: UUID
    direction: str = "ASC"
    beyond: str = ""
    position: str = ""

    def order_by(self, *ordering: str) -> "CameraRows":
        """Give them by name, or backwards."""
        return replace(self, direction="DESC" if ordering[0].startswith("-") else "ASC")

    def filter(self, *, name__gt: str | None = None, name__lt: str | None = None) -> "CameraRows":
        """Give those after a name, or before one."""
        if name__gt is not None:
            return replace(self, beyond=">", position=name__gt)
        return self if name__lt is None else replace(self, beyond="<", position=name__lt)

    def __getitem__(self, page: slice) -> list[CameraRow]:
        """Give a page, as a slice with both ends."""
        seen = active_narrowing().get(self.city_id)
        statement = _spell_page(self.direction, self.beyond, is_narrowed=seen is not None)
        values = {
            "city": self.city_id,
            "position": self.position,
            "seen": list(seen or ()),
            "skipped": page.start,
            "most": page.stop - page.start,
        }
        return list(map(CameraRow._make, ask(statement, values)))


def list_rows(wanted: CameraSearch) -> Any:
    """Give the rows of the cameras in scope that fit, for a paginator: by Django where something is looked for."""
    cities = active_cities()
    if wanted == CameraSearch() and not isinstance(cities, EveryCity) and len(cities) == 1:
        return CameraRows(next(iter(cities)))
    return search_cameras(wanted).values_list(*CameraRow._fields, named=True)


def describe_row(row: CameraRow) -> dict[str, Any]:
    """Give what `CameraSerializer` gives of a camera, without its machinery, which takes most of a page's time."""
    stream_id = stream_id_for(row.id)
    seen = choose_last_seen(row.last_seen_at, row.media_server__snapshot_at, is_online=row.is_online)
    return {
        "id": str(row.id),
        "name": row.name,
        "location": row.location,
        "source_url": mask_secret_parameters(row.source_url),
        "has_credentials": bool(row.source_credentials),
        "publishes_by_itself": not row.source_url,
        "publish_url": f"{row.media_server__public_rtsp_url}/{stream_id}",
        "stream_id": stream_id,
        "state": state_of(row.media_server__reach, is_online=row.is_online).value,
        "is_online": row.is_online,
        "last_seen_at": None if seen is None else _say_moment(seen),
        "recording_enabled": row.recording_enabled,
        "created_at": _say_moment(row.created_at),
    }


@cache
def _spell_page(direction: str, beyond: str, *, is_narrowed: bool) -> str:
    """Leave out what does not narrow: asked for both at once, Postgres would sort all of the city's cameras."""
    position = f"AND camera.name {beyond} %(position)s" if beyond else ""
    seen = "AND camera.id = ANY(%(seen)s)" if is_narrowed else ""
    return f"""
        SELECT camera.id, camera.name, camera.location, camera.source_url, camera.source_credentials, camera.is_online,
               camera.last_seen_at, camera.recording_enabled, camera.created_at,
               server.reach, server.snapshot_at, server.public_rtsp_url
        FROM cameras_camera AS camera JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
        WHERE camera.city_id = %(city)s AND camera.removed_at IS NULL {position} {seen}
        ORDER BY camera.name {direction}, camera.id {direction} LIMIT %(most)s OFFSET %(skipped)s
    """  # noqa: S608 -- ASC or DESC, < or >


def _say_moment(moment: datetime) -> str:
    """Write a moment as the framework does."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
