"""Activity: levels out of fragments, and what of them is shown."""

from datetime import timedelta
from statistics import median_low

from hypothesis import given
from hypothesis import strategies as st

from footage.activity import CELL, MOST_CELLS, find_typical, measure_activity, scale_levels, to_level
from footage.reader import Fragment


def fragment(start: float, seconds: float, size: int) -> Fragment:
    return Fragment(0, size, timedelta(seconds=start), timedelta(seconds=seconds), True, size)


def test_bytes_go_where_their_time_is() -> None:
    levels = measure_activity([fragment(0, 4, 400), fragment(4, 4, 400), fragment(8, 4, 400), fragment(25, 4, 800)])
    assert levels == bytes([to_level(1000), to_level(200), to_level(800)])
    assert measure_activity([]) == b""
    assert measure_activity([fragment(5, 0, 7)]) == bytes([to_level(7)])
    assert len(measure_activity([fragment(CELL.total_seconds() * MOST_CELLS, 4, 1)])) == 0


def test_levels_and_what_is_shown_of_them() -> None:
    assert [to_level(size) for size in (0, 1, 2, 4, 1 << 40)] == [0, 1, 9, 17, 255]
    typical = to_level(100_000)
    shown = scale_levels(typical)
    assert [shown[to_level(size)] for size in (0, 1, 50_000, 100_000, 200_000, 400_000, 1 << 30)] == [
        *(0, 1, 12, 25, 50, 100, 100),
    ]
    assert (find_typical(bytes([0, 0, 5, 5, 9])), find_typical(b"\0\0"), find_typical(b"")) == (5, 0, 0)


@given(st.binary(max_size=300))
def test_the_typical_level_is_the_median_of_those_with_pictures(levels: bytes) -> None:
    assert find_typical(levels) == median_low([level for level in levels if level] or [0])
