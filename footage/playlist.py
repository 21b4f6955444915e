"""The text of an HLS playlist of byte ranges over segments as they lie on disk: nothing is copied, nothing remuxed.

A *run* is footage out of one file without a break; each has its own EXT-X-MAP and its own clock. Addresses begin with
`PLACE`, which stands for what only the caller knows: whose they are, and until when.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from footage.reader import Fragment

PLACE = "\0"
"""What stands in a run's text where the address of its file belongs."""

INIT = "init.mp4"
NAMES = ("a.mp4", "b.mp4")
"""Two names of one file, in turn: ffmpeg 9 asks for neighbouring ranges of one address at once, and loses its place."""

SHORTEST = timedelta(seconds=3.5)
"""A group that lasts so long ends before the next picture that playing may begin with."""

LONGEST = timedelta(seconds=8)
"""A group that would last longer ends, wherever a picture may be begun with; one longer fragment is a group alone."""

BREAK = timedelta(seconds=1)
"""What is missing inside a file, and no longer, is the jitter of a camera's clock."""


@dataclass(frozen=True, slots=True)
class Group:
    """Fragments that are played as one: bytes `offset` to `offset + size`; `start` counts from the segment's start."""

    offset: int
    size: int
    start: timedelta
    end: timedelta
    is_key: bool

    @property
    def duration(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Run:
    """Groups out of one file without a break between them; its first sample is of the moment `start`."""

    start: datetime
    groups: tuple[Group, ...]

    @property
    def end(self) -> datetime:
        """The end of the last group."""
        return self.start + (self.groups[-1].end - self.groups[0].start)


def group_fragments(fragments: Iterable[Fragment], *, grows: bool = False) -> list[Group]:
    """Put fragments together, so that each group begins where playing may, as far as LONGEST allows.

    What a group holds depends on the fragments up to the one after it alone, so groups stay what they are while a file
    grows; the last group of one that `grows` is not told yet.
    """
    groups: list[Group] = []
    pending: list[Fragment] = []
    for fragment in fragments:
        if pending and _ends_before(pending, fragment):
            groups.append(_join(pending))
            pending = []
        pending.append(fragment)
    if pending and not grows:
        groups.append(_join(pending))
    return groups


def split_runs(start: datetime, groups: Sequence[Group]) -> Iterator[Run]:
    """Cut groups of a segment that began at `start` where more than BREAK is missing between two of them."""
    first = 0
    for index in range(1, len(groups) + 1):
        if index == len(groups) or groups[index].start - groups[index - 1].end > BREAK:
            yield Run(start + groups[first].start, tuple(groups[first:index]))
            first = index


@dataclass(frozen=True)
class Form:
    """How media are named in a playlist: the head of a file, and a group by itself and its place in its run.

    `init` is "" where each group is whole by itself. `spell_group` gives the lines between EXTINF and the next group;
    names stand behind PLACE.
    """

    init: str
    spell_group: Callable[[Group, int], str]


def spell_range(group: Group, index: int) -> str:
    """Name a group as bytes of its file."""
    return f"#EXT-X-BYTERANGE:{group.size}@{group.offset}\n{PLACE}{NAMES[index % 2]}"


def spell_stream(group: Group, index: int) -> str:  # noqa: ARG001 -- a form's signature
    """Name a group as a file of its own that is made of these bytes."""
    return f"{PLACE}{group.offset}-{group.size}.ts"


ORIGINAL = Form(INIT, spell_range)
"""The bytes as they lie on disk."""

TRANSCODED = Form("", spell_stream)
"""Each group made anew, in MPEG-TS."""


def write_run(run: Run, form: Form = ORIGINAL) -> str:
    """Give the lines of a run, from its EXT-X-MAP on, where it has one."""
    lines = [f'#EXT-X-MAP:URI="{PLACE}{form.init}"'] if form.init else []
    lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{spell_moment(run.start)}")
    lines += [
        f"#EXTINF:{group.duration.total_seconds():.6f},\n{form.spell_group(group, index)}"
        for index, group in enumerate(run.groups)
    ]
    return "\n".join(lines) + "\n"


def write_playlist(runs: Iterable[str], longest: timedelta, *, grows: bool) -> str:
    """Give the whole text; one that `grows` has no end, and a target that no later group changes."""
    target = max(1, ceil(longest.total_seconds()), ceil(LONGEST.total_seconds()) if grows else 0)
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if grows else 'VOD'}",
    ]
    text = "\n".join(head) + "\n" + "#EXT-X-DISCONTINUITY\n".join(runs)
    return text if grows else text + "#EXT-X-ENDLIST\n"


def spell_moment(moment: datetime) -> str:
    """Give the moment in UTC, to the microsecond, as PROGRAM-DATE-TIME wants it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _ends_before(pending: Sequence[Fragment], fragment: Fragment) -> bool:
    first, last = pending[0], pending[-1]
    end = last.start + last.duration
    if not last.duration and not fragment.duration:
        return False
    if fragment.start - end > BREAK or fragment.start + fragment.duration - first.start > LONGEST:
        return True
    return fragment.is_key and end - first.start >= SHORTEST


def _join(fragments: Sequence[Fragment]) -> Group:
    first, last = fragments[0], fragments[-1]
    return Group(
        first.offset,
        last.offset + last.size - first.offset,
        first.start,
        max(each.start + each.duration for each in fragments),
        first.is_key,
    )
