"""Levels of activity, put into a timeline's buckets."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recording.gaps.spans import Span
from replay.activity import show_activity, take_most
from replay.timeline import Piece


@given(
    st.integers(1, 50).flatmap(
        lambda length: st.lists(
            st.lists(st.integers(0, 127), min_size=length, max_size=length), min_size=1, max_size=13
        )
    )
)
def test_the_most_of_each_column_is_taken(rows: list[list[int]]) -> None:
    assert list(take_most([bytes(row) for row in rows])) == [max(column) for column in zip(*rows, strict=True)]


def test_no_columns_have_nothing() -> None:
    assert take_most([b"", b""]) == b""


@given(st.integers(1, 400), st.integers(1, 4_000))
def test_a_bucket_shows_the_most_that_is_in_it_however_wide_it_is(cells: int, resolution: int) -> None:
    start = datetime(2026, 1, 27, tzinfo=UTC)
    window = Span(start, start + timedelta(seconds=10 * cells))
    begun, ended = (round(moment.timestamp() * 1000) for moment in (window.start, window.end))
    levels = bytes(150 + number * 7 % 9 for number in range(cells))
    piece = Piece(begun, begun, begun, ended, "ready", levels, "", "", "")
    narrow = show_activity([piece], window, 10)
    count = -(-10 * cells // resolution)
    edges = [(number * resolution // 10, -(-(number + 1) * resolution // 10)) for number in range(count)]
    assert list(show_activity([piece], window, resolution)) == [
        max(narrow[first:last], default=0) for first, last in edges
    ]
