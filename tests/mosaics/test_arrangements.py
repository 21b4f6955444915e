"""What is decided of a mosaic before anything is written: tidied, laid over what is there, told to the audit log."""

from typing import Any
from uuid import UUID

import pytest

from cities.errors import InvalidInput
from mosaics.arrangements import Arrangement, Change, Tile, apply_change, tell_arrangement, tell_change, tidy

GATE, BRIDGE, DOCKS = UUID(int=1), UUID(int=2), UUID(int=3)
NAMES = {GATE: "Gate", BRIDGE: "Bridge", DOCKS: "Docks"}
WALL = Arrangement("Night shift", 2, 3, 30, (Tile(0, GATE), Tile(4, BRIDGE)))


def test_blanks_around_a_name_go_and_tiles_come_in_order() -> None:
    assert tidy(Arrangement(" Night shift ", 2, 3, 30, [Tile(4, BRIDGE), Tile(0, GATE)])) == WALL


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (Change(), WALL),
        (Change(name=" Day shift"), Arrangement("Day shift", 2, 3, 30, WALL.tiles)),
        (Change(rotation_seconds=0), Arrangement("Night shift", 2, 3, 0, WALL.tiles)),
        (Change(rows=1, columns=1, tiles=[]), Arrangement("Night shift", 1, 1, 30, ())),
    ],
)
def test_a_change_leaves_what_it_does_not_name(change: Change, after: Arrangement) -> None:
    assert apply_change(WALL, change) == after


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Change(name=" "), "name"),
        (Change(rows=7), "rows"),
        (Change(columns=0), "columns"),
        (Change(rotation_seconds=4), "rotation_seconds"),
        (Change(tiles=[Tile(200, GATE)]), "tiles"),
        (Change(tiles=[Tile(1, GATE), Tile(1, BRIDGE)]), "tiles"),
        (Change(tiles=[Tile(1, GATE), Tile(2, GATE)]), "tiles"),
    ],
)
def test_what_makes_no_wall_is_refused_at_its_field(change: Change, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        apply_change(WALL, change)
    assert refused.value.field == field


def test_a_mosaic_is_told_with_its_cameras_by_name() -> None:
    cameras = [{"position": 0, "camera": "Gate"}, {"position": 4, "camera": "Bridge"}]
    assert tell_arrangement(WALL, NAMES) == {"layout": "2x3", "rotation_seconds": 30, "cameras": cameras}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Change(), {}),
        (Change(rows=3), {"layout": {"was": "2x3", "is": "3x3"}}),
        (Change(name="Day shift"), {"name": {"was": "Night shift", "is": "Day shift"}}),
        (Change(tiles=[Tile(0, DOCKS), Tile(1, GATE)]), {"added": ["Docks"], "removed": ["Bridge"], "moved": ["Gate"]}),
    ],
)
def test_a_change_is_told_by_what_was_and_is(change: Change, told: dict[str, Any]) -> None:
    assert tell_change(WALL, apply_change(WALL, change), NAMES) == told
