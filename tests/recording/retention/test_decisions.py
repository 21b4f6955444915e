"""Promises, who goes first, and whose: the pure decisions."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.models import DeletionRule
from recording.retention.decisions import (
    AgeLimit,
    Candidate,
    Choice,
    Footprint,
    Policy,
    choose,
    choose_policy,
    is_early,
    is_mass_removal,
    limit_age,
    share_loss,
    take_oldest,
)
from tests.world import NOW

CAMERA, CITY = UUID(int=1), UUID(int=2)


def candidate(pk: int, days: float, size: int = 10) -> Candidate:
    return Candidate(pk, CAMERA, CITY, NOW - timedelta(days=days), size)


@pytest.mark.parametrize(
    ("of_camera", "of_city", "expected"),
    [
        (None, None, Policy(7)),
        (None, Policy(15), Policy(15)),
        (Policy(30), None, Policy(30)),
        (Policy(1), Policy(30, 60, 10**9), Policy(1)),
    ],
)
def test_the_cameras_policy_beats_the_citys_which_beats_the_default(
    of_camera: Policy | None, of_city: Policy | None, expected: Policy
) -> None:
    assert choose_policy(of_camera, of_city) == expected


@pytest.mark.parametrize(
    ("policy", "days", "rule"),
    [
        (Policy(7), 7, DeletionRule.AGE),
        (Policy(7, 30), 30, DeletionRule.MAXIMUM),
        (Policy(7, 7), 7, DeletionRule.MAXIMUM),
        (Policy(3650, 3650), 3650, DeletionRule.MAXIMUM),
    ],
)
def test_what_is_older_than_the_policy_keeps_goes(policy: Policy, days: int, rule: DeletionRule) -> None:
    assert limit_age(policy, NOW) == AgeLimit(NOW - timedelta(days=days), rule)


def test_early_is_what_started_within_the_promise() -> None:
    exactly, second = NOW - timedelta(days=7), timedelta(seconds=1)
    found = [is_early(start, Policy(7), NOW) for start in (exactly - second, exactly, exactly + second)]
    assert found == [False, False, True]


@given(st.integers(1, 3650), st.integers(0, 3650), st.floats(0, 5000))
def test_the_age_rule_never_breaks_a_promise(days: int, more: int, age: float) -> None:
    policy, start = Policy(days, days + more), NOW - timedelta(days=age)
    assert not (start < limit_age(policy, NOW).before and is_early(start, policy, NOW))


@pytest.mark.parametrize(("excess", "taken"), [(-5, 0), (0, 0), (1, 1), (10, 1), (11, 2), (1000, 3), (10**30, 3)])
def test_the_oldest_go_until_enough_is_free(excess: int, taken: int) -> None:
    candidates = [candidate(3, 9), candidate(1, 5), candidate(2, 1)]
    assert take_oldest(candidates, excess) == candidates[:taken]


def test_each_choice_says_whether_it_breaks_the_promise() -> None:
    chosen = choose([candidate(1, 8), candidate(2, 3)], DeletionRule.QUOTA, {}, NOW)
    assert chosen == [Choice(1, DeletionRule.QUOTA, False), Choice(2, DeletionRule.QUOTA, True)]
    assert choose([candidate(1, 8)], DeletionRule.QUOTA, {CAMERA: Policy(9)}, NOW)[0].is_early is True


def test_the_noisy_city_loses_and_the_quiet_one_keeps_all() -> None:
    cities = {"noisy": Footprint(900, 900, 7), "quiet": Footprint(100, 100, 7)}
    assert share_loss(200, cities) == {"noisy": 200, "quiet": 0}


def test_many_cameras_have_a_larger_share() -> None:
    cities = {"large": Footprint(800, 800, 70), "small": Footprint(200, 200, 7)}
    lost = share_loss(120, cities)
    assert lost["large"] == pytest.approx(0)
    assert lost["small"] == pytest.approx(120)


def test_a_city_that_holds_too_much_loses_the_rest_before_others_do() -> None:
    cities = {"holder": Footprint(900, 50, 7), "other": Footprint(100, 100, 7)}
    assert share_loss(80, cities) == {"holder": 50, "other": 30}


def test_all_that_may_go_goes_where_it_is_too_little() -> None:
    cities = {"a": Footprint(100, 20, 7), "b": Footprint(100, 0, 7)}
    assert share_loss(500, cities) == {"a": 20, "b": 0}
    assert share_loss(0, cities) == {"a": 0, "b": 0}
    assert share_loss(10, {}) == {}


FOOTPRINTS = st.builds(
    lambda used, held, days: Footprint(used, used - min(used, held), days),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
    st.integers(1, 10**5),
)


@given(st.integers(1, 10**16), st.dictionaries(st.integers(0, 5), FOOTPRINTS, min_size=1))
def test_a_loss_is_enough_or_everything_and_never_more_than_may_go(to_free: int, cities: dict[int, Footprint]) -> None:
    lost = share_loss(to_free, cities)
    there = sum(city.deletable for city in cities.values())
    assert sum(lost.values()) == pytest.approx(min(to_free, there), rel=1e-6, abs=1)
    assert all(0 <= lost[key] <= city.deletable for key, city in cities.items())


@pytest.mark.parametrize(
    ("outside", "total", "expected"), [(99, 99, False), (100, 200, True), (100, 201, False), (0, 0, False)]
)
def test_a_mass_outside_of_sessions_is_doubted(outside: int, total: int, expected: bool) -> None:  # noqa: FBT001 -- a table's column
    assert is_mass_removal(outside, total) is expected
