"""Activity as a timeline shows it: out of the levels of segments, one number for each bucket of time."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from footage.activity import CELL, find_typical, scale_levels

_CELL = CELL // timedelta(microseconds=1)

Levels = tuple[int, int, int, bytes]
"""A segment's start, from when to when it is shown, within what is asked for, in microseconds since whatever moment;
and its levels, of each ten seconds from its start on.
"""


def show_activity(segments: Sequence[Levels], begin: int, end: int, resolution: int) -> bytes:
    """Give a number of 0 to 100 for each bucket of so many seconds from `begin` on; empty where nothing is known.

    A bucket shows the most that is in it. What is usual for the camera is the median of the segments that touch the
    window, so that a minute with much in it does not look like any other.
    """
    typical = find_typical(b"".join([levels for _, _, _, levels in segments]))
    if not typical:
        return b""
    cells = _lay_down(segments, begin, end)
    count = -(-(end - begin) // (resolution * 1_000_000))
    return _put_in_buckets(cells.translate(scale_levels(typical)), count, resolution)


def take_most(rows: Sequence[bytes]) -> bytes:
    """Give the most of each column of rows that are equally long and hold nothing above 127.

    All columns at once, in numbers as long as a row: to look at one after the other took forty times as long.
    """
    length = len(rows[0])
    high = int.from_bytes(b"\x80" * length)
    most, *others = map(int.from_bytes, rows)
    for other in others:
        # A column's high bit is left where `other` is no less; less the same seven places down, that is 127.
        is_more = ((other | high) - most) & high
        most ^= (most ^ other) & (is_more - (is_more >> 7))
    return most.to_bytes(length)


def _lay_down(segments: Iterable[Levels], begin: int, end: int) -> bytes:
    """Put the levels where they belong, as far as they are shown."""
    cells = bytearray((end - begin) // _CELL + 1)
    for start, begun, ended, levels in segments:
        shift = (start - begin + _CELL // 2) // _CELL
        at = max(shift, (begun - begin) // _CELL)
        shown = levels[at - shift : -((begin - ended) // _CELL) - shift]
        cells[at : at + len(shown)] = shown
    return bytes(cells)


def _put_in_buckets(cells: bytes, count: int, resolution: int) -> bytes:
    seconds = _CELL // 1_000_000
    if resolution == seconds:
        return cells[:count]
    step, rest = divmod(resolution, seconds)
    if not rest and step <= count:  # a row for each of a few wide buckets would be many short ones
        even = cells[: count * step] + bytes(max(0, count * step - len(cells)))
        return take_most([even[first::step] for first in range(step)])
    edges = ((number * resolution // seconds, -(-(number + 1) * resolution // seconds)) for number in range(count))
    return bytes([max(cells[first:last], default=0) for first, last in edges])
