"""The room of a disk and its water marks."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.retention.disk import WaterMarks, choose_water_marks, measure_disk

GB = 10**9


@pytest.mark.parametrize(
    ("total", "low"),
    [
        (0, 0),
        (5 * GB, GB // 2),
        (10 * GB, GB),
        (20 * GB, GB),
        (50 * GB, GB),
        (1000 * GB, 20 * GB),
        (10**18, 2 * 10**16),
    ],
)
def test_our_own_marks(total: int, low: int) -> None:
    assert choose_water_marks(total) == WaterMarks(low, low + low // 2)


def test_an_operators_marks_count_when_both_are_there() -> None:
    assert choose_water_marks(10 * GB, 1, 2) == WaterMarks(1, 2)
    assert choose_water_marks(10 * GB, 0, 0) == WaterMarks(0, 0)
    assert choose_water_marks(10 * GB, 1, None) == choose_water_marks(10 * GB)


@given(st.integers(0, 2**63))
def test_the_high_mark_is_never_below_the_low_one_nor_beyond_the_disk(total: int) -> None:
    marks = choose_water_marks(total)
    assert 0 <= marks.low <= marks.high <= total


def test_what_is_free_is_what_is_available_to_us(tmp_path: Path) -> None:
    found, told = measure_disk(tmp_path), os.statvfs(tmp_path)
    assert found.total == told.f_blocks * told.f_frsize
    assert 0 <= found.free <= found.total


def test_a_root_that_is_away_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        measure_disk(tmp_path / "absent")
