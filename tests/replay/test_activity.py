"""Levels of activity, put into a timeline's buckets."""

from hypothesis import given
from hypothesis import strategies as st

from replay.activity import show_activity, take_most


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
    begin, end = 700_000_000, 700_000_000 + 10_000_000 * cells
    levels = bytes(150 + number * 7 % 9 for number in range(cells))
    narrow = show_activity([(begin, begin, end, levels)], begin, end, 10)
    count = -(-10 * cells // resolution)
    edges = [(number * resolution // 10, -(-(number + 1) * resolution // 10)) for number in range(count)]
    assert list(show_activity([(begin, begin, end, levels)], begin, end, resolution)) == [
        max(narrow[first:last], default=0) for first, last in edges
    ]
