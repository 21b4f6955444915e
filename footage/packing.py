"""A segment's fragments in a few bytes each, for the database: 8 bytes of one of 4 s where 100 would be plain.

Format 1: the byte 1, the count, then per fragment a byte of flags (1: key, 2: an offset follows, 4: a start follows)
and varints (LEB128; those that are differences zigzag): size; size less sample bytes; duration in µs less the one
before; if flagged, the offset less the end of the one before; if flagged, the start in µs less that end. Times are
exact to the microsecond, all that a timedelta holds.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from footage.errors import BrokenIndex
from footage.reader import Fragment

VERSION = 1

_KEY, _OFFSET, _START = 1, 2, 4
_LARGEST = 1 << 62
_SMALLEST_FRAGMENT = 4  # bytes
_MICROSECOND = timedelta(microseconds=1)


class Packer:
    """Packs fragments as they come: what was packed is not touched again."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._count = self._end = self._time = self._duration = 0

    def add(self, fragment: Fragment) -> None:
        """Append one; BrokenIndex if none can be so: anything negative or beyond 62 bits."""
        start, length = fragment.start // _MICROSECOND, fragment.duration // _MICROSECOND
        _check(fragment.offset, fragment.size, start, length, fragment.sample_bytes)
        packed, offset, time = self._packed, fragment.offset - self._end, start - self._time
        packed.append(_KEY * fragment.is_key | _OFFSET * (offset != 0) | _START * (time != 0))
        _put(packed, fragment.size)
        _put_signed(packed, fragment.size - fragment.sample_bytes)
        _put_signed(packed, length - self._duration)
        if offset:
            _put_signed(packed, offset)
        if time:
            _put_signed(packed, time)
        self._end, self._time, self._duration = fragment.offset + fragment.size, start + length, length
        self._count += 1

    def pack(self) -> bytes:
        """Give the bytes of all that were added."""
        head = bytearray([VERSION])
        _put(head, self._count)
        return bytes(head + self._packed)


def pack_fragments(fragments: Iterable[Fragment]) -> bytes:
    """Give the bytes; BrokenIndex for a fragment that none can be: anything negative or beyond 62 bits."""
    packer = Packer()
    for fragment in fragments:
        packer.add(fragment)
    return packer.pack()


def unpack_fragments(data: bytes | memoryview) -> tuple[Fragment, ...]:
    """Give exactly what was packed; BrokenIndex for bytes that are torn, too many, or of an unknown version."""
    source = iter(bytes(data))
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


def _put_signed(packed: bytearray, value: int) -> None:
    _put(packed, value << 1 if value >= 0 else ~(value << 1))


def _put(packed: bytearray, value: int) -> None:
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)


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
