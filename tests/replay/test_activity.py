"""Levels of activity, put into a timeline's buckets."""

from hypothesis import given
from hypothesis import strategies as st

from replay.activity import take_most


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
