"""The division of a disk: nobody's noise eats another's days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.retention.shares import Claim, divide_room

CLAIMS = st.dictionaries(
    st.integers(0, 8), st.builds(Claim, weight=st.integers(1, 1000), need=st.integers(0, 10**15)), max_size=6
)


def test_nobody_gets_anything_of_nothing() -> None:
    assert divide_room(100, {}) == {}
    assert divide_room(0, {"a": Claim(1, 5)}) == {"a": 0}
    assert divide_room(-5, {"a": Claim(1, 5)}) == {"a": 0}


def test_who_lacks_room_shares_by_weight() -> None:
    assert divide_room(100, {"a": Claim(3, 1000), "b": Claim(1, 1000)}) == {"a": 75, "b": 25}


def test_who_needs_less_leaves_the_rest_to_who_lacks() -> None:
    assert divide_room(100, {"quiet": Claim(1, 10), "noisy": Claim(1, 1000)}) == {"quiet": 10, "noisy": 90}


def test_what_all_leave_is_divided_by_weight() -> None:
    assert divide_room(100, {"a": Claim(1, 10), "b": Claim(3, 10)}) == {"a": 30, "b": 70}


@given(st.integers(0, 10**15), CLAIMS)
def test_the_room_is_divided_and_a_fair_part_is_never_lost(room: int, claims: dict[int, Claim]) -> None:
    given_bytes = divide_room(room, claims)
    assert set(given_bytes) == set(claims)
    if claims:
        assert sum(given_bytes.values()) == pytest.approx(room, rel=1e-6, abs=1)
    weights = sum(claim.weight for claim in claims.values())
    for key, claim in claims.items():
        assert given_bytes[key] >= min(claim.need, room * claim.weight / weights) - 1 - room * 1e-9
