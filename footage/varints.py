"""Format 1 of a segment's fragments in the database: no longer written, and read as long as such rows are there.

The byte 1, the count, then per fragment a byte of flags (1: key, 2: an offset follows, 4: a start follows)
and varints (LEB128; those that are differences zigzag): size; size less sample bytes; duration in µs less the one
before; if flagged, the offset less the end of the one before; if flagged, the start in µs less that end. Times are
exact to the microsecond, all that a timedelta holds.
"""

from collections.abc import Iterator
from datetime import timedelta

from footage.errors import BrokenIndex
from footage.reader import Fragment

VERSION = 1

_KEY, _OFFSET, _START = 1, 2, 4
_LARGEST = 1 << 62
_SMALLEST_FRAGMENT = 4  # bytes
_MICROSECOND = timedelta(microseconds=1)


def unpack_varints(data: bytes) -> tuple[Fragment, ...]:
    """Give exactly what was packed; BrokenIndex for bytes that are torn, too many, or of another version."""
    source = iter(data)
    if next(source, None) != VERSION:
        raise BrokenIndex(f"a fragment index of another version than {VERSION}")
    count = _take(source)
    if count * _SMALLEST_FRAGMENT > len(data):
        raise BrokenIndex("a fragment index that counts more than it holds")
    fragments = []
    end, time, duration = 0, 0, 0
    for _ in range(count):
        flags = _take(source)
        if flags > _KEY | _OFFSET | _START:
            raise BrokenIndex("a fragment index with unknown flags")
        size = _take(source)
        sample_bytes = size - _take_signed(source)
        duration += _take_signed(source)
        offset = end + (_take_signed(source) if flags & _OFFSET else 0)
        start = time + (_take_signed(source) if flags & _START else 0)
        _check(offset, size, start, duration, sample_bytes)
        fragments.append(
            Fragment(offset, size, start * _MICROSECOND, duration * _MICROSECOND, bool(flags & _KEY), sample_bytes)
        )
        end, time = offset + size, start + duration
    if next(source, None) is not None:
        raise BrokenIndex("a fragment index with bytes left over")
    return tuple(fragments)


def _check(*values: int) -> None:
    if min(values) < 0 or max(values) >= _LARGEST:
        raise BrokenIndex("a fragment index with a value that no file can have")


def _take_signed(source: Iterator[int]) -> int:
    value = _take(source)
    return ~(value >> 1) if value & 1 else value >> 1


def _take(source: Iterator[int]) -> int:
    value = shift = 0
    for byte in source:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
        if shift > 63:
            break
    raise BrokenIndex("a fragment index that is torn")
