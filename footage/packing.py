"""A segment's fragments in 13 bytes each, for the database: in columns, so that many are read at once.

Format 2, little-endian: the byte 2, how many fragments and how many odd ones (4 bytes each); then by column, 4 bytes a
fragment: sizes, durations in µs, sizes less sample bytes; then a byte a fragment, 1 for a key; then the odd ones, in
order. Odd is a fragment that does not begin where and when the one before it ends, or of which something needs more
than 4 bytes: its number, and in 8 bytes each its offset, size, start and duration in µs, and sample bytes. Times are
exact to the microsecond, all that a timedelta holds. `footage.varints` reads format 1.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

from footage.errors import BrokenIndex
from footage.reader import Fragment
from footage.varints import VERSION as VARINTS
from footage.varints import unpack_varints

VERSION = 2

_HEAD, _ODD = struct.Struct("<BII"), struct.Struct("<IQQQQQ")
_BYTES = 13
_NARROW = 1 << 32
_LARGEST = 1 << 62
_MICROSECOND = timedelta(microseconds=1)


class Columns(NamedTuple):
    """Fragments by column, starts and durations in microseconds.

    `seams` are the numbers of those that do not begin where and when the one before them ends.
    """

    offsets: Sequence[int]
    sizes: Sequence[int]
    starts: Sequence[int]
    durations: Sequence[int]
    keys: bytes
    seams: Sequence[int]


NOTHING = Columns((), (), (), (), b"", ())


class Packer:
    """Packs fragments as they come: what was packed is not touched again."""

    def __init__(self) -> None:
        self._sizes, self._durations, self._beside = array("I"), array("I"), array("I")
        self._keys, self._odd = bytearray(), bytearray()
        self._end = self._time = 0

    def add(self, fragment: Fragment) -> None:
        """Append one; BrokenIndex if none can be so: anything negative or beyond 62 bits."""
        start, duration = fragment.start // _MICROSECOND, fragment.duration // _MICROSECOND
        size, beside = fragment.size, fragment.size - fragment.sample_bytes
        _check(fragment.offset, size, start, duration, fragment.sample_bytes)
        follows = fragment.offset == self._end and start == self._time
        if not (follows and size < _NARROW and duration < _NARROW and 0 <= beside < _NARROW):
            values = (fragment.offset, size, start, duration, fragment.sample_bytes)
            self._odd += _ODD.pack(len(self._keys), *values)
        self._sizes.append(size % _NARROW)
        self._durations.append(duration % _NARROW)
        self._beside.append(beside % _NARROW)
        self._keys.append(fragment.is_key)
        self._end, self._time = fragment.offset + size, start + duration

    def pack(self) -> bytes:
        """Give the bytes of all that were added."""
        head = _HEAD.pack(VERSION, len(self._keys), len(self._odd) // _ODD.size)
        columns = map(_little, (self._sizes, self._durations, self._beside))
        return b"".join((head, *columns, self._keys, self._odd))


def pack_fragments(fragments: Iterable[Fragment]) -> bytes:
    """Give the bytes; BrokenIndex for a fragment that none can be: anything negative or beyond 62 bits."""
    packer = Packer()
    for fragment in fragments:
        packer.add(fragment)
    return packer.pack()


def unpack_fragments(data: bytes | memoryview) -> tuple[Fragment, ...]:
    """Give exactly what was packed; BrokenIndex for bytes that are torn, too many, or of an unknown version."""
    data = bytes(data)
    if data[:1] == bytes([VARINTS]):
        return unpack_varints(data)
    columns = _unpack(data)
    return tuple(
        Fragment(offset, size, timedelta(0, 0, start), timedelta(0, 0, duration), key == 1, size - beside)
        for offset, size, start, duration, key, beside in zip(*columns[:5], _unpack_beside(data), strict=True)
    )


def unpack_columns(data: bytes) -> Columns:
    """Give the same by column, but for sample bytes, in a tenth of the time; BrokenIndex as above."""
    return _turn(unpack_varints(data)) if data[:1] == bytes([VARINTS]) else _unpack(data)


def _unpack(data: bytes) -> Columns:
    if data[:1] != bytes([VERSION]):
        raise BrokenIndex(f"a fragment index of another version than {VERSION}")
    if len(data) < _HEAD.size:
        raise BrokenIndex("a fragment index that is torn")
    _, count, odd_count = _HEAD.unpack_from(data)
    keys_at = _HEAD.size + 12 * count
    odd_at = keys_at + count
    if odd_at + _ODD.size * odd_count != len(data):
        raise BrokenIndex("a fragment index that is torn, or has bytes left over")
    columns = Columns([], _take_column(data, count, 0), [], _take_column(data, count, 1), data[keys_at:odd_at], ())
    if columns.keys.strip(b"\0\1"):
        raise BrokenIndex("a fragment index with unknown flags")
    return _lay_out(columns, list(_ODD.iter_unpack(data[odd_at:])))


def _unpack_beside(data: bytes) -> list[int]:
    """Give what of each fragment is no sample of the main track, of data that was unpacked without a fault."""
    _, count, _ = _HEAD.unpack_from(data)
    beside = _take_column(data, count, 2)
    for number, _, size, _, _, sample_bytes in _ODD.iter_unpack(data[_HEAD.size + _BYTES * count :]):
        beside[number] = size - sample_bytes
    return beside


def _take_column(data: bytes, count: int, place: int) -> list[int]:
    return list(struct.unpack_from(f"<{count}I", data, _HEAD.size + place * 4 * count))


def _lay_out(columns: Columns, odd: list[tuple[int, ...]]) -> Columns:
    """Put the odd ones in, and say where and when each fragment begins."""
    count, seams = len(columns.keys), [number for number, *_ in odd]
    if any(first >= second for first, second in pairwise([*seams, count])):
        raise BrokenIndex("a fragment index whose odd ones are out of order")
    begun = [] if seams[:1] == [0] or not count else [(0, 0, 0)]
    for number, offset, size, start, duration, sample_bytes in odd:
        _check(offset, size, start, duration, sample_bytes)
        columns.sizes[number], columns.durations[number] = size, duration  # type: ignore[index]  # lists, made above
        begun.append((number, offset, start))
    offsets, starts = list[int](), list[int]()
    for (number, offset, start), (after, *_) in pairwise([*begun, (count, 0, 0)]):
        offsets += accumulate(islice(columns.sizes, number, after - 1), initial=offset)
        starts += accumulate(islice(columns.durations, number, after - 1), initial=start)
        _check(offsets[-1], starts[-1])
    return columns._replace(offsets=offsets, starts=starts, seams=seams)


def _turn(fragments: Sequence[Fragment]) -> Columns:
    starts = [fragment.start // _MICROSECOND for fragment in fragments]
    durations = [fragment.duration // _MICROSECOND for fragment in fragments]
    return Columns(
        [fragment.offset for fragment in fragments],
        [fragment.size for fragment in fragments],
        starts,
        durations,
        bytes(fragment.is_key for fragment in fragments),
        range(len(fragments)),
    )


def _little(column: "array[int]") -> "array[int]":
    if sys.byteorder == "little":
        return column
    turned = column[:]
    turned.byteswap()
    return turned


def _check(*values: int) -> None:
    if min(values) < 0 or max(values) >= _LARGEST:
        raise BrokenIndex("a fragment index with a value that no file can have")
