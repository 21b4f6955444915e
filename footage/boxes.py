"""ISO base media boxes in memory: the header of one, and those inside another."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from footage.errors import BrokenBox

LONGEST_HEADER = 16

BOX_HEADER = struct.Struct(">I4s")
_LARGE_SIZE = struct.Struct(">Q")
_PRINTABLE = frozenset(range(0x20, 0x7F)) | {0xA9}  # QuickTime's own boxes begin with a copyright sign


class Box(NamedTuple):
    """A box: its four letters, where its content begins, and where it says that it ends."""

    kind: bytes
    body: int
    end: int


def read_box(data: bytes, at: int, end: int) -> Box | None:
    """Give the box that begins at `at`; None where there is none: bytes missing, an impossible size.

    Its end is its own word and may lie beyond `end`; a size of 0 means up to `end`, the end of what holds it.
    """
    if at + 8 > len(data):
        return None
    size, kind = BOX_HEADER.unpack_from(data, at)
    body = at + 8
    if size == 1:
        if at + LONGEST_HEADER > len(data):
            return None
        size, body = _LARGE_SIZE.unpack_from(data, body)[0], at + LONGEST_HEADER
    elif size == 0:
        size = end - at
    return Box(kind, body, at + size) if at + size >= body else None


def is_name(kind: bytes) -> bool:
    """Tell whether four bytes can be a box's letters; zero bytes and pictures are not."""
    return _PRINTABLE.issuperset(kind)


def iterate_boxes(data: bytes, at: int, end: int) -> Iterator[Box]:
    """Give the boxes of a container whose content lies from `at` to `end`; BrokenBox at the first that does not fit.

    Each step moves on by at least 8 bytes, so the time is bounded by the container's size whatever the boxes say.
    """
    unpack, bound = BOX_HEADER.unpack_from, min(end, len(data)) - 8
    while at < end:
        if at <= bound:  # what nearly every box is: this is where the time of a whole pass goes
            size, kind = unpack(data, at)
            if size >= 8 and at + size <= end:
                yield Box(kind, at + 8, at + size)
                at += size
                continue
        box = read_box(data, at, at)  # a size of 0 is for the last box of a file, not for one inside another
        if box is None or box.end > end:
            raise BrokenBox(f"no whole box at byte {at} of {end}")
        yield box
        at = box.end
