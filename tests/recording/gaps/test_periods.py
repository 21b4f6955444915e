"""Days and months as a city counts them, and what is measured in each."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.gaps.decisions import GapFact
from recording.gaps.periods import Measured, Period, Unit, begin_of, list_periods, measure, next_month
from recording.gaps.spans import Span, unite
from recording.models import GapCause

NEW_YORK, SAO_PAULO = ZoneInfo("America/New_York"), ZoneInfo("America/Sao_Paulo")
T = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)


def hours_of(periods: list[Period]) -> dict[str, float]:
    return {period.label: period.span.length / timedelta(hours=1) for period in periods}


@pytest.mark.parametrize(
    ("zone", "first", "lengths"),
    [
        (NEW_YORK, date(2026, 3, 7), {"2026-03-07": 24, "2026-03-08": 23, "2026-03-09": 24}),
        (NEW_YORK, date(2026, 10, 31), {"2026-10-31": 24, "2026-11-01": 25, "2026-11-02": 24}),
        # Until 2019 the clocks changed at midnight itself: a day of Brazil could begin at one.
        (SAO_PAULO, date(2018, 11, 3), {"2018-11-03": 24, "2018-11-04": 23, "2018-11-05": 24}),
        (SAO_PAULO, date(2018, 2, 16), {"2018-02-16": 24, "2018-02-17": 25, "2018-02-18": 24}),
    ],
)
def test_days_may_have_23_or_25_hours(zone: ZoneInfo, first: date, lengths: dict[str, float]) -> None:
    window = Span(begin_of(first, zone), begin_of(first + timedelta(days=3), zone))
    assert hours_of(list_periods(window, zone, Unit.DAY)) == lengths


def test_months_are_cut_at_the_edges_of_what_was_asked_for() -> None:
    window = Span(datetime(2025, 12, 31, 3, tzinfo=UTC), datetime(2026, 2, 1, 4, tzinfo=UTC))
    assert hours_of(list_periods(window, SAO_PAULO, Unit.MONTH)) == {"2025-12": 24, "2026-01": 744, "2026-02": 1}
    assert (next_month(date(2026, 12, 31)), next_month(date(2026, 1, 1))) == (date(2027, 1, 1), date(2026, 2, 1))


def test_percentages_are_cut_and_never_rounded_up() -> None:
    nearly = Measured(timedelta(days=30), {GapCause.UNKNOWN: timedelta(seconds=2)})
    assert (nearly.percent, Measured(timedelta(1)).percent, Measured().percent) == (99.99, 100.0, None)
    mostly = Measured(timedelta(hours=4), {GapCause.DELETED: timedelta(hours=3), GapCause.DAMAGED: timedelta(hours=1)})
    assert (mostly.percent, mostly.recorded_percent) == (0.0, 75.0)


moments = st.integers(0, 500).map(lambda hours: T + timedelta(hours=hours))
spans = st.builds(lambda one, other: Span(min(one, other), max(one, other)), moments, moments)


@given(st.lists(spans, max_size=5), st.lists(st.tuples(spans, st.sampled_from(GapCause)), max_size=5), st.sets(moments))
def test_periods_add_up_to_the_whole(
    sessions: list[Span], gaps: list[tuple[Span, GapCause]], edges: set[datetime]
) -> None:
    wished = unite(sessions)
    apart = [GapFact(span.start, span.end, cause) for span, cause in gaps if span.start < span.end]
    cuts = sorted({T, *edges, T + timedelta(hours=501)})
    parts = measure(wished, apart, [Span(*pair) for pair in pairwise(cuts)])
    (whole,) = measure(wished, apart, [Span(cuts[0], cuts[-1])])
    together = Measured()
    for part in parts:
        together.add(part)
    assert (together.wished, together.missing) == (whole.wished, whole.missing)
    assert whole.wished == sum((span.length for span in wished), timedelta(0))
