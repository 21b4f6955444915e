"""What the head of a segment (its moov box) tells: the tracks, MediaMTX's own mark, and whether the file was closed."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from footage.boxes import Box, is_name, iterate_boxes, read_box
from footage.errors import BrokenBox

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_TRACKS = 32
LONGEST_KEPT = 4096

_NUMBER = struct.Struct(">I")
_MTXI = struct.Struct(">4x16sQqq")  # version and flags, stream id, segment number, DTS and NTP in nanoseconds
_MTXI_HEADER = struct.pack(">I4s", 8 + _MTXI.size, b"mtxi")
_DURATION, _DURATION_END = 24, 28  # of an mvhd of version 0 that comes first
_NO_DURATION = (bytes(4), b"\xff" * 4)
_DEFAULTS = struct.Struct(">4xI4xIII")  # version and flags, track, (description), duration, size, flags


@dataclass(frozen=True)
class Track:
    """A track: its number in the file, its ticks per second, what it holds, and what its samples are by default."""

    id: int
    timescale: int
    handler: bytes
    codec: str
    default_duration: int = 0
    default_size: int = 0
    default_flags: int = 0


class Mark(NamedTuple):
    """MediaMTX's `mtxi` (v1.20.1, `recordstore/mp4_boxes.go`): one stream id per connection, and its files counted.

    Files of one stream id whose numbers follow each other are seamless.
    """

    stream_id: UUID
    number: int
    start: datetime | None


class Head(NamedTuple):
    """All of it; `mark` is None for files that MediaMTX did not write, or wrote before 1.15.2.

    `main_track` is the first track with a picture, else the first; None if no track can be timed.
    """

    tracks: tuple[Track, ...]
    mark: Mark | None
    is_closed: bool
    main_track: Track | None


def parse_head(data: bytes, at: int, end: int) -> Head:
    """Read the content of a moov box; BrokenBox if it contradicts itself."""
    return _parse_usual(data, at, end) or _parse_head(data, at, end)


def _parse_usual(data: bytes, at: int, end: int) -> Head | None:
    """Do what `_parse_head` does where MediaMTX's layout is met exactly; None elsewhere.

    The heads of a camera's files differ in two places alone, the duration and the mark: the rest is read once.
    """
    if not _DURATION_END <= end - at <= LONGEST_KEPT:
        return None
    mark_at = end - _MTXI.size
    is_marked = data[mark_at - 8 : mark_at] == _MTXI_HEADER and mark_at - 8 > at + _DURATION_END
    rest = _recall_head(data[at : at + _DURATION], data[at + _DURATION_END : mark_at if is_marked else end], is_marked)
    if rest is None:
        return None
    duration, mark = data[at + _DURATION : at + _DURATION_END], rest.mark
    if is_marked:
        stream_id, number, _, nanoseconds = _MTXI.unpack_from(data, mark_at)
        mark = Mark(_recall_id(stream_id), number, _moment(nanoseconds))
    return Head(rest.tracks, mark, duration not in _NO_DURATION, rest.main_track)


@lru_cache(maxsize=1024)
def _recall_head(before: bytes, after: bytes, is_marked: bool) -> Head | None:  # noqa: FBT001 -- what a cache is asked for
    """Read a head in which duration and mark are blank; None where either is not just where MediaMTX puts it."""
    content = before + bytes(_DURATION_END - _DURATION) + after + bytes(_MTXI.size if is_marked else 0)
    try:
        found = list(iterate_boxes(content, 0, len(content)))
        head = _parse_head(content, 0, len(content))
    except BrokenBox:
        return None
    is_usual = found[0].kind == b"mvhd" and found[0].end >= _DURATION_END and before[8:9] == b"\0"
    if not is_usual or [box.kind for box in found].count(b"mvhd") > 1:
        return None
    if not is_marked:
        return head
    *others, last = found
    is_last = last.kind == b"udta" and last.end - last.body == _MTXI.size + 8
    return head if is_last and all(box.kind != b"udta" for box in others) else None


def _parse_head(data: bytes, at: int, end: int) -> Head:
    tracks: list[Track] = []
    defaults: dict[int, tuple[int, int, int]] = {}
    mark, is_closed = None, False
    for box in iterate_boxes(data, at, end):
        if box.kind == b"mvhd":
            is_closed = _has_duration(data, box)
        elif box.kind == b"trak":
            tracks.append(_know_track(data[box.body : box.end]))
        elif box.kind == b"mvex":
            defaults = _parse_defaults(data, box)
        elif box.kind == b"udta":
            mark = _parse_mark(data, box) or mark
        if len(tracks) > MOST_TRACKS:
            raise BrokenBox(f"more than {MOST_TRACKS} tracks")
    known = tuple(_with_defaults(track, defaults) for track in tracks)
    return Head(known, mark, is_closed, _choose_main(known))


@lru_cache(maxsize=1024)
def _recall_id(data: bytes) -> UUID:
    """A stream's files all bear its id."""
    return UUID(bytes=data)


def _choose_main(tracks: tuple[Track, ...]) -> Track | None:
    usable = [track for track in tracks if track.timescale]
    return next((track for track in usable if track.handler == b"vide"), usable[0] if usable else None)


def _with_defaults(track: Track, defaults: dict[int, tuple[int, int, int]]) -> Track:
    return Track(track.id, track.timescale, track.handler, track.codec, *defaults.get(track.id, (0, 0, 0)))


def _has_duration(data: bytes, box: Box) -> bool:
    """MediaMTX writes the duration when it closes a file; until then it is 0. All ones means unknown."""
    at, length = (box.body + 24, 8) if _version(data, box) == 1 else (box.body + 16, 4)
    duration = _slice(data, box, at, length)
    return duration.strip(b"\0") != b"" and duration.strip(b"\xff") != b""


def _know_track(content: bytes) -> Track:
    """The tracks of a camera are the same in each of its files, to the byte; what is too long to keep is read anew."""
    return _recall_track(content) if len(content) <= LONGEST_KEPT else _parse_track(content)


@lru_cache(maxsize=1024)
def _recall_track(content: bytes) -> Track:
    return _parse_track(content)


def _parse_track(data: bytes) -> Track:
    found = {inner.kind: inner for inner in iterate_boxes(data, 0, len(data))}
    track_head, media = _need(found, b"tkhd"), _need(found, b"mdia")
    number = _number(data, track_head, track_head.body + (20 if _version(data, track_head) == 1 else 12))
    found = {inner.kind: inner for inner in iterate_boxes(data, media.body, media.end)}
    media_head, handler = _need(found, b"mdhd"), _need(found, b"hdlr")
    timescale = _number(data, media_head, media_head.body + (20 if _version(data, media_head) == 1 else 12))
    return Track(number, timescale, _slice(data, handler, handler.body + 8, 4), _find_codec(data, found))


def _find_codec(data: bytes, media: dict[bytes, Box]) -> str:
    """Give the four letters of the first sample entry: mdia/minf/stbl/stsd; nothing if there is none."""
    inside = media
    for kind in (b"minf", b"stbl"):
        container = _need(inside, kind)
        inside = {inner.kind: inner for inner in iterate_boxes(data, container.body, container.end)}
    descriptions = _need(inside, b"stsd")
    entry = read_box(data, descriptions.body + 8, descriptions.end)
    if entry is None or entry.end > descriptions.end or not is_name(entry.kind):
        return ""
    return entry.kind.decode("latin-1")


def _parse_defaults(data: bytes, box: Box) -> dict[int, tuple[int, int, int]]:
    found = {}
    for inner in iterate_boxes(data, box.body, box.end):
        if inner.kind == b"trex":
            number, *values = _DEFAULTS.unpack(_slice(data, inner, inner.body, _DEFAULTS.size))
            found[number] = (values[0], values[1], values[2])
    return found


def _parse_mark(data: bytes, box: Box) -> Mark | None:
    for inner in iterate_boxes(data, box.body, box.end):
        if inner.kind == b"mtxi":
            stream_id, number, _, nanoseconds = _MTXI.unpack(_slice(data, inner, inner.body, _MTXI.size))
            return Mark(_recall_id(stream_id), number, _moment(nanoseconds))
    return None


def _moment(nanoseconds: int) -> datetime | None:
    """Cut to the microsecond, as the file's name is; 64 bits of nanoseconds end in 2262, 0 and less is no clock."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000) if nanoseconds > 0 else None


def _need(found: dict[bytes, Box], kind: bytes) -> Box:
    if kind not in found:
        raise BrokenBox(f"{kind.decode('latin-1')} is missing")
    return found[kind]


def _version(data: bytes, box: Box) -> int:
    return _slice(data, box, box.body, 1)[0]


def _number(data: bytes, box: Box, at: int) -> int:
    value: int = _NUMBER.unpack(_slice(data, box, at, 4))[0]
    return value


def _slice(data: bytes, box: Box, at: int, length: int) -> bytes:
    if at + length > box.end:
        raise BrokenBox(f"{box.kind.decode('latin-1')} is too short")
    return data[at : at + length]
