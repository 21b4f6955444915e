"""The paths that belong to no camera: kept as rows that people can look at, never touched in MediaMTX."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F

from mediamtx.client import PathState
from observers.models import UnknownPath
from observers.paths import SeenPaths
from observers.queries import find_ids_of_no_camera

MOST_KEPT = 1_000
"""Rows a server may have: whoever publishes under ever new names must not fill our database."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_LONGEST_NAME = 512


@dataclass(frozen=True)
class UnknownNow:
    """The newest unknown paths, and how many there are in all."""

    names: tuple[str, ...]
    count: int


def record_unknown_paths(server_id: int, seen: SeenPaths, *, now: datetime) -> UnknownNow:
    """Bring the rows in line with the paths that nobody knows; two reads, and writes only where something changed."""
    paths = [*seen.others, *(seen.fed[camera_id] for camera_id in find_ids_of_no_camera(server_id, seen.fed))]
    names = choose_newest(paths)
    stored = set(UnknownPath.objects.filter(media_server=server_id, gone_at=None).values_list("name", flat=True))
    if stored != set(names):
        _write_rows(server_id, names, stored, now)
    return UnknownNow(names, len(paths))


def choose_newest(paths: Iterable[PathState]) -> tuple[str, ...]:
    """Give the names of the paths that came last, as they can be stored, at most MOST_KEPT."""
    newest = sorted(paths, key=lambda path: path.online_since or _LONG_AGO, reverse=True)
    return tuple(dict.fromkeys(_make_storable(path.name) for path in newest[:MOST_KEPT]))


def _make_storable(name: str) -> str:
    return name.encode(errors="replace").decode().replace("\0", "?")[:_LONGEST_NAME]


def _write_rows(server_id: int, names: tuple[str, ...], stored: set[str], now: datetime) -> None:
    rows = UnknownPath.objects.filter(media_server=server_id)
    rows.filter(gone_at=None, name__in=stored.difference(names)).update(gone_at=now)
    come = [name for name in names if name not in stored]
    UnknownPath.objects.bulk_create(
        [UnknownPath(media_server_id=server_id, name=name, first_seen_at=now) for name in come],
        update_conflicts=True,
        unique_fields=["media_server", "name"],
        update_fields=["gone_at"],
    )
    surplus = rows.order_by(F("gone_at").desc(nulls_first=True), "-pk").values("pk")[MOST_KEPT:]
    rows.filter(pk__in=surplus).delete()
