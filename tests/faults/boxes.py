"""A second reading of fMP4, written for the checker alone: what may be wrong of ours is not used to judge ours."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Part:
    """One whole moof and mdat; times in seconds since 1970."""

    begins: float
    ends: float
    end_byte: int


@dataclass(frozen=True)
class Footage:
    """What a file holds; `starts`, `recording` and `number` are None where MediaMTX's mark cannot be read.

    `written`: when the file was last written, in seconds since 1970.
    """

    size: int
    starts: float | None = None
    recording: UUID | None = None
    is_closed: bool = False
    parts: tuple[Part, ...] = ()
    number: int | None = None
    written: float = 0.0

    @property
    def ends(self) -> float | None:
        """The end of the last whole fragment, None without one."""
        return self.parts[-1].ends if self.parts else None

    @property
    def whole_bytes(self) -> int:
        """Where the last whole fragment ends, 0 without one."""
        return self.parts[-1].end_byte if self.parts else 0


Box = tuple[bytes, int, int, int]
"""Kind, first byte, first byte of what is inside, first byte after it."""


def walk(data: bytes, begin: int, end: int) -> Iterator[Box]:
    """Give the whole boxes between two bytes; ends where something is cut or is no box."""
    at = begin
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        if size < head or at + size > end:
            return
        yield kind, at, at + head, at + size
        at += size


def find(data: bytes, box: Box, *kinds: bytes) -> Box | None:
    """Give the first box down a path of kinds."""
    for kind in kinds:
        inner = next((each for each in walk(data, box[2], box[3]) if each[0] == kind), None)
        if inner is None:
            return None
        box = inner
    return box


def read_footage(path: Path) -> Footage:
    """Read a whole file, which the cameras of these tests keep small. Raises OSError."""
    written = path.stat().st_mtime
    data = path.read_bytes()
    boxes = list(walk(data, 0, len(data)))
    moov = next((box for box in boxes if box[0] == b"moov"), None)
    if moov is None:
        return Footage(len(data))
    scale = _read_timescale(data, moov)
    mark = find(data, moov, b"udta", b"mtxi")
    header = find(data, moov, b"mvhd")
    is_closed = header is not None and struct.unpack_from(">I", data, header[2] + 16)[0] > 0
    if mark is None or scale is None:
        return Footage(len(data), is_closed=is_closed)
    number, _, nanoseconds = struct.unpack_from(">Qqq", data, mark[2] + 20)
    starts = nanoseconds / 1e9
    parts = tuple(_read_parts(data, boxes, starts, scale))
    return Footage(len(data), starts, UUID(bytes=data[mark[2] + 4 : mark[2] + 20]), is_closed, parts, number, written)


def _read_timescale(data: bytes, moov: Box) -> int | None:
    header = find(data, moov, b"trak", b"mdia", b"mdhd")
    if header is None:
        return None
    at = header[2] + (20 if data[header[2]] == 1 else 12)
    scale: int = struct.unpack_from(">I", data, at)[0]
    return scale or None


def _read_parts(data: bytes, boxes: list[Box], starts: float, scale: int) -> Iterator[Part]:
    for moof, mdat in pairwise(boxes):
        if moof[0] == b"moof" and mdat[0] == b"mdat":
            begins, lasts = _read_times(data, moof)
            yield Part(starts + begins / scale, starts + (begins + lasts) / scale, mdat[3])


def _read_times(data: bytes, moof: Box) -> tuple[int, int]:
    """Give the decode time of the first track's first sample, and how long its samples last, in ticks."""
    traf = find(data, moof, b"traf")
    if traf is None:
        return 0, 0
    time = find(data, traf, b"tfdt")
    begins = 0
    if time is not None:
        begins = struct.unpack_from(">Q" if data[time[2]] == 1 else ">I", data, time[2] + 4)[0]
    default = _read_default_duration(data, traf)
    runs = [box for box in walk(data, traf[2], traf[3]) if box[0] == b"trun"]
    return int(begins), sum(_sum_durations(data, run, default) for run in runs)


def _read_default_duration(data: bytes, traf: Box) -> int:
    header = find(data, traf, b"tfhd")
    if header is None:
        return 0
    flags = int.from_bytes(data[header[2] + 1 : header[2] + 4], "big")
    at = header[2] + 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
    return int.from_bytes(data[at : at + 4], "big") if flags & 8 else 0


def _sum_durations(data: bytes, run: Box, default: int) -> int:
    flags = int.from_bytes(data[run[2] + 1 : run[2] + 4], "big")
    (count,) = struct.unpack_from(">I", data, run[2] + 4)
    if not flags & 0x100:
        return int(count) * default
    at = run[2] + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    width = 4 * (flags >> 8 & 0xF).bit_count()
    firsts = range(at, at + width * count, width)
    return sum(int.from_bytes(data[first : first + 4], "big") for first in firsts)
