"""How much moved in a segment: the bytes of its pictures, ten seconds in one byte, for a timeline to draw."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from math import log2

from footage.reader import Fragment

CELL = timedelta(seconds=10)
MOST_CELLS = 17_280
"""Two days, longer than any segment may last."""

_MICROSECOND = timedelta(microseconds=1)
_CELL = CELL // _MICROSECOND
_STEPS = 8
"""To twice as many bytes: a step is 9 %."""
_LEVELS = bytes(range(256))
_FEW = 89
"""One in so many is looked at first: no rhythm of a street or of a camera that turns has so odd a length."""


def measure_activity(fragments: Iterable[Fragment]) -> bytes:
    """Give a level for each ten seconds from the segment's start on; 0 where there is nothing."""
    cells: list[int] = []
    for fragment in fragments:
        begin, length = fragment.start // _MICROSECOND, fragment.duration // _MICROSECOND
        first, last = begin // _CELL, (begin + max(length, 1) - 1) // _CELL
        if last >= MOST_CELLS:
            break
        cells += [0] * (last + 1 - len(cells))
        if first == last:
            cells[first] += fragment.sample_bytes
            continue
        for cell in range(first, last + 1):
            share = min(begin + length, (cell + 1) * _CELL) - max(begin, cell * _CELL)
            cells[cell] += fragment.sample_bytes * share // length
    return bytes(map(to_level, cells))


def to_level(size: int) -> int:
    """Give the level, 1 to 255, of so many bytes; 0 of none."""
    return min(255, 1 + round(_STEPS * log2(size))) if size else 0


@lru_cache(maxsize=256)
def scale_levels(typical: int) -> bytes:
    """Give what to show of each level, 0 to 100: the typical one is 25, four times its bytes and more are 100."""
    shown = (round(25 * 2 ** ((level - typical) / _STEPS)) for level in range(1, 256))
    return bytes([0, *(max(1, min(100, each)) for each in shown)])


def find_typical(levels: bytes) -> int:
    """Give the median of the levels of which there are pictures, 0 where there are none.

    A few of them say between which levels it should lie, so that a fifth is left to be searched: half the time.
    """
    left = levels.translate(None, delete=b"\0") if 0 in levels else levels
    if not left:
        return 0
    few, rank = sorted(left[::_FEW]), (len(left) + 1) // 2
    low, high = few[2 * len(few) // 5], few[3 * len(few) // 5] + 1
    below = left.translate(None, delete=_LEVELS[low:])
    within = left.translate(None, delete=_LEVELS[:low] + _LEVELS[high:])
    if len(below) < rank <= len(below) + len(within):
        return _pick(within, low, high, rank - len(below))
    return _pick(left, 0, len(_LEVELS), rank)


def _pick(levels: bytes, low: int, high: int, rank: int) -> int:
    """Give the level with this rank, 1 for the lowest, of levels from `low` up to `high`; halved until one is left."""
    while high - low > 1:
        middle = (low + high) // 2
        below = levels.translate(None, delete=_LEVELS[middle:high])
        if rank <= len(below):
            levels, high = below, middle
        else:
            levels, low, rank = levels.translate(None, delete=_LEVELS[low:middle]), middle, rank - len(below)
    return low
