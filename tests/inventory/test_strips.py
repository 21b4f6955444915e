"""The strip of a camera's last day."""

from datetime import timedelta

from inventory.strips import Bar, Strip, draw_strip
from recording.gaps.decisions import GapFact
from recording.gaps.spans import FOREVER, Span
from recording.models import GapCause
from tests.world import NOW

DAY = Span(NOW - timedelta(hours=24), NOW)
HOUR = timedelta(hours=1)


def test_what_was_never_wished_is_an_empty_strip() -> None:
    assert draw_strip([], [], DAY, DAY) == Strip((), "–", "Recording was not wished.")


def test_a_whole_day_is_one_bar() -> None:
    strip = draw_strip([Span(DAY.start - HOUR, FOREVER)], [], DAY, DAY)
    assert strip == Strip((Bar("covered", 0, 1440),), "100 %", "100 % of the wished time: nothing is missing.")


def test_gaps_are_cut_out_and_counted() -> None:
    gaps = [
        GapFact(NOW - 12 * HOUR, NOW - 11 * HOUR, GapCause.CAMERA_OFFLINE),
        GapFact(NOW - 2 * HOUR, NOW - 1 * HOUR, GapCause.DELETED),
    ]
    strip = draw_strip([Span(DAY.start, FOREVER)], gaps, DAY, DAY)
    assert strip.words == "91.66 % of the wished time, 2 gaps"
    assert strip.bars == (
        Bar("covered", 0, 720),
        Bar("covered", 780, 540),
        Bar("covered", 1380, 60),
        Bar("lost", 720, 60),
        Bar("deleted", 1320, 60),
    )


def test_a_gap_of_a_second_is_still_seen_and_whole_is_never_said_of_it() -> None:
    gap = GapFact(NOW - timedelta(seconds=1), NOW, GapCause.UNKNOWN)
    strip = draw_strip([Span(DAY.start, FOREVER)], [gap], DAY, DAY)
    assert strip.bars[-1] == Bar("lost", 1434, 6)
    assert strip.words == "99.99 % of the wished time, 1 gap"


def test_what_is_too_young_to_be_known_is_not_measured_and_not_drawn_as_covered() -> None:
    known = Span(DAY.start, DAY.start)
    strip = draw_strip([Span(NOW - HOUR, FOREVER)], [], DAY, known)
    assert (strip.percent, strip.bars) == ("–", (Bar("young", 1380, 60),))
    strip = draw_strip([Span(DAY.start, FOREVER)], [], DAY, Span(DAY.start, NOW - HOUR))
    assert strip.bars == (Bar("covered", 0, 1380), Bar("young", 1380, 60))
