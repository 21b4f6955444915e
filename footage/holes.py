"""Where a file holds no picture although it goes on: MediaMTX puts silence into the length of the sample before it.

A publisher that is silent, and is not let go, leaves no other mark in a file (v1.20.1, `format_fmp4_track.go`). So what
lasts too long is taken to end where it would have, had it lasted as long as the one before. It is the last sample of
its fragment, which is full by then; where sound went on meanwhile it is the first of a later one.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import NamedTuple

from footage.errors import BrokenIndex
from footage.moof import Samples

LONGEST_PAUSE = timedelta(seconds=5)
"""Nothing as short as this is a hole: there are cameras that send one picture in some seconds, 1 to 5 for a time lapse.

A sample that is cut may itself have lasted so long, so never do more than twice as many seconds without a picture count
as footage; MediaMTX lets who sends nothing at all go after as many.
"""

_EDGES = struct.Struct("<QQ")
_MICROSECOND = timedelta(microseconds=1)


class Hole(NamedTuple):
    """From `start` to `end` of the segment's own time there is no picture."""

    start: timedelta
    end: timedelta


def find_pauses(samples: Samples, usual: int, longest: int) -> list[tuple[int, int]]:
    """Give from where to where nothing was sent, in ticks since the first sample; longer than `longest` each.

    `usual` is how long the sample before the first one lasted. Samples of which the file's head says how long they last
    keep a pace, and none of them is looked at.
    """
    found = []
    for begin, durations in samples.runs:
        if max(durations) > longest:
            starts = accumulate(durations[:-1], initial=begin)
            for at, before, duration in zip(starts, (usual, *durations[:-1]), durations, strict=True):
                if duration > longest and duration - min(before, longest) > longest:
                    found.append((at + min(before, longest), at + duration))
        usual = durations[-1]
    return found


def pack_holes(holes: Iterable[Hole]) -> bytes:
    """Give 16 bytes for each, for the database: both edges in microseconds, little-endian. Nothing for none."""
    return b"".join(_EDGES.pack(each.start // _MICROSECOND, each.end // _MICROSECOND) for each in holes)


def unpack_holes(data: bytes | memoryview) -> Sequence[Hole]:
    """Give exactly what was packed; BrokenIndex for bytes that are torn."""
    if len(data) % _EDGES.size:
        raise BrokenIndex("holes that are torn")
    return [Hole(start * _MICROSECOND, end * _MICROSECOND) for start, end in _EDGES.iter_unpack(data)]
