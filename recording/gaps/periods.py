"""Days and months of a city's own calendar, and how much of the wished time in each is covered: pure arithmetic."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from recording.gaps.decisions import GapFact
from recording.gaps.spans import Span, find_touching
from recording.models import GapCause

NOTHING = timedelta(0)


class Unit(Enum):
    """By what coverage is counted."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """A day (`2026-11-03`) or a month (`2026-11`) of the city, as far as it was asked for."""

    label: str
    span: Span


@dataclass
class Measured:
    """Wished time, and what is missing of it by cause. Tolerated joints and first pictures count as covered."""

    wished: timedelta = NOTHING
    missing: dict[GapCause, timedelta] = field(default_factory=dict)

    @property
    def covered(self) -> timedelta:
        """The wished time that is no gap."""
        return self.wished - sum(self.missing.values(), NOTHING)

    @property
    def percent(self) -> float | None:
        """Covered time in percent of wished time; None where nothing was wished."""
        return _percent(self.covered, self.wished)

    @property
    def recorded_percent(self) -> float | None:
        """The same, counting in what was recorded and has since been deleted by a rule."""
        return _percent(self.covered + self.missing.get(GapCause.DELETED, NOTHING), self.wished)

    def add(self, other: "Measured") -> None:
        """Count another's in."""
        self.wished += other.wished
        for cause, length in other.missing.items():
            self.note(cause, length)

    def note(self, cause: GapCause, length: timedelta) -> None:
        """Count a gap in."""
        self.missing[cause] = self.missing.get(cause, NOTHING) + length


def list_periods(window: Span, zone: ZoneInfo, unit: Unit) -> list[Period]:
    """Give the city's days or months within the window, the first and the last cut at its edges."""
    periods, first = [], window.start.astimezone(zone).date()
    day = first if unit is Unit.DAY else first.replace(day=1)
    while (begin := begin_of(day, zone)) < window.end:
        following = day + timedelta(days=1) if unit is Unit.DAY else next_month(day)
        if span := Span(begin, begin_of(following, zone)).clip(window):
            periods.append(Period(str(day) if unit is Unit.DAY else f"{day:%Y-%m}", span))
        day = following
    return periods


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Give the moment at which a city's day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def next_month(day: date) -> date:
    """Give the first day of the month after the day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def measure(wished: Sequence[Span], gaps: Sequence[GapFact], periods: Sequence[Span]) -> list[Measured]:
    """Measure each period; `wished` must be united and the periods in order. A gap counts where it was wished."""
    measured = [Measured() for _ in periods]
    for index, part in _share(wished, periods):
        measured[index].wished += part.length
    for gap in gaps:
        within = [cut for each in find_touching(wished, gap_span(gap)) if (cut := each.clip(gap_span(gap)))]
        for index, part in _share(within, periods):
            measured[index].note(gap.cause, part.length)
    return measured


def gap_span(gap: GapFact) -> Span:
    """Give the time of a gap."""
    return Span(gap.start, gap.end)


def _share(spans: Sequence[Span], periods: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """Give each span's parts with the place of the period they lie in."""
    for span in spans:
        for index in range(bisect_right(periods, span.start, key=lambda each: each.end), len(periods)):
            if periods[index].start >= span.end:
                break
            if shared := span.clip(periods[index]):
                yield index, shared


def _percent(part: timedelta, whole: timedelta) -> float | None:
    """Give the percentage, cut after two digits: 99.999 % is not all of it."""
    return None if whole <= NOTHING else (part * 10_000 // whole) / 100
