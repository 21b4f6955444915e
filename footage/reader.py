"""What an fMP4 segment of MediaMTX holds, read in one pass over its box headers: start, true duration, fragments.

The layout is `ftyp, moov, (moof, mdat)*` (v1.20.1, `recorder/format_fmp4_*.go`). A fragment is written by one call and
nothing is fsynced, so a file may end anywhere and may end in zero bytes. No picture is ever read, only what stands
before it, and whatever a file says the pass stays within `Limits`.
"""

import os
import stat
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from footage.boxes import BOX_HEADER, LONGEST_HEADER, Box, is_name, read_box
from footage.errors import BrokenBox, FootageError
from footage.header import Head, Track, parse_head
from footage.holes import LONGEST_PAUSE, Hole, find_pauses
from footage.moof import Samples, parse_moof

NOT_A_FILE = "not a regular file"
EMPTY = "empty"
NO_MOOV = "no moov"
BAD_MOOV = "the moov contradicts itself"
NO_TRACK = "no track that can be timed"
NO_FRAGMENT = "no whole fragment"
DAMAGES = (NOT_A_FILE, EMPTY, NO_MOOV, BAD_MOOV, NO_TRACK, NO_FRAGMENT)
"""Every reason for which a file holds no footage at all."""

CUT_SHORT = "the file ends inside a fragment"
NO_BOX = "what follows is not a box"
CONTRADICTION = "a fragment contradicts itself"
TOO_MUCH = "more than a segment can hold"
TEARS = (CUT_SHORT, NO_BOX, CONTRADICTION, TOO_MUCH)
"""Every reason for which a file's footage ends before the file does."""

_FIRST_GLANCE, _SMALLEST_GLANCE = 4096, 512  # bytes: a moof of 4 s at 25 frames/s is 1.5 kB, 3 kB with sound
_READ_AT_ONCE = 16_384  # bytes: a file no larger is read by one call
_MICROSECONDS = 1_000_000
_PAUSE_SECONDS = LONGEST_PAUSE // timedelta(seconds=1)
_ENDLESS = bytes(4)
_USUAL = frozenset({b"ftyp", b"moov", b"moof", b"mdat"})


@dataclass(frozen=True)
class Limits:
    """What one pass may cost: room for a day, MediaMTX's longest segment, in parts of 1 s; ours last 30 min, in 4 s.

    Reached by a file made to reach them, they are about 5 s of CPU and 60 MB.
    """

    moov_bytes: int = 1 << 20
    moof_bytes: int = 1 << 20
    read_bytes: int = 1 << 28
    boxes: int = 1_000_000
    fragments: int = 100_000
    days: int = 2


LIMITS = Limits()


class Fragment(NamedTuple):
    """A moof and its mdat: bytes `offset` to `offset + size` of the file.

    `start` counts from the segment's start (by tfdt), cut to the microsecond. `duration` and `sample_bytes` are those
    of the main track, the first with a picture, else the first: an activity cue must not hear the microphone. A
    fragment without samples of that track has 0 of both. Where the last sample is a hole, `duration` ends before it.
    `is_key`: playing may begin here.
    """

    offset: int
    size: int
    start: timedelta
    duration: timedelta
    is_key: bool
    sample_bytes: int


class SegmentReading(NamedTuple):
    """What one file holds.

    `start`, `stream_id` and `number` are MediaMTX's own mark, None where it left none. `duration` is the sum of the
    fragments'. `whole_bytes` is where the last whole fragment ends (the end of the moov if there is none, 0 without a
    moov); `init_bytes` is where the moov ends. `damage` is "" or one of DAMAGES; `tear` is "" or one of TEARS. A torn
    file is good up to `whole_bytes`; one that is still being written may be seen so for a moment. `before` is the
    fragment before the first of `fragments`, where a bookmark told of those up to it. `holes` are those of the whole
    file, in order and apart from each other: between fragments or inside one, before the last sample's end. `written`:
    when the file was last written, in seconds since 1970 by its file system's clock, as it was `size` bytes long.
    """

    size: int
    start: datetime | None = None
    stream_id: UUID | None = None
    number: int | None = None
    duration: timedelta = timedelta()
    whole_bytes: int = 0
    is_closed: bool = False
    init_bytes: int = 0
    fragments: tuple[Fragment, ...] = ()
    damage: str = ""
    tear: str = ""
    codecs: tuple[str, ...] = ()
    before: Fragment | None = None
    holes: tuple[Hole, ...] = ()
    written: float = 0.0

    @property
    def last(self) -> Fragment | None:
        """The last whole fragment."""
        return self.fragments[-1] if self.fragments else self.before

    @property
    def is_torn(self) -> bool:
        """Whether there are bytes after the last whole fragment that are of no use."""
        return self.tear != ""


class Progress(NamedTuple):
    """What a pass knows when a fragment is taken in, and all that the rest of it depends on.

    `usual` is how many ticks the main track's last sample lasts, None before the first.
    """

    whole: int = 0
    boxes: int = 0
    budget: int = 0
    glance: int = _FIRST_GLANCE
    fragments: int = 0
    duration: timedelta = timedelta()
    last: Fragment | None = None
    usual: int | None = None


_NOTHING_YET = Progress()


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a pass over a growing file stood after its last whole fragment; `inode` with its device."""

    inode: tuple[int, int]
    head_bytes: bytes
    head: Head
    progress: Progress
    holes: tuple[Hole, ...] = ()


def read_segment(path: Path | str, *, limits: Limits = LIMITS) -> SegmentReading:
    """Read a file, whatever it holds; only what the disk says is raised (FileNotFoundError, any other OSError)."""
    return read_on(path, None, limits=limits)[0]


def read_on(
    path: Path | str, bookmark: Bookmark | None, *, limits: Limits = LIMITS
) -> tuple[SegmentReading, Bookmark | None]:
    """Read a file from where the bookmark stands, else from its beginning; the new bookmark is None for none.

    What is said is what a pass from the beginning would say, but for `fragments`, which begin after the bookmark's.
    That holds as long as what lies before it is what it was, which is checked of the head, not of the rest: a file that
    was replaced, or is shorter, or whose head was written again (as MediaMTX does when it closes) is read from its
    beginning.
    """
    # O_NONBLOCK: a pipe under a segment's name would keep us waiting for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return SegmentReading(size=0, damage=NOT_A_FILE), None
        one = _Pass(
            _File(descriptor, status.st_size, status.st_mtime),
            limits,
            (status.st_dev, status.st_ino),
            limits.read_bytes,
        )
        return (bookmark and one.resume(bookmark)) or one.run(), one.mark_place()
    finally:
        os.close(descriptor)


class _Torn(FootageError):
    """The pass ends here, for this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class _File:
    """The file as long as it was when opened; it may grow meanwhile. What was read first is kept."""

    descriptor: int
    size: int
    written: float
    beginning: bytes = b""

    def __post_init__(self) -> None:
        if self.size > _READ_AT_ONCE and sys.platform == "linux":
            # Without it a spinning disk reads 128 kB ahead for each head of 2 kB.
            os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_RANDOM)

    def read_beginning(self) -> bytes:
        """Read what the head of the file fits in, or all of a small file."""
        self.beginning = self.peek(0, self.size if self.size <= _READ_AT_ONCE else _FIRST_GLANCE)
        return self.beginning

    def peek(self, at: int, length: int) -> bytes:
        """Give up to so many bytes, or those that were read already; fewer at the end."""
        if at + LONGEST_HEADER <= len(self.beginning) or len(self.beginning) == self.size:
            return self.beginning[at:]
        return os.pread(self.descriptor, max(0, min(length, self.size - at)), at)

    def judge(self, at: int, data: bytes) -> Box:
        """Give the box that begins with these bytes at a place, with its own places counted from there."""
        box = read_box(data, 0, self.size - at)
        if box is None or not is_name(box.kind):
            raise _Torn(CUT_SHORT if self.size - at < 8 else NO_BOX)
        if at + box.end > self.size:
            raise _Torn(CUT_SHORT)
        return box

    def complete(self, at: int, data: bytes, length: int) -> bytes:
        """Give at least so many bytes of what begins at a place, of which some are there already."""
        missing, at = min(length, self.size - at) - len(data), at + len(data)
        return data + os.pread(self.descriptor, missing, at) if missing > 0 else data


@dataclass
class _Pass:
    """One pass over a file; `at` is where the next box of the file begins, `glance` how much is read to see it.

    What is counted (boxes, and bytes of the budget) depends on what stands before `at` alone, never on where the file
    ends: so a pass that goes on says what one from the beginning says.
    """

    file: _File
    limits: Limits
    inode: tuple[int, int]
    budget: int
    at: int = 0
    boxes: int = 0
    glance: int = _FIRST_GLANCE
    head: Head | None = None
    init_bytes: int = 0
    is_endless: bool = False
    progress: Progress = _NOTHING_YET
    before: Fragment | None = None
    fragments: list[Fragment] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)

    def run(self) -> SegmentReading:
        """Find the moov, then walk the fragments as far as they are whole."""
        if self.file.size == 0:
            return SegmentReading(size=0, damage=EMPTY)
        self.file.read_beginning()
        try:
            self.head = self._find_head()
        except _Torn:
            return SegmentReading(size=self.file.size, damage=NO_MOOV)
        except BrokenBox:
            return SegmentReading(size=self.file.size, damage=BAD_MOOV)
        self.init_bytes = self.at
        self.progress = Progress(self.at, self.boxes, self.budget, self.glance)
        return self._read_rest(self.head)

    def resume(self, bookmark: Bookmark) -> SegmentReading | None:
        """Walk the fragments after the bookmark; None where the file is not surely the one it was."""
        progress, length = bookmark.progress, len(bookmark.head_bytes)
        if bookmark.inode != self.inode or progress.whole > self.file.size:
            return None
        if self.file.read_beginning()[:length] != bookmark.head_bytes:
            return None
        self.head, self.init_bytes, self.progress, self.before = bookmark.head, length, progress, progress.last
        self.at, self.boxes, self.budget, self.glance = progress[:4]
        self.holes = list(bookmark.holes)
        return self._read_rest(self.head)

    def mark_place(self) -> Bookmark | None:
        """Give the place reached; None where there is none to come back to: a head too long, a box without an end."""
        if self.head is None or self.is_endless or self.init_bytes > min(len(self.file.beginning), _FIRST_GLANCE):
            return None
        return Bookmark(self.inode, self.file.beginning[: self.init_bytes], self.head, self.progress, tuple(self.holes))

    def _read_rest(self, head: Head) -> SegmentReading:
        main = head.main_track
        tear = self._walk_fragments(head.tracks, main) if main else ""
        damage = "" if self.progress.fragments else NO_FRAGMENT if main else NO_TRACK
        return SegmentReading(
            size=self.file.size,
            start=head.mark.start if head.mark else None,
            stream_id=head.mark.stream_id if head.mark else None,
            number=head.mark.number if head.mark else None,
            duration=self.progress.duration,
            whole_bytes=self.progress.whole,
            is_closed=head.is_closed,
            init_bytes=self.init_bytes,
            fragments=tuple(self.fragments),
            damage=damage,
            tear=tear,
            codecs=tuple(track.codec for track in head.tracks if track.codec),
            before=self.before,
            holes=tuple(self.holes),
            written=self.file.written,
        )

    def _find_head(self) -> Head:
        while True:
            data, box = self._look()
            if box.kind == b"moov":
                if box.end > self.limits.moov_bytes:
                    raise BrokenBox("a moov larger than any")
                data = self._complete(data, box.end)
                self.at += box.end
                return parse_head(data, box.body, box.end)
            self.at += box.end

    def _walk_fragments(self, tracks: tuple[Track, ...], main: Track) -> str:
        """Take in fragments until the end of the file, or give the reason why not so far."""
        by_number = {track.id: track for track in tracks}
        try:
            while self.at < self.file.size:
                data, box = self._look()
                if box.kind == b"moof":
                    self._take_fragment(data, box, by_number, main)
                else:
                    self.at += box.end
        except _Torn as torn:
            return torn.reason
        except BrokenBox:
            return CONTRADICTION
        return ""

    def _take_fragment(self, data: bytes, box: Box, tracks: dict[int, Track], main: Track) -> None:
        if box.end > self.limits.moof_bytes or self.progress.fragments >= self.limits.fragments:
            raise _Torn(TOO_MUCH)
        data = self._complete(data, box.end + LONGEST_HEADER, least=box.end)
        self.glance = max(_SMALLEST_GLANCE, box.end + box.end // 4)
        media = self._find_media(data, box.end)
        moof = parse_moof(data, box.body, box.end, tracks, main.id)
        self._count(moof.boxes)
        if moof.all_bytes > media.end - media.body:
            raise BrokenBox("its samples do not fit its mdat")
        samples, known = moof.main, self.progress
        last = self._place(samples, main.timescale, media.end)
        self.fragments.append(last)
        self.at += media.end
        self.progress = Progress(
            self.at,
            self.boxes,
            self.budget,
            self.glance,
            known.fragments + 1,
            known.duration + last.duration,
            last,
            samples.runs[-1][1][-1] if samples.runs else known.usual,
        )

    def _find_media(self, data: bytes, at: int) -> Box:
        """Give the mdat that must follow a moof at once."""
        room = self.file.size - self.at
        media = read_box(data, at, room)
        if media is None or media.kind != b"mdat":
            raise _Torn(CUT_SHORT if room - at < 8 else NO_BOX)
        if media.end > room:
            raise _Torn(CUT_SHORT)
        self._note_end(data, at)
        return media

    def _note_end(self, data: bytes, at: int) -> None:
        """A size of 0 means up to the end of the file, which is another when the file has grown."""
        if data[at : at + 4] == _ENDLESS:
            self.is_endless = True

    def _place(self, samples: Samples, timescale: int, size: int) -> Fragment:
        """Both ends are cut to the microsecond, not the duration, so that fragments which touch still touch."""
        last, days = self.progress.last, self.limits.days
        begin = last.start + last.duration if last else timedelta()
        if samples.start is None or samples.is_key is None:
            origin, first = begin, 0
        else:
            origin, first = timedelta(), max(0, samples.start)
        start = origin + _seconds(first, timescale, days)
        end = origin + _seconds(first + samples.duration, timescale, days)
        if last and start < last.start:
            raise BrokenBox("time runs backwards")
        if start - begin > LONGEST_PAUSE:
            self._add_hole(Hole(begin, start))
        if samples.duration > _PAUSE_SECONDS * timescale:
            for pause in self._find_pauses(samples, timescale):
                hole = Hole(*(origin + _seconds(first + edge, timescale, days) for edge in pause))
                if pause[1] < samples.duration:
                    self._add_hole(hole)
                else:  # what comes next begins later than this ends, which all who read the index know already
                    end = hole.start
        return Fragment(self.at, size, start, end - start, bool(samples.is_key), samples.size)

    def _find_pauses(self, samples: Samples, timescale: int) -> list[tuple[int, int]]:
        longest, usual = _PAUSE_SECONDS * timescale, self.progress.usual
        return find_pauses(samples, longest if usual is None else usual, longest)

    def _add_hole(self, hole: Hole) -> None:
        """What begins within one that is known is left out: no recorder writes it."""
        if not self.holes or hole.start >= self.holes[-1].end:
            self.holes.append(hole)

    def _look(self) -> tuple[bytes, Box]:
        self.boxes += 1
        self.budget -= self.glance
        if self.boxes > self.limits.boxes or self.budget < 0:
            raise _Torn(TOO_MUCH)
        data = self.file.peek(self.at, self.glance)
        if len(data) >= 8:
            size, kind = BOX_HEADER.unpack_from(data)
            if 8 <= size <= self.file.size - self.at and kind in _USUAL:
                return data, Box(kind, 8, size)
        box = self.file.judge(self.at, data)
        self._note_end(data, 0)
        return data, box

    def _count(self, boxes: int) -> None:
        self.boxes += boxes
        if self.boxes > self.limits.boxes:
            raise _Torn(TOO_MUCH)

    def _spend(self, length: int) -> None:
        self.budget -= length
        if self.budget < 0:
            raise _Torn(TOO_MUCH)

    def _complete(self, data: bytes, length: int, least: int | None = None) -> bytes:
        """Give so many bytes of the box that `data` begins with; where the file ends before, `least` will do."""
        if length > self.glance:
            self._spend(length - self.glance)
        if len(data) >= length:
            return data
        data = self.file.complete(self.at, data, length)
        if len(data) < (length if least is None else least):
            raise _Torn(CUT_SHORT)  # cut while we were reading
        return data


def _seconds(ticks: int, timescale: int, days: int) -> timedelta:
    """Give the time of so many ticks; BrokenBox beyond so many days."""
    if ticks > timescale * days * 86_400:
        raise BrokenBox("more days than a segment may last")
    return timedelta(microseconds=ticks * _MICROSECONDS // timescale)
