"""The last day of a camera as a strip: when recording was wished, and where footage is missing. Pure arithmetic."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recording.gaps.decisions import GapFact
from recording.gaps.periods import Measured, gap_span, measure
from recording.gaps.spans import Span, find_touching, subtract, unite
from recording.gaps.words import WHOLE, say_percent, write_percent
from recording.models import GapCause

DAY = timedelta(hours=24)
WIDTH = 1440
"""Units of the drawing, one for each minute."""
THINNEST = 6
"""Units, about a pixel; a gap of some seconds must still be seen, and so must the first footage."""


@dataclass(frozen=True)
class Bar:
    """A part of the strip; `kind` is covered, young, lost or deleted, `x` and `width` are units of the drawing."""

    kind: str
    x: int
    width: int


@dataclass(frozen=True)
class Strip:
    """A camera's last day, drawn and in words."""

    bars: tuple[Bar, ...]
    percent: str
    words: str


def draw_strip(sessions: Iterable[Span], gaps: Sequence[GapFact], day: Span, known_until: Span) -> Strip:
    """Draw the day; what is wished beyond `known_until` is too young to be known, and is drawn so."""
    wished = [part for each in unite(sessions) if (part := each.clip(day))]
    missing = [gap for gap in gaps if gap_span(gap).clip(day)]
    measured = _measure(wished, missing, known_until)
    return Strip(
        tuple(_draw(wished, missing, day, known_until)), _say_percent(measured), _say_strip(measured, len(missing))
    )


def _measure(wished: Sequence[Span], gaps: Sequence[GapFact], known: Span) -> Measured:
    within = [part for each in wished if (part := each.clip(known))]
    return measure(within, gaps, [known])[0] if known.length > timedelta(0) else Measured()


def _draw(wished: Sequence[Span], gaps: Sequence[GapFact], day: Span, known: Span) -> Iterable[Bar]:
    lost = unite(gap_span(gap) for gap in gaps)
    for each in wished:
        for there in subtract(each, lost):
            if covered := there.clip(known):
                yield _bar("covered", covered, day)
            if young := there.clip(Span(known.end, day.end)):
                yield _bar("young", young, day)
    for gap in gaps:
        kind = "deleted" if gap.cause == GapCause.DELETED else "lost"
        for each in find_touching(wished, gap_span(gap)):
            if part := each.clip(gap_span(gap)):
                yield _bar(kind, part, day)


def _bar(kind: str, part: Span, day: Span) -> Bar:
    start = int((part.start - day.start) / DAY * WIDTH)
    width = max(THINNEST, int((part.end - day.start) / DAY * WIDTH) - start)
    return Bar(kind, min(start, WIDTH - width), width)


def _say_percent(measured: Measured) -> str:
    return "–" if measured.percent is None else f"{write_percent(measured.percent)} %"


def _say_strip(measured: Measured, gaps: int) -> str:
    if measured.percent is None:
        return _("Recording was not wished.")
    if measured.percent == WHOLE and not gaps:
        return _("100 % of the wished time: nothing is missing.")
    return ngettext(
        "%(percent)s %% of the wished time, %(count)d gap",
        "%(percent)s %% of the wished time, %(count)d gaps",
        gaps,
    ) % {"percent": say_percent(measured.percent), "count": gaps}
