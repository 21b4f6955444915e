"""The first keyframe of a fragment as a fragment of its own: a preview needs no more of it."""

import struct
from typing import NamedTuple

from footage.boxes import Box, iterate_boxes, read_box
from footage.errors import BrokenBox
from footage.header import Track
from footage.moof import NOT_A_KEY

LARGEST_KEYFRAME = 8 << 20
"""Bytes; 4K at the best quality stays below 2 MB."""

_ONE, _TWO, _SIGNED = struct.Struct(">I"), struct.Struct(">II"), struct.Struct(">Ii")
_IS_OFFSET, _IS_FIRST_FLAGS = 0x01, 0x04
_HAS_DURATION, _HAS_SIZE, _HAS_FLAGS = 0x100, 0x200, 0x400
_BASE_IS_MOOF = 0x020000


class Keyframe(NamedTuple):
    """Where a fragment's first keyframe lies, counted from the fragment's first byte, and how many bytes it has."""

    offset: int
    size: int


def find_keyframe(data: bytes, track: Track) -> Keyframe | None:
    """Give where the track's first keyframe lies in a fragment, of which `data` holds the whole moof.

    None where it has none, or says where its samples are in a way that MediaMTX does not. Raises BrokenBox.
    """
    moof = read_box(data, 0, len(data))
    if moof is None or moof.kind != b"moof" or moof.end > len(data):
        raise BrokenBox("no whole moof")
    for box in iterate_boxes(data, moof.body, moof.end):
        found = _look_into(data, box, track) if box.kind == b"traf" else None
        if found:
            return found
    return None


def wrap_keyframe(track: Track, picture: bytes, second: int) -> bytes:
    """Give a fragment of this picture alone, shown from `second` on for a second."""
    trun_flags = _IS_OFFSET | _HAS_DURATION | _HAS_SIZE | _HAS_FLAGS
    head = _box(b"tfhd", _ONE.pack(_BASE_IS_MOOF), _ONE.pack(track.id))
    time = _box(b"tfdt", _ONE.pack(1 << 24), struct.pack(">Q", second * track.timescale))
    row = struct.pack(">III", track.timescale, len(picture), 0)

    def write(offset: int) -> bytes:
        run = _box(b"trun", _ONE.pack(trun_flags), _SIGNED.pack(1, offset), row)
        return _box(b"moof", _box(b"mfhd", bytes(4), _ONE.pack(second + 1)), _box(b"traf", head, time, run))

    return write(len(write(0)) + 8) + _box(b"mdat", picture)


def _look_into(data: bytes, traf: Box, track: Track) -> Keyframe | None:
    defaults, is_ours = (track.default_size, track.default_flags), False
    for box in iterate_boxes(data, traf.body, traf.end):
        if box.kind == b"tfhd":
            flags, number = _TWO.unpack(_take(data, box, 0, 8))
            is_ours = number == track.id and not flags & 0x01
            defaults = _read_defaults(data, box, flags, defaults)
        elif box.kind == b"trun" and is_ours:
            return _read_run(data, box, defaults)
    return None


def _read_defaults(data: bytes, box: Box, flags: int, known: tuple[int, int]) -> tuple[int, int]:
    at, values = 8 + (4 if flags & 0x02 else 0) + (4 if flags & 0x08 else 0), list(known)
    for place, bit in enumerate((0x10, 0x20)):
        if flags & bit:
            values[place] = _ONE.unpack(_take(data, box, at, 4))[0]
            at += 4
    return values[0], values[1]


def _read_run(data: bytes, box: Box, defaults: tuple[int, int]) -> Keyframe | None:
    """Go along a trun's samples, which lie one after the other, up to the first keyframe."""
    flags, count = _TWO.unpack(_take(data, box, 0, 8))
    if not flags & _IS_OFFSET:
        return None
    offset, at = struct.unpack(">i", _take(data, box, 8, 4))[0], 12
    first_flags = None
    if flags & _IS_FIRST_FLAGS:
        first_flags = _ONE.unpack(_take(data, box, at, 4))[0]
        at += 4
    width = 4 * (flags >> 8 & 0xF).bit_count()
    rows = _take(data, box, at, width * count)
    # Without a table all but the first are alike: a count alone must not keep us busy.
    for number in range(count if width else min(count, 1)):
        size, sample_flags = _read_row(rows, number * width, flags, defaults)
        if number == 0 and first_flags is not None:
            sample_flags = first_flags
        if not sample_flags & NOT_A_KEY:
            return Keyframe(offset, size) if offset > 0 and 0 < size <= LARGEST_KEYFRAME else None
        offset += size
    return None


def _read_row(rows: bytes, at: int, flags: int, defaults: tuple[int, int]) -> tuple[int, int]:
    """Give a sample's size and flags."""
    at += 4 if flags & _HAS_DURATION else 0
    size, sample_flags = defaults
    if flags & _HAS_SIZE:
        size = _ONE.unpack_from(rows, at)[0]
        at += 4
    if flags & _HAS_FLAGS:
        sample_flags = _ONE.unpack_from(rows, at)[0]
    return size, sample_flags


def _take(data: bytes, box: Box, at: int, length: int) -> bytes:
    if box.body + at + length > box.end:
        raise BrokenBox(f"{box.kind.decode('latin-1')} is too short")
    return data[box.body + at : box.body + at + length]


def _box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return _ONE.pack(8 + len(inside)) + kind + inside
