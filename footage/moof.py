"""What the head of a fragment (its moof box) tells about the samples that follow: when, how long, how many bytes."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

from footage.boxes import Box, iterate_boxes
from footage.errors import BrokenBox
from footage.header import Track

NOT_A_KEY = 1 << 16  # sample_is_non_sync_sample, ISO 14496-12 §8.8.3.1

_ONE, _TWO = struct.Struct(">I"), struct.Struct(">II")
_TIME_32, _TIME_64 = struct.Struct(">4xI"), struct.Struct(">4xq")
_USUAL = struct.Struct(">12xI 12sq I4sIIi")  # tfhd, tfdt and the beginning of a trun, as MediaMTX writes them
_HEAD_OF_TRACK = struct.pack(">I4sI", 16, b"tfhd", 0x020000)
_HEAD_OF_TIME = struct.pack(">I4sI", 20, b"tfdt", 1 << 24)

Defaults = tuple[int, int, int]
"""Duration, size and flags of each sample of which a trun does not say otherwise."""


class Rows(NamedTuple):
    """A trun's table: where it begins, where its box ends, the box's flags, how many rows, the first one's flags."""

    at: int
    end: int
    flags: int
    number: int
    first_flags: int


@dataclass
class Samples:
    """The samples of one track in one fragment; times in the track's ticks, `start` None where the file is silent.

    `boxes` is how many were read to know it. `runs` are the durations that the fragment itself tells, each run of them,
    none without a sample, with the ticks from the first sample to its own first.
    """

    start: int | None = None
    duration: int = 0
    size: int = 0
    is_key: bool | None = None
    boxes: int = 0
    runs: tuple[tuple[int, tuple[int, ...]], ...] = ()


class Moof(NamedTuple):
    """The main track's samples (none: a duration and size of 0), the bytes of all tracks, and how many boxes it has."""

    main: Samples
    all_bytes: int
    boxes: int


def parse_moof(data: bytes, at: int, end: int, tracks: dict[int, Track], main: int) -> Moof:
    """Read the content of a moof box; BrokenBox if it contradicts itself or names a track that is not there.

    Tracks come in any order (MediaMTX keeps them in a Go map), and none of them need be there.
    """
    picture: Samples | None = None
    all_bytes = boxes = 0
    for box in iterate_boxes(data, at, end):
        boxes += 1
        if box.kind == b"traf":
            track, samples = _parse_usual(data, box, tracks) or _parse_track_fragment(data, box, tracks)
            all_bytes += samples.size
            boxes += samples.boxes
            if track.id == main:
                picture = _join(picture, samples) if picture else samples
    return Moof(picture or Samples(), all_bytes, boxes)


def _join(first: Samples, second: Samples) -> Samples:
    start = second.start if first.start is None else first.start
    is_key = second.is_key if first.is_key is None else first.is_key
    runs = first.runs + tuple((first.duration + begin, durations) for begin, durations in second.runs)
    return Samples(start, first.duration + second.duration, first.size + second.size, is_key, runs=runs)


def _parse_usual(data: bytes, box: Box, tracks: dict[int, Track]) -> tuple[Track, Samples] | None:
    """Do what `_parse_track_fragment` does in half the time where MediaMTX's layout is met exactly; None elsewhere."""
    rows_at = box.body + _USUAL.size
    if rows_at > box.end or data[box.body : box.body + 12] != _HEAD_OF_TRACK:
        return None
    number, times, start, trun_size, trun, flags, count, _ = _USUAL.unpack_from(data, box.body)
    if times != _HEAD_OF_TIME or trun != b"trun" or trun_size != box.end - rows_at + 20:
        return None
    if flags & 0x05 != 0x01 or number not in tracks:
        return None
    track, samples = tracks[number], Samples(start, boxes=3)
    defaults = (track.default_duration, track.default_size, track.default_flags)
    _add_rows(samples, data, Rows(rows_at, box.end, flags, count, defaults[2]), defaults)
    return track, samples


def _parse_track_fragment(data: bytes, box: Box, tracks: dict[int, Track]) -> tuple[Track, Samples]:
    track, defaults, samples = None, (0, 0, 0), Samples()
    for inner in iterate_boxes(data, box.body, box.end):
        samples.boxes += 1
        if inner.kind == b"tfhd":
            track, defaults = _parse_track_head(data, inner, tracks)
        elif inner.kind == b"tfdt":
            samples.start = _parse_time(data, inner)
        elif inner.kind == b"trun":
            _add_run(samples, data, inner, defaults)
    if track is None:
        raise BrokenBox("a traf without its tfhd")
    return track, samples


def _parse_time(data: bytes, box: Box) -> int:
    """Give the ticks of a tfdt; signed, because MediaMTX writes what lies before the segment's start as it comes."""
    time: int = _unpack(_TIME_64 if data[box.body : box.body + 1] == b"\1" else _TIME_32, data, box, box.body)[0]
    return time


def _parse_track_head(data: bytes, box: Box, tracks: dict[int, Track]) -> tuple[Track, Defaults]:
    flags, number = _unpack(_TWO, data, box, box.body)
    track = tracks.get(number)
    if track is None:
        raise BrokenBox(f"track {number} is not in the head of the file")
    values = [track.default_duration, track.default_size, track.default_flags]
    at = box.body + 8 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0)
    for place, bit in enumerate((0x08, 0x10, 0x20)):
        if flags & bit:
            values[place] = _unpack(_ONE, data, box, at)[0]
            at += 4
    return track, (values[0], values[1], values[2])


def _add_run(samples: Samples, data: bytes, box: Box, defaults: Defaults) -> None:
    flags, count = _unpack(_TWO, data, box, box.body)
    at = box.body + 8 + (4 if flags & 0x01 else 0)
    first_flags = _unpack(_ONE, data, box, at)[0] if flags & 0x04 else defaults[2]
    at += 4 if flags & 0x04 else 0
    _add_rows(samples, data, Rows(at, box.end, flags, count, first_flags), defaults)


def _add_rows(samples: Samples, data: bytes, rows: Rows, defaults: Defaults) -> None:
    """Add a trun's samples: a count beyond the box is refused before it is used, then the columns are summed."""
    flags, count = rows.flags, rows.number
    columns = (flags >> 8 & 0xF).bit_count()
    if rows.at + 4 * columns * count > rows.end:
        raise BrokenBox("trun counts more samples than it holds")
    values = struct.unpack_from(f">{columns * count}I", data, rows.at)
    place = 0
    if flags & 0x100:
        durations = values[::columns]
        if count:
            samples.runs += ((samples.duration, durations),)
        samples.duration += sum(durations)
        place += 1
    else:
        samples.duration += count * defaults[0]
    samples.size += sum(values[place::columns]) if flags & 0x200 else count * defaults[1]
    place += 1 if flags & 0x200 else 0
    if samples.is_key is None and count:
        is_own = flags & 0x400 and not flags & 0x04
        samples.is_key = not (values[place] if is_own else rows.first_flags) & NOT_A_KEY


def _unpack(shape: struct.Struct, data: bytes, box: Box, at: int) -> tuple[int, ...]:
    if at + shape.size > box.end:
        raise BrokenBox(f"{box.kind.decode('latin-1')} is too short")
    return shape.unpack_from(data, at)
