"""What a hold covers, and what is kept of what was asked: pure decisions, no I/O."""

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from cities.errors import InvalidInput
from footage.reader import LIMITS
from recording.gaps.spans import Span, subtract, unite

LONGEST_HOLD = timedelta(days=31)
LONGEST_AHEAD = timedelta(hours=24)

LONGEST_SEGMENT = timedelta(days=LIMITS.days + 1)
"""No file is read further than `LIMITS.days`: who searches what touches a moment need not look further back."""

SETTLING = timedelta(seconds=30)
"""A fragment lasts 4 s and is indexed within 10 s of its being written: time this young is not called missing yet."""

BOUNDARY = timedelta(seconds=1)
"""From one file to the next so much may pass without anything being lost."""

LONGEST_REASON = 500
LONGEST_CASE_NUMBER = 120

HELD_FOLDER = ".held"


class HoldState(TextChoices):
    """What became of a hold."""

    HELD = "held", _("held")
    SECURING = "securing", _("being secured")
    PARTLY = "partly", _("held in part")
    LOST = "lost", _("nothing is kept")
    EXPIRED = "expired", _("expired")
    RELEASED = "released", _("released")


class LinkProblem(TextChoices):
    """Why a segment has no link that keeps it, or none to rely on."""

    GONE = "gone", _("Footage was lost before it could be held.")
    TAKEN = "taken", _("Another file stands where the held one must; it is left alone.")
    ROOT = "root", _("The folder of recordings is not its media server's; is the disk mounted?")
    FULL = "full", _("The disk is full: there is no room for the entry of a held file.")
    LINKS = "links", _("The file system allows no more links to this file.")
    DEVICE = "device", _("The folder of held files lies on another file system than the footage.")
    DENIED = "denied", _("The file system does not let us hold files there.")
    FAILED = "failed", _("The file system refused; the log of the worker says how.")


_PROBLEMS = {
    errno.ENOENT: LinkProblem.GONE,
    errno.EEXIST: LinkProblem.TAKEN,
    errno.ENOSPC: LinkProblem.FULL,
    errno.EDQUOT: LinkProblem.FULL,
    errno.EMLINK: LinkProblem.LINKS,
    errno.EXDEV: LinkProblem.DEVICE,
    errno.EACCES: LinkProblem.DENIED,
    errno.EPERM: LinkProblem.DENIED,
    errno.EROFS: LinkProblem.DENIED,
}


class NoFootage(InvalidInput):
    """There is nothing to hold in this time; `nearest` is the stretch of footage next to it, None without any."""

    def __init__(self, nearest: Span | None) -> None:
        there = f"The nearest is from {nearest.start.isoformat()} to {nearest.end.isoformat()}." if nearest else ""
        nothing = "There is no footage of this camera in this time." if nearest else "This camera has no footage."
        super().__init__(f"{nothing} {there}".strip(), field="starts_at")
        self.nearest = nearest


@dataclass(frozen=True)
class Wish:
    """What somebody asks to be held, and why."""

    asked: Span
    reason: str
    case_number: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Touched:
    """A segment that a hold touches. `is_footage`: it can be replayed; `is_linked`: its link was made.

    `holes`: where inside it there is no picture, in order and apart from each other.
    """

    span: Span
    size: int
    is_footage: bool
    is_linked: bool
    problem: str = ""
    holes: Sequence[Span] = ()

    @property
    def is_kept(self) -> bool:
        """Whether no cleaner can take it."""
        return self.is_linked and not self.problem

    @property
    def is_coming(self) -> bool:
        """Whether it may still be kept."""
        return not self.is_kept and self.problem != LinkProblem.GONE


@dataclass(frozen=True)
class Statement:
    """What is kept of what was asked: stretches of footage, in order, beyond what was asked where files reach further.

    `missing` lies within what was asked, and before now. `problems` are those that stand in the way at this moment.
    """

    state: HoldState
    kept: tuple[Span, ...] = ()
    securing: tuple[Span, ...] = ()
    missing: tuple[Span, ...] = ()
    held_bytes: int = 0
    problems: tuple[LinkProblem, ...] = ()


def check_wish(wish: Wish, now: datetime) -> None:
    """Refuse what cannot be held, whatever footage there is. Raises InvalidInput."""
    asked = wish.asked
    if asked.end <= asked.start:
        raise InvalidInput("The end must be later than the beginning; are they swapped?", field="ends_at")
    if asked.start >= now:
        raise InvalidInput("This time lies in the future; a hold begins in the past.", field="starts_at")
    if asked.end > now + LONGEST_AHEAD:
        raise InvalidInput("A hold reaches no further than 24 hours ahead; make another one then.", field="ends_at")
    if asked.end - asked.start > LONGEST_HOLD:
        raise InvalidInput("A hold is no longer than 31 days; make several.", field="ends_at")
    if wish.until is not None and wish.until <= now:
        raise InvalidInput("A hold cannot end in the past; leave it empty to hold until it is released.", field="until")
    _check_texts(wish)


def touches(asked: Span, segment: Span) -> bool:
    """Say whether a hold of the one time covers the other; to end where the other begins is enough."""
    return segment.start <= asked.end and segment.end >= asked.start


def claim_span(start: datetime, end: datetime, claims_until: datetime | None) -> Span:
    """Give the time for which a file is held: of one that is torn, up to the last byte that was written."""
    return Span(start, max(end, claims_until or end))


def cut_claim(asked: Span, piece: Touched) -> Touched:
    """Give what is held for its torn end alone as what it is: bytes that are kept, and no footage of that time."""
    return piece if touches(asked, piece.span) else replace(piece, is_footage=False)


def choose_nearest(asked: Span, found: Iterable[Span]) -> Span | None:
    """Give the stretch that is least far from what was asked, None where there is none."""
    return min(found, key=lambda span: max(asked.start - span.end, span.start - asked.end), default=None)


def name_link(segment_id: int) -> str:
    """Give the name of a held segment below its media server's folder.

    It holds no date, so MediaMTX's cleaner takes it for nothing of its own. Neighbours share a folder: a hold of many
    segments then waits for few folders to reach the disk.
    """
    return f"{HELD_FOLDER}/{(segment_id >> 8) & 0xFF:02x}/{segment_id}.mp4"


def id_from_link(name: str) -> int | None:
    """Give the segment that a name below the folder stands for, None where `name_link` never gives such a name."""
    stem = name.rpartition("/")[2].removesuffix(".mp4")
    is_number = stem.isascii() and stem.isdecimal() and len(stem) <= 19 and int(stem) < 2**63
    return int(stem) if is_number and name_link(int(stem)) == name else None


def read_problem(error: OSError) -> LinkProblem:
    """Give what an error of the file system means for a held file."""
    return _PROBLEMS.get(error.errno or 0, LinkProblem.FAILED)


def state_hold(
    asked: Span,
    touched: Iterable[Touched],
    *,
    now: datetime,
    until: datetime | None = None,
    released_at: datetime | None = None,
) -> Statement:
    """State what is kept of what was asked, what is being secured, and what is missing."""
    if released_at is not None:
        return Statement(HoldState.RELEASED)
    if until is not None and until <= now:
        return Statement(HoldState.EXPIRED)
    pieces = sorted(touched, key=lambda piece: piece.span)
    footage = [(part, piece) for piece in pieces if piece.is_footage for part in subtract(piece.span, piece.holes)]
    kept = _join([(part, piece.is_kept) for part, piece in footage])
    securing = _join([(part, piece.is_coming) for part, piece in footage])
    covered = _join([(part, piece.is_kept or piece.is_coming) for part, piece in footage])
    missing = tuple(subtract(Span(asked.start, min(asked.end, now - SETTLING)), unite(covered)))
    return Statement(
        state=_choose_state(kept, securing, missing),
        kept=kept,
        securing=securing,
        missing=missing,
        held_bytes=sum(piece.size for piece in pieces if piece.is_kept),
        problems=tuple(dict.fromkeys(LinkProblem(piece.problem) for piece in pieces if piece.problem)),
    )


def _check_texts(wish: Wish) -> None:
    if not wish.reason.strip():
        raise InvalidInput("A hold needs a reason: who asks for this footage, and why.", field="reason")
    if len(wish.reason) > LONGEST_REASON:
        raise InvalidInput("The reason is longer than 500 characters.", field="reason")
    if len(wish.case_number) > LONGEST_CASE_NUMBER:
        raise InvalidInput("The case number is longer than 120 characters.", field="case_number")


def _choose_state(kept: Sequence[Span], securing: Sequence[Span], missing: Sequence[Span]) -> HoldState:
    if securing or not (kept or missing):
        return HoldState.SECURING
    if missing:
        return HoldState.PARTLY if kept else HoldState.LOST
    return HoldState.HELD


def _join(pieces: Iterable[tuple[Span, bool]]) -> tuple[Span, ...]:
    """Join the stretches that count, across boundaries between files but never across one that does not count."""
    joined: list[Span] = []
    may_join = False
    for span, counts in pieces:
        if counts and may_join and span.start - joined[-1].end <= BOUNDARY:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        elif counts:
            joined.append(span)
        may_join = counts
    return tuple(joined)
