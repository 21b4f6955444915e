"""Stretches of time and their arithmetic: half open, in order, apart from each other where a list says so."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what lasts on."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` up to, and without, `end`."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts; zero or less for one that is none."""
        return self.end - self.start

    def clip(self, other: "Span") -> "Span | None":
        """Give the part of it that lies in the other, None where none does."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


def unite(spans: Iterable[Span]) -> list[Span]:
    """Give the same time as few spans, in order and apart from each other."""
    united: list[Span] = []
    for span in sorted(span for span in spans if span.start < span.end):
        if united and span.start <= united[-1].end:
            united[-1] = Span(united[-1].start, max(united[-1].end, span.end))
        else:
            united.append(span)
    return united


def find_touching(spans: Sequence[Span], span: Span) -> Iterator[Span]:
    """Give those of united spans that share time with the span; does not walk over the others."""
    first = bisect_right(spans, span.start, key=lambda each: each.end)
    for index in range(first, len(spans)):
        if spans[index].start >= span.end:
            return
        yield spans[index]


def subtract(span: Span, others: Sequence[Span]) -> list[Span]:
    """Give what is left of the span without the others, which must be united."""
    left, start = [], span.start
    for other in find_touching(others, span):
        if other.start > start:
            left.append(Span(start, other.start))
        start = max(start, other.end)
    return [*left, Span(start, span.end)] if start < span.end else left
