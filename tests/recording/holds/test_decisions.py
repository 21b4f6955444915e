"""What a hold covers and what is said of it, decided without a disk."""

import errno
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cities.errors import InvalidInput
from footage.layout import is_segment_name
from recording.gaps.spans import Span
from recording.holds.decisions import (
    BOUNDARY,
    HoldState,
    LinkProblem,
    Statement,
    Touched,
    Wish,
    check_wish,
    choose_nearest,
    id_from_link,
    name_link,
    read_problem,
    state_hold,
    touches,
)

START = datetime(2026, 1, 27, 10, 0, tzinfo=UTC)
NOW = START + timedelta(hours=5)


def span(start: float, end: float) -> Span:
    """Minutes after START."""
    return Span(START + timedelta(minutes=start), START + timedelta(minutes=end))


def kept(start: float, end: float) -> Touched:
    return Touched(span(start, end), 100, is_footage=True, is_linked=True)


def coming(start: float, end: float, problem: str = "") -> Touched:
    return Touched(span(start, end), 100, is_footage=True, is_linked=False, problem=problem)


def lost(start: float, end: float) -> Touched:
    return Touched(span(start, end), 100, is_footage=True, is_linked=True, problem=LinkProblem.GONE)


def test_whole_files_are_kept_and_exact_ranges_stated() -> None:
    assert state_hold(span(0, 10), [kept(-2, 5), kept(5.01, 12)], now=NOW) == Statement(
        HoldState.HELD, kept=(span(-2, 12),), held_bytes=200
    )


def test_gaps_make_several_ranges_and_what_is_missing_lies_within_what_was_asked() -> None:
    stated = state_hold(span(0, 10), [kept(6, 8), kept(-2, 1)], now=NOW)
    assert (stated.state, stated.kept, stated.missing) == (
        HoldState.PARTLY,
        (span(-2, 1), span(6, 8)),
        (span(1, 6), span(8, 10)),
    )


def test_silence_inside_a_file_is_missing_although_the_file_is_kept() -> None:
    silent = Touched(span(0, 10), 100, is_footage=True, is_linked=True, holes=[span(3, 5)])
    statement = state_hold(span(1, 9), [silent], now=NOW)
    assert (statement.state, statement.kept) == (HoldState.PARTLY, (span(0, 3), span(5, 10)))
    assert (statement.missing, statement.held_bytes) == ((span(3, 5),), 100)


def test_until_its_link_is_made_footage_is_being_secured() -> None:
    stated = state_hold(span(0, 10), [kept(0, 4), coming(4, 10)], now=NOW)
    assert (stated.state, stated.kept, stated.securing, stated.missing, stated.held_bytes) == (
        HoldState.SECURING,
        (span(0, 4),),
        (span(4, 10),),
        (),
        100,
    )


def test_what_was_gone_before_it_could_be_held_is_missing_and_named() -> None:
    stated = state_hold(span(0, 10), [kept(0, 4), lost(4, 4.01), kept(4.01, 10)], now=NOW)
    assert (stated.state, stated.kept, stated.missing, stated.problems) == (
        HoldState.PARTLY,
        (span(0, 4), span(4.01, 10)),
        (span(4, 4.01),),
        (LinkProblem.GONE,),
    )
    assert state_hold(span(0, 10), [lost(0, 10)], now=NOW).state == HoldState.LOST


def test_a_failing_link_is_tried_again_and_its_reason_said() -> None:
    stated = state_hold(span(0, 10), [coming(0, 10, LinkProblem.FULL)], now=NOW)
    assert (stated.state, stated.securing, stated.problems) == (
        HoldState.SECURING,
        (span(0, 10),),
        (LinkProblem.FULL,),
    )


def test_time_to_come_is_not_missing() -> None:
    asked = Span(NOW - timedelta(minutes=1), NOW + timedelta(hours=1))
    assert state_hold(asked, [], now=NOW + timedelta(seconds=-40)).state == HoldState.SECURING
    footage = Touched(Span(asked.start, NOW - timedelta(seconds=8)), 1, is_footage=True, is_linked=True)
    assert state_hold(asked, [footage], now=NOW).missing == ()
    assert state_hold(asked, [footage], now=NOW + timedelta(seconds=60)).missing == (
        Span(NOW - timedelta(seconds=8), NOW + timedelta(seconds=30)),
    )


def test_a_damaged_file_is_held_but_no_footage() -> None:
    damaged = Touched(span(2, 2), 50, is_footage=False, is_linked=True)
    stated = state_hold(span(0, 10), [damaged], now=NOW)
    assert (stated.state, stated.kept, stated.missing, stated.held_bytes) == (HoldState.LOST, (), (span(0, 10),), 50)


def test_a_hold_that_ended_holds_nothing() -> None:
    for until, released_at, state in ((None, NOW, HoldState.RELEASED), (NOW, None, HoldState.EXPIRED)):
        stated = state_hold(span(0, 10), [kept(0, 10)], now=NOW, until=until, released_at=released_at)
        assert stated == Statement(state)
    assert state_hold(span(0, 10), [kept(0, 10)], now=NOW, until=NOW + BOUNDARY).state == HoldState.HELD


pieces = st.builds(
    lambda start, length, linked, gone: Touched(
        span(start, start + length), 1, is_footage=True, is_linked=linked, problem=LinkProblem.GONE if gone else ""
    ),
    st.integers(-20, 40),
    st.integers(1, 15),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(pieces, max_size=12), st.integers(0, 20), st.integers(1, 20))
def test_every_moment_asked_is_kept_being_secured_or_missing(found: list[Touched], first: int, length: int) -> None:
    asked = span(first, first + length)
    stated = state_hold(asked, found, now=NOW)
    for minute in range(first, first + length):
        moment = START + timedelta(minutes=minute, seconds=30)
        is_there = [each for each in found if each.span.start <= moment < each.span.end]

        def lies_in(spans: tuple[Span, ...], moment: datetime = moment) -> bool:
            return any(each.start <= moment < each.end for each in spans)

        assert lies_in(stated.kept) == any(each.is_kept for each in is_there)
        assert lies_in(stated.securing) == any(each.is_coming for each in is_there)
        assert lies_in(stated.missing) == (not any(each.is_kept or each.is_coming for each in is_there))
    assert all(asked.start <= each.start < each.end <= asked.end for each in stated.missing)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(span(10, 0), "why"), "ends_at"),
        (Wish(span(10, 10), "why"), "ends_at"),
        (Wish(Span(NOW, NOW + BOUNDARY), "why"), "starts_at"),
        (Wish(Span(START, NOW + timedelta(hours=24, seconds=1)), "why"), "ends_at"),
        (Wish(Span(START - timedelta(days=31), START + BOUNDARY), "why"), "ends_at"),
        (Wish(span(0, 10), "why", until=NOW), "until"),
        (Wish(span(0, 10), "  "), "reason"),
        (Wish(span(0, 10), "w" * 501), "reason"),
        (Wish(span(0, 10), "why", case_number="1" * 121), "case_number"),
    ],
)
def test_what_cannot_be_held_is_refused_at_its_field(wish: Wish, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_wish(wish, NOW)
    assert refused.value.field == field


def test_what_can_be_held_passes() -> None:
    check_wish(Wish(Span(START, NOW + timedelta(hours=24)), "w" * 500, "1" * 120, NOW + BOUNDARY), NOW)
    check_wish(Wish(Span(START - timedelta(days=31), START), "why"), NOW)


def test_the_nearest_footage_lies_before_or_after() -> None:
    asked = span(10, 20)
    assert choose_nearest(asked, []) is None
    assert choose_nearest(asked, [span(0, 8), span(21, 30)]) == span(21, 30)
    assert choose_nearest(asked, [span(0, 9.5), span(21, 30)]) == span(0, 9.5)


def test_what_ends_where_a_hold_begins_is_touched() -> None:
    asked = span(10, 20)
    touched = [span(0, 10), span(5, 30), span(20, 25), span(0, 9.99), span(20.01, 30)]
    assert [touches(asked, each) for each in touched] == [True, True, True, False, False]


@given(st.integers(1, 2**63 - 1))
def test_a_link_s_name_leads_back_and_holds_no_date(segment_id: int) -> None:
    name = name_link(segment_id)
    assert id_from_link(name) == segment_id
    assert (len(name.split("/")), name.count("-"), is_segment_name(name.rpartition("/")[2])) == (3, 0, False)


@pytest.mark.parametrize("name", [".held/00/x.mp4", ".held/01/1.mp4", ".held/00/1.mp4.jpg", ".held/00/01.mp4", "1"])
def test_other_names_are_no_links(name: str) -> None:
    assert id_from_link(name) is None


def test_errors_of_the_disk_are_said_in_words() -> None:
    known = [errno.ENOENT, errno.EEXIST, errno.ENOSPC, errno.EMLINK, errno.EXDEV, errno.EROFS, errno.EIO]
    assert [read_problem(OSError(number, "x")).value for number in known] == [
        "gone",
        "taken",
        "full",
        "links",
        "device",
        "denied",
        "failed",
    ]
