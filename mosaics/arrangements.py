"""What somebody decides of a mosaic: checked, laid over what is there, and told. Pure decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any
from uuid import UUID

from cities.errors import InvalidInput
from mosaics.layouts import (
    FASTEST_ROTATION_SECONDS,
    MOST_A_SIDE,
    MOST_TILES,
    SLOWEST_ROTATION_SECONDS,
    Layout,
)

_SHOWN = ("name", "layout", "rotation_seconds")


@dataclass(frozen=True)
class Tile:
    """A camera at a place of a wall."""

    position: int
    camera_id: UUID


@dataclass(frozen=True)
class Arrangement:
    """All that somebody decides of a mosaic."""

    name: str
    rows: int
    columns: int
    rotation_seconds: int
    tiles: Sequence[Tile]

    @property
    def layout(self) -> str:
        """Its rows and columns in words."""
        return str(Layout(self.rows, self.columns))


@dataclass(frozen=True)
class Change:
    """What somebody changes of a mosaic; None stays as it is."""

    name: str | None = None
    rows: int | None = None
    columns: int | None = None
    rotation_seconds: int | None = None
    tiles: Sequence[Tile] | None = None


def tidy(wanted: Arrangement) -> Arrangement:
    """Give it with its tiles in order and no blanks around its name. Raises InvalidInput with the field at fault."""
    tidied = replace(wanted, name=wanted.name.strip(), tiles=tuple(sorted(wanted.tiles, key=attrgetter("position"))))
    _check(tidied)
    return tidied


def apply_change(before: Arrangement, change: Change) -> Arrangement:
    """Give the arrangement that a change makes of one that is there. Raises InvalidInput with the field at fault."""
    given = {field.name: getattr(change, field.name) for field in fields(change)}
    return tidy(replace(before, **{name: value for name, value in given.items() if value is not None}))


def tell_arrangement(arrangement: Arrangement, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Give what the audit log keeps of a mosaic that begins or ends, its cameras by their names."""
    cameras = [{"position": tile.position, "camera": names[tile.camera_id]} for tile in arrangement.tiles]
    return {"layout": arrangement.layout, "rotation_seconds": arrangement.rotation_seconds, "cameras": cameras}


def tell_change(before: Arrangement, after: Arrangement, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Give what the audit log keeps of a change: what was and is, and which cameras came, went and moved."""
    values = {each: {"was": getattr(before, each), "is": getattr(after, each)} for each in _SHOWN}
    facts: dict[str, Any] = {each: value for each, value in values.items() if value["was"] != value["is"]}
    was, now = ({tile.camera_id: tile.position for tile in each.tiles} for each in (before, after))
    moves = {
        "added": now.keys() - was.keys(),
        "removed": was.keys() - now.keys(),
        "moved": {camera for camera in now.keys() & was.keys() if now[camera] != was[camera]},
    }
    return facts | {kind: sorted(names[camera] for camera in cameras) for kind, cameras in moves.items() if cameras}


def _check(wanted: Arrangement) -> None:
    if not wanted.name:
        raise InvalidInput("A mosaic needs a name.", field="name")
    for side in ("rows", "columns"):
        if not 1 <= getattr(wanted, side) <= MOST_A_SIDE:
            raise InvalidInput(f"Choose 1 to {MOST_A_SIDE}.", field=side)
    seconds = wanted.rotation_seconds
    if seconds and not FASTEST_ROTATION_SECONDS <= seconds <= SLOWEST_ROTATION_SECONDS:
        message = f"Choose 0 (off) or {FASTEST_ROTATION_SECONDS} to {SLOWEST_ROTATION_SECONDS} seconds."
        raise InvalidInput(message, field="rotation_seconds")
    _check_tiles(wanted.tiles)


def _check_tiles(tiles: Sequence[Tile]) -> None:
    if any(not 0 <= tile.position < MOST_TILES for tile in tiles):
        raise InvalidInput(f"Positions go from 0 to {MOST_TILES - 1}.", field="tiles")
    if len({tile.position for tile in tiles}) != len(tiles):
        raise InvalidInput("Two cameras are in one place.", field="tiles")
    if len({tile.camera_id for tile in tiles}) != len(tiles):
        raise InvalidInput("A camera stands in two places; a mosaic shows it once.", field="tiles")
