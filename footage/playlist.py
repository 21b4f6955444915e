"""The text of an HLS playlist of byte ranges over segments as they lie on disk: nothing is copied, nothing remuxed.

A *run* is footage out of one file without a break; each has its own EXT-X-MAP and its own clock. Addresses begin with
a place, which only the caller knows: whose they are, and until when. All is done by column, in microseconds: a day of
a camera is 21,600 groups.
"""

from base64 import b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from operator import add, sub
from typing import NamedTuple

from footage.packing import Columns

INIT = "init.mp4"
NAMES = ("a.mp4", "b.mp4")
"""Two names of one file, in turn: ffmpeg 9 asks for neighbouring ranges of one address at once, and loses its place."""

SHORTEST = timedelta(seconds=3.5)
"""A group that lasts so long ends before the next picture that playing may begin with."""

LONGEST = timedelta(seconds=8)
"""A group that would last longer ends, wherever a picture may be begun with; one longer fragment is a group alone."""

LEAST_PIECE = 1 << 18
"""Sent in smaller pieces a text takes longer: a tenth in pieces of 64 KB, half as long again in pieces of 16 KB."""

MOST_LENGTHS = 4096

BREAK = timedelta(seconds=1)
"""What is missing inside a file, and no longer, is the jitter of a camera's clock."""

_MICROSECOND = timedelta(microseconds=1)
_SHORTEST, _LONGEST, _BREAK = (each // _MICROSECOND for each in (SHORTEST, LONGEST, BREAK))


class Groups(NamedTuple):
    """Groups of fragments, each played as one, by column: bytes `offset` to `offset + size`; microseconds.

    `starts` count from the segment's start; `breaks` are the numbers of groups before which more than BREAK is missing.
    """

    offsets: Sequence[int]
    sizes: Sequence[int]
    starts: Sequence[int]
    durations: Sequence[int]
    breaks: Sequence[int] = ()

    def cut(self, first: int, last: int) -> "Groups":
        """Give those from `first` up to `last`."""
        if first <= 0 and last >= len(self.offsets):
            return self
        offsets, sizes, starts, durations = (column[first:last] for column in self[:4])
        return Groups(offsets, sizes, starts, durations, [each - first for each in self.breaks if first < each < last])


def cut_fragments(fragments: Columns, begin: int, end: int) -> Columns:
    """Give the fragments that lie from `begin` to `end` as a whole."""
    first, last = bisect_left(fragments.starts, begin), bisect_right(fragments.starts, end)
    while last > first and fragments.starts[last - 1] + fragments.durations[last - 1] > end:
        last -= 1
    seams = [each - first for each in fragments.seams if first < each < last]
    if first == 0 and last == len(fragments.keys):
        return fragments._replace(seams=seams)
    offsets, sizes, starts, durations = (column[first:last] for column in fragments[:4])
    return Columns(offsets, sizes, starts, durations, fragments.keys[first:last], seams)


def group_fragments(fragments: Columns, *, grows: bool = False) -> Groups:
    """Put fragments together, so that each group begins where playing may, as far as LONGEST allows.

    What a group holds depends on the fragments up to the one after it alone, so groups stay what they are while a file
    grows; the last group of one that `grows` is not told yet.
    """
    groups = _take_each(fragments) if _are_groups(fragments) else _join_fragments(fragments)
    return groups.cut(0, max(0, len(groups.offsets) - 1)) if grows else groups


def choose_groups(groups: Groups, begin: int, end: int) -> Groups:
    """Give the groups that touch the time from `begin` to `end`."""
    first, last = find_group(groups, begin), bisect_left(groups.starts, end)
    return groups.cut(first, max(first, last))


def find_group(groups: Groups, moment: int) -> int:
    """Give the number of the group that shows the moment, or of the next one; how many there are where none is left."""
    number = bisect_right(groups.starts, moment)
    was_before = number and groups.starts[number - 1] + groups.durations[number - 1] > moment
    return number - 1 if was_before else number


def shorten_groups(groups: Groups, longest: int) -> Groups:
    """Give groups of which none is told to last more than so many microseconds.

    What comes after one that really lasts longer is a run of its own, with its own clock.
    """
    shortened = [number + 1 for number, duration in enumerate(groups.durations) if duration > longest]
    if not shortened:
        return groups
    breaks = sorted({*groups.breaks, *(each for each in shortened if each < len(groups.offsets))})
    return groups._replace(durations=[min(each, longest) for each in groups.durations], breaks=breaks)


@dataclass(frozen=True)
class Form:
    """How media are named in a playlist: the head of a file, and groups by themselves.

    `init` is "" where each group is whole by itself. `spell_groups` gives the lines of the groups of a run; names stand
    behind the place.
    """

    init: str
    spell_groups: Callable[[Groups, str], bytes]


def spell_ranges(groups: Groups, place: str) -> bytes:
    """Name groups as bytes of their file."""
    lines = [f"#EXT-X-BYTERANGE:%d@%d\n{_escape(place)}{name}\n" for name in NAMES]
    return _spell(groups, lines, groups.sizes, groups.offsets)


def spell_streams(groups: Groups, place: str) -> bytes:
    """Name groups as files of their own that are made of these bytes."""
    return _spell(groups, [f"{_escape(place)}%d-%d.ts\n"], groups.offsets, groups.sizes)


ORIGINAL = Form(INIT, spell_ranges)
"""The bytes as they lie on disk."""

TRANSCODED = Form("", spell_streams)
"""Each group made anew, in MPEG-TS."""


def write_runs(segment_start: datetime, groups: Groups, place: str, form: Form = ORIGINAL) -> Iterator[bytes]:
    """Give the lines of each run of a segment that began then, from its EXT-X-MAP on, where it has one."""
    if not groups.offsets:
        return
    for first, last in pairwise([0, *groups.breaks, len(groups.offsets)]):
        yield _write_run(segment_start, groups.cut(first, last), place, form)


def put_head_in(run: bytes, head: bytes) -> bytes:
    """Give a run's lines with the head itself in the place of its address."""
    _, rest = run.split(b"\n", 1)
    return b'#EXT-X-MAP:URI="data:video/mp4;base64,%b"\n%b' % (b64encode(head), rest)


class Place(NamedTuple):
    """A place in all that a playlist ever told: how many groups and how many runs came before it."""

    group: int
    run: int


FIRST = Place(0, 0)


def choose_target(longest: timedelta, *, grows: bool) -> int:
    """Give the seconds that no group of a playlist lasts longer than; of one that `grows`, no usual one to come."""
    return max(1, ceil(longest.total_seconds()), ceil(LONGEST.total_seconds()) if grows else 0)


def write_playlist(runs: Iterable[bytes], target: int, *, grows: bool, begins: Place = FIRST) -> Iterator[bytes]:
    """Give the text in pieces; one that `grows` has no end, and its target may never change (RFC 8216, 6.2.1).

    One that `begins` later than it once did is no EVENT any more, of which nothing may go (RFC 8216, 4.3.3.5).
    """
    yield b"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n" % (target, begins.group)
    if begins == FIRST:
        yield b"#EXT-X-PLAYLIST-TYPE:%b\n" % (b"EVENT" if grows else b"VOD")
    else:
        yield b"#EXT-X-DISCONTINUITY-SEQUENCE:%d\n" % begins.run
    for number, run in enumerate(runs):
        if number:
            yield b"#EXT-X-DISCONTINUITY\n"
        yield run
    if not grows:
        yield b"#EXT-X-ENDLIST\n"


def gather_pieces(pieces: Iterable[bytes], least: int = LEAST_PIECE) -> list[bytes]:
    """Join small pieces of a text, so that each but the last has `least` bytes or more."""
    gathered, waiting, size = list[bytes](), list[bytes](), 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= least:
            gathered.append(b"".join(waiting))
            waiting, size = [], 0
    return [*gathered, b"".join(waiting)] if waiting else gathered


def spell_moment(moment: datetime) -> str:
    """Give the moment in UTC, to the microsecond, as PROGRAM-DATE-TIME wants it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _write_run(segment_start: datetime, run: Groups, place: str, form: Form) -> bytes:
    head = f'#EXT-X-MAP:URI="{place}{form.init}"\n' if form.init else ""
    clock = f"#EXT-X-PROGRAM-DATE-TIME:{spell_moment(segment_start + run.starts[0] * _MICROSECOND)}\n"
    return f"{head}{clock}".encode() + form.spell_groups(run, place)


def _spell(groups: Groups, lines: Sequence[str], *numbers: Sequence[int]) -> bytes:
    """Give the length of each group and one of these lines in turn, with numbers of each column put in.

    All in one go, by bytes' own formatting: group by group it takes nearly twice as long.
    """
    heads = [f"#EXTINF:%b,\n{line}".encode() for line in lines]
    count, width = len(groups.offsets), len(numbers) + 1
    values: list[bytes | int] = [0] * (count * width)
    values[::width] = map(LENGTHS.__getitem__, groups.durations)
    for place, column in enumerate(numbers, start=1):
        values[place::width] = column
    turns, rest = divmod(count, len(heads))
    return b"".join([*heads * turns, *heads[:rest]]) % tuple(values)


def _escape(place: str) -> str:
    return place.replace("%", "%%")


class Lengths(dict[int, bytes]):
    """How lengths in microseconds are spelled in seconds; a camera has few, and to find one takes half as long so as by
    `lru_cache`.
    """

    def __missing__(self, duration: int) -> bytes:
        if len(self) >= MOST_LENGTHS:
            self.clear()
        spelled = self[duration] = b"%d.%06d" % divmod(duration, 1_000_000)
        return spelled


LENGTHS = Lengths()


def _are_groups(fragments: Columns) -> bool:
    """Say whether each fragment is a group, as it is where pictures begin every four seconds."""
    return 0 not in fragments.keys and min(fragments.durations[:-1], default=_SHORTEST) >= _SHORTEST


def _take_each(fragments: Columns) -> Groups:
    ends = ((seam, fragments.starts[seam - 1] + fragments.durations[seam - 1]) for seam in fragments.seams if seam)
    breaks = [seam for seam, end in ends if fragments.starts[seam] - end > _BREAK]
    return Groups(fragments.offsets, fragments.sizes, fragments.starts, fragments.durations, breaks)


def _join_fragments(fragments: Columns) -> Groups:
    firsts = list(_list_firsts(fragments))
    bounds = list(pairwise([*firsts, len(fragments.keys)]))
    offsets, starts = [fragments.offsets[first] for first in firsts], [fragments.starts[first] for first in firsts]
    sizes = [
        fragments.offsets[last - 1] + fragments.sizes[last - 1] - fragments.offsets[first] for first, last in bounds
    ]
    ends = [max(map(add, fragments.starts[first:last], fragments.durations[first:last])) for first, last in bounds]
    breaks = [number for number in range(1, len(firsts)) if starts[number] - ends[number - 1] > _BREAK]
    return Groups(offsets, sizes, starts, list(map(sub, ends, starts)), breaks)


def _list_firsts(fragments: Columns) -> Iterator[int]:
    """Give the number of the first fragment of each group."""
    begun = end = -1
    was_silent = True
    for number, (start, duration, is_key) in enumerate(
        zip(fragments.starts, fragments.durations, fragments.keys, strict=True)
    ):
        if number == 0 or (
            not (was_silent and not duration)
            and (start - end > _BREAK or start + duration - begun > _LONGEST or (is_key and end - begun >= _SHORTEST))
        ):
            yield number
            begun = start
        end, was_silent = start + duration, not duration
