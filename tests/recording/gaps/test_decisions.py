"""The ledger of gaps: what is one, why, and that every way of computing it gives the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from recording.gaps.decisions import (
    FIRST_PICTURE,
    JOINT,
    NUMBERED_JOINT,
    Facts,
    GapFact,
    SegmentFact,
    find_gaps,
    horizon_of,
    join_footage,
    stitch,
)
from recording.gaps.spans import FOREVER, Span, subtract, unite
from recording.models import GapCause

T = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)
NOW = T + timedelta(hours=2)
STREAM = UUID("11111111-2222-3333-4444-555555555555")
WHOLE = Span(T - timedelta(days=3), FOREVER)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


def segment(
    start: float, end: float, state: str = "ready", number: int | None = None, holes: Sequence[Span] = ()
) -> SegmentFact:
    return SegmentFact(at(start), at(end), state, STREAM if number is not None else None, number, holes)


def gaps_of(
    segments: Sequence[SegmentFact],
    causes: dict[GapCause, list[Span]] | None = None,
    *,
    session: Span | None = None,
    deleted: Sequence[Span] = (),
) -> list[tuple[Any, ...]]:
    """Give the gaps of a session from 0 to 3600 as (start, end, cause), in seconds."""
    facts = Facts([session or span(0, 3600)], segments, causes or {}, deleted)
    return [
        (
            (gap.start - T).total_seconds(),
            None if gap.end == FOREVER else (gap.end - T).total_seconds(),
            gap.cause.value,
        )
        for gap in find_gaps(facts, WHOLE, NOW)
    ]


def test_footage_of_the_whole_session_leaves_no_gap() -> None:
    assert gaps_of([segment(0, 1800), segment(1800, 3600)]) == []


def test_segments_that_meet_within_a_second_are_continuous() -> None:
    assert gaps_of([segment(0, 1800), segment(1801, 3600)]) == []
    assert gaps_of([segment(0, 1800), segment(1801.001, 3600)]) == [(1800, 1801.001, "unknown")]


def test_numbered_segments_may_lie_five_seconds_apart() -> None:
    assert gaps_of([segment(0, 1800, number=1), segment(1805, 3600, number=2)]) == []
    assert gaps_of([segment(0, 1800, number=1), segment(1805, 3600, number=3)]) == [(1800, 1805, "unknown")]
    assert gaps_of([segment(0, 1800, number=1), segment(1806, 3600, number=2)]) == [(1800, 1806, "unknown")]


def test_a_hole_inside_a_file_is_a_gap_as_any_other() -> None:
    holed = segment(0, 3600, number=1, holes=[span(100, 108), span(1000, 1600)])
    assert gaps_of([holed]) == [(100, 108, "unknown"), (1000, 1600, "unknown")]
    causes = {GapCause.INGEST_DOWN: [span(112, 113)], GapCause.CAMERA_OFFLINE: [span(1010, 1590)]}
    assert gaps_of([holed], causes) == [(100, 108, "ingest_down"), (1000, 1600, "camera_offline")]


def test_a_hole_that_another_file_covers_is_none() -> None:
    assert gaps_of([segment(0, 1800, holes=[span(600, 1000)]), segment(500, 3600)]) == []
    assert gaps_of([segment(0, 3600, holes=[span(600, 1000)]), segment(500, 900)]) == [(900, 1000, "unknown")]


def test_a_hole_does_not_join_what_lies_around_it() -> None:
    """The numbers of files say nothing of what is missing inside one."""
    facts = [segment(0, 1800, number=1, holes=[span(0, 6), span(1790, 1796)]), segment(1804, 3600, number=2)]
    assert gaps_of(facts, session=span(-60, 3600)) == [
        (-60, 6, "unknown"),
        (1790, 1796, "unknown"),
    ]


def test_the_first_picture_may_take_ten_seconds() -> None:
    assert gaps_of([segment(10, 3600)]) == []
    assert gaps_of([segment(11, 3600)]) == [(0, 11, "unknown")]


def test_what_is_being_deleted_or_damaged_is_no_footage() -> None:
    torn = [segment(0, 1800), segment(1800, 3600, "deleting")]
    assert gaps_of(torn) == [(1800, 3600, "deleted")]
    assert gaps_of(torn, deleted=[span(1800, 3600)]) == [(1800, 3600, "deleted")]
    assert gaps_of([segment(0, 1000), segment(1000, 1000, "damaged"), segment(2000, 3600)]) == [(1000, 2000, "damaged")]


def test_damage_explains_only_what_nothing_else_does() -> None:
    causes = {GapCause.CAMERA_OFFLINE: [span(1500, 1990)]}
    assert gaps_of([segment(0, 1000), segment(1000, 1200, "damaged"), segment(2000, 3600)], causes) == [
        (1000, 1500, "damaged"),
        (1500, 1990, "camera_offline"),
        (1990, 2000, "damaged"),
    ]


def test_damage_within_other_footage_explains_nothing_after_it() -> None:
    assert gaps_of([segment(0, 1000), segment(500, 600, "damaged"), segment(2000, 3600)]) == [(1000, 2000, "unknown")]


def test_the_server_is_told_before_the_disk_and_the_disk_before_the_camera() -> None:
    causes = {
        GapCause.CAMERA_OFFLINE: [span(900, 2100)],
        GapCause.DISK_FULL: [span(1200, 1900)],
        GapCause.SERVER_DOWN: [span(1500, 1600)],
    }
    assert gaps_of([segment(0, 1000), segment(2000, 3600)], causes) == [
        (1000, 1200, "camera_offline"),
        (1200, 1500, "disk_full"),
        (1500, 1600, "server_down"),
        (1600, 1900, "disk_full"),
        (1900, 2000, "camera_offline"),
    ]


def test_a_short_remainder_belongs_to_its_neighbour_and_a_long_one_is_unknown() -> None:
    offline = {GapCause.CAMERA_OFFLINE: [span(1060, 1500)]}
    assert gaps_of([segment(0, 1000), segment(1560, 3600)], offline) == [(1000, 1560, "camera_offline")]
    assert gaps_of([segment(0, 999), segment(1561, 3600)], offline) == [
        (999, 1060, "unknown"),
        (1060, 1500, "camera_offline"),
        (1500, 1561, "unknown"),
    ]
    assert gaps_of([segment(0, 1000), segment(1030, 3600)]) == [(1000, 1030, "unknown")]


def test_a_short_hole_right_beside_an_outage_is_the_outage_s() -> None:
    """Footage keeps the camera's pace: its clock may run seconds ahead of the one that outages are seen by."""
    footage, down = [segment(0, 1800), segment(1806, 3600)], GapCause.SERVER_DOWN
    for outage, cause in (
        (span(1785, 1799), "server_down"),
        (span(1807, 1815), "server_down"),
        (span(1770, 1784), "unknown"),
        (span(1822, 1830), "unknown"),
    ):
        assert gaps_of(footage, {down: [outage]}) == [(1800, 1806, cause)]
    assert gaps_of(footage, deleted=[span(1785, 1799)]) == [(1800, 1806, "unknown")]
    long = [segment(0, 1800), segment(1900, 3600)]
    assert gaps_of(long, {down: [span(1785, 1799)]}) == [(1800, 1900, "unknown")]


def test_what_was_deleted_explains_its_own_time_and_not_a_second_more() -> None:
    deleted = [span(0, 1000), span(1030, 2000)]
    assert gaps_of([segment(2000, 3600)], deleted=deleted) == [
        (0, 1000, "deleted"),
        (1000, 1030, "unknown"),
        (1030, 2000, "deleted"),
    ]
    assert gaps_of([segment(2000, 3600)], deleted=[span(9, 1000), span(1000.9, 2000)]) == [(0, 2000, "deleted")]


def test_what_was_deleted_was_recorded_whatever_else_is_told() -> None:
    offline = {GapCause.CAMERA_OFFLINE: [span(990, 1500)]}
    assert gaps_of([segment(1510, 3600)], offline, deleted=[span(0, 1000)]) == [
        (0, 1000, "deleted"),
        (1000, 1510, "camera_offline"),
    ]


def test_a_damaged_file_explains_up_to_footage_that_is_deleted_by_now() -> None:
    damaged = [segment(1000, 1000, "damaged")]
    assert gaps_of(damaged, deleted=[span(0, 1000), span(2000, 3000)]) == [
        (0, 1000, "deleted"),
        (1000, 2000, "damaged"),
        (2000, 3000, "deleted"),
        (3000, 3600, "unknown"),
    ]


def test_a_remainder_between_two_causes_goes_to_the_first() -> None:
    causes = {GapCause.SERVER_DOWN: [span(1000, 1100)], GapCause.STREAM_REFUSED: [span(1130, 1300)]}
    assert gaps_of([segment(0, 1000), segment(1300, 3600)], causes) == [
        (1000, 1130, "server_down"),
        (1130, 1300, "stream_refused"),
    ]


def test_outages_outside_the_wish_or_over_footage_are_no_gaps() -> None:
    causes = {GapCause.CAMERA_OFFLINE: [span(-500, -100), span(200, 300), span(3600, 9000)]}
    assert gaps_of([segment(0, 3600)], causes) == []


def test_a_gap_that_reaches_the_youngest_footage_lasts() -> None:
    open_session = Span(T, FOREVER)
    known_until = (horizon_of(NOW) - T).total_seconds()
    assert gaps_of([segment(0, known_until)], session=open_session) == []
    assert gaps_of([segment(0, known_until - 1)], session=open_session) == []
    assert gaps_of([segment(0, known_until - 2)], session=open_session) == [(known_until - 2, None, "unknown")]
    assert gaps_of([segment(0, known_until, "open")], session=open_session) == []
    just_begun = Span(NOW - timedelta(seconds=30), FOREVER)
    assert gaps_of([], session=just_begun) == []


def test_sessions_that_meet_are_one_wish() -> None:
    facts = Facts([span(0, 100), span(100, 3600)], [segment(0, 100), segment(108, 3600)])
    assert find_gaps(facts, WHOLE, NOW) == [GapFact(at(100), at(108), GapCause.UNKNOWN)]


def test_a_window_younger_than_what_is_known_holds_what_lasts_and_nothing_else() -> None:
    facts, window = Facts([Span(T, FOREVER)]), Span(NOW, FOREVER)
    assert find_gaps(facts, window, NOW) == [GapFact(NOW, FOREVER, GapCause.UNKNOWN)]
    assert find_gaps(Facts([Span(T, FOREVER)], [segment(0, 9000)]), window, NOW) == []


moments = st.integers(-600, 7000)
lengths = st.integers(0, 1500)
spans = st.builds(lambda start, length: span(start, start + length), moments, lengths)
NOT_OBSERVED = {GapCause.DELETED, GapCause.DAMAGED, GapCause.UNKNOWN}
STATES = ("ready", "ready", "open", "damaged", "deleting")


@dataclass(frozen=True)
class Story:
    """What may have happened to a camera."""

    facts: Facts
    now: datetime


@st.composite
def stories(draw: st.DrawFn) -> Story:
    sessions = draw(st.lists(spans, max_size=4))
    if draw(st.booleans()):
        sessions.append(Span(at(draw(moments)), FOREVER))
    segments = [
        SegmentFact(
            each.start,
            each.end,
            draw(st.sampled_from(STATES)),
            STREAM,
            draw(st.integers(0, 5)),
            [part for hole in draw(st.lists(spans, max_size=1)) if (part := hole.clip(each))],
        )
        for each in draw(st.lists(spans, max_size=12, unique_by=lambda each: each.start))
    ]
    causes = {cause: draw(st.lists(spans, max_size=3)) for cause in GapCause if cause not in NOT_OBSERVED}
    return Story(
        Facts(sessions, segments, causes, draw(st.lists(spans, max_size=3))), at(draw(st.integers(-700, 9000)))
    )


def by_start(each: SegmentFact) -> datetime:
    return each.start


def length_of(parts: Sequence[Span]) -> timedelta:
    return sum((part.length for part in parts), timedelta())


@given(stories())
def test_covered_and_missing_time_together_are_the_wished_time(story: Story) -> None:
    """I12: what is neither footage nor a gap are the joints and the first pictures, and nothing is both."""
    horizon = horizon_of(story.now)
    window = Span(at(-10_000), max(horizon, at(-9_999)))
    wished = [part for each in unite(story.facts.sessions) if (part := each.clip(window))]
    footage = join_footage(story.facts.segments)
    gaps = find_gaps(story.facts, Span(window.start, FOREVER), story.now)
    known = [Span(gap.start, min(gap.end, window.end)) for gap in gaps]
    covered = [part for each in wished for other in footage if (part := each.clip(other))]
    assert all(before.end <= after.start for before, after in pairwise(known))
    assert not any(gap.clip(other) for gap in known for other in footage)
    assert [part for gap in known for part in subtract(gap, wished)] == []
    tolerated = length_of(wished) - length_of(covered) - length_of(known)
    most = len(wished) * (FIRST_PICTURE + JOINT) + sum(1 + len(each.holes) for each in story.facts.segments) * JOINT
    assert timedelta(0) <= tolerated <= most
    assert NUMBERED_JOINT < FIRST_PICTURE


@given(stories(), st.lists(st.integers(-900, 8000), max_size=5))
def test_windows_side_by_side_give_what_one_window_gives(story: Story, cuts: list[int]) -> None:
    whole = find_gaps(story.facts, WHOLE, story.now)
    edges = [WHOLE.start, *sorted({at(cut) for cut in cuts}), FOREVER]
    windows = [Span(start, end) for start, end in pairwise(edges)]
    for order in (windows, windows[::-1]):
        ledger: list[GapFact] = []
        for window in order:
            ledger = stitch(ledger, find_gaps(story.facts, window, story.now), window)
        assert ledger == whole


@given(stories(), st.randoms())
def test_the_order_of_what_is_known_does_not_matter(story: Story, random: Any) -> None:
    def shuffled(items: Sequence[Any]) -> list[Any]:
        return sorted(items, key=lambda _: random.random())

    facts = story.facts
    other = Facts(
        shuffled(facts.sessions),
        shuffled(facts.segments),
        {cause: shuffled(facts.causes[cause]) for cause in shuffled(list(facts.causes))},
        shuffled(facts.deleted),
    )
    assert find_gaps(other, WHOLE, story.now) == find_gaps(facts, WHOLE, story.now)


@given(stories(), st.randoms())
def test_what_was_missing_is_missing_with_the_same_cause_when_footage_is_deleted(story: Story, random: Any) -> None:
    """However a camera's footage goes, bit by bit or at once: whether it was recorded is told as before."""
    left = [replace(each, number=place) for place, each in enumerate(sorted(story.facts.segments, key=by_start))]
    covered = join_footage(left, {"open", "ready", "deleting"})
    told = find_gaps(replace(story.facts, segments=left, deleted=()), WHOLE, story.now)
    before = [each for each in told if each.cause != GapCause.DELETED]
    for going in random.sample(left, len(left)):
        if going.state == "damaged":
            continue
        left.remove(going)
        deleted = [part for each in covered for part in subtract(each, join_footage(left))]
        facts = replace(story.facts, segments=left, deleted=deleted)
        after = find_gaps(facts, WHOLE, story.now)
        assert [each for each in after if each.cause != GapCause.DELETED] == before


@given(stories())
def test_a_ledger_computed_twice_is_the_same(story: Story) -> None:
    once = find_gaps(story.facts, WHOLE, story.now)
    assert stitch(once, find_gaps(story.facts, WHOLE, story.now), WHOLE) == once
