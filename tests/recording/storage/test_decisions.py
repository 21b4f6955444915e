"""What a disk yields, when it is full, and what would break a promise."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.retention.disk import WaterMarks
from recording.storage.decisions import (
    DAY_SECONDS,
    CityUse,
    Outlook,
    find_floor,
    forecast_server,
    is_full,
    is_promise_broken,
    is_short,
)

GB = 10**9
BUSY = CityUse(
    bytes_per_day=10 * GB,
    wanted_bytes=300 * GB,
    footage_seconds=86_400,
    footage_bytes=100 * GB,
    camera_days=60,
    promised_days=30,
)


@pytest.mark.parametrize(
    ("free", "low", "found"),
    [
        (64 * 10**6, GB, (True, True)),
        (64 * 10**6 + 1, GB, (False, True)),
        (GB // 2 - 1, GB, (False, True)),
        (GB // 2, GB, (False, False)),
        (2 * 10**6, 8 * 10**6, (True, True)),
        (2 * 10**6 + 1, 8 * 10**6, (False, True)),
        (0, 0, (True, False)),
        (1, 0, (False, False)),
    ],
)
def test_a_disk_is_full_below_a_floor_and_short_below_half_its_low_mark(
    free: int, low: int, found: tuple[bool, bool]
) -> None:
    marks = WaterMarks(low, low * 2)
    assert (is_full(free, marks), is_short(free, marks)) == found


@given(st.integers(0, 10**15))
def test_the_floor_is_never_above_where_the_ring_turns(low: int) -> None:
    assert 0 <= find_floor(WaterMarks(low, low)) <= low // 4


@pytest.mark.parametrize(
    ("delete_after", "promised", "broken"),
    [
        (7 * DAY_SECONDS, 7, False),
        (7 * DAY_SECONDS - 1, 7, True),
        (7 * DAY_SECONDS, 8, True),
        (0, 3650, False),
        (None, 30, False),
        (7 * DAY_SECONDS, None, False),
        (1800, 1, True),
    ],
)
def test_mediamtx_breaks_a_promise_by_deleting_before_its_end(delete_after: Any, promised: Any, broken: object) -> None:
    assert is_promise_broken(delete_after, promised) is broken


def test_one_city_has_the_whole_disk() -> None:
    outlook = forecast_server(134 * GB, 0, {"a": BUSY})
    assert outlook.whole == Outlook(10 * GB, 234 * GB, 23.4, 30)
    assert outlook.cities == {"a": outlook.whole}


def test_what_is_held_and_what_stays_free_is_no_room() -> None:
    held = CityUse(**{**vars(BUSY), "held_bytes": 60 * GB})
    assert forecast_server(20 * GB, 10 * GB, {"a": held}).whole == Outlook(10 * GB, 50 * GB, 5.0, 30)


def test_a_disk_with_nothing_but_held_footage_yields_nothing() -> None:
    held = CityUse(**{**vars(BUSY), "held_bytes": 100 * GB})
    assert forecast_server(5 * GB, 10 * GB, {"a": held}).whole == Outlook(10 * GB, 0, 0.0, 30)


def test_a_noisy_city_takes_nothing_of_another_ones_days() -> None:
    noisy = CityUse(**{**vars(BUSY), "bytes_per_day": 1000 * GB, "wanted_bytes": 30_000 * GB})
    outlook = forecast_server(500 * GB, 0, {"noisy": noisy, "calm": BUSY})
    assert outlook.whole == Outlook(1010 * GB, 700 * GB, 700 / 1010, 30)
    assert outlook.cities == {
        "calm": Outlook(10 * GB, 300 * GB, 30.0, 30),
        "noisy": Outlook(1000 * GB, 400 * GB, 0.4, 30),
    }


def test_a_city_that_records_nothing_wants_what_it_has() -> None:
    idle = CityUse(footage_bytes=50 * GB, camera_days=600, promised_days=7)
    outlook = forecast_server(50 * GB, 0, {"idle": idle, "busy": BUSY})
    assert outlook.cities["idle"] == Outlook(0, 50 * GB, None, 7)
    assert outlook.cities["busy"] == Outlook(10 * GB, 150 * GB, 15.0, 30)


@pytest.mark.parametrize(("seconds", "yields"), [(599.0, None), (600.0, 10.0)])
def test_ten_minutes_of_footage_are_too_few_to_tell(seconds: float, yields: Any) -> None:
    young = CityUse(**{**vars(BUSY), "footage_seconds": seconds, "footage_bytes": 0})
    assert forecast_server(100 * GB, 0, {"a": young}).whole.yields_days == yields


def test_a_disk_without_cities_yields_nothing_to_nobody() -> None:
    assert forecast_server(10 * GB, GB, {}).whole == Outlook(0, 9 * GB, None, 0)


uses = st.builds(
    CityUse,
    bytes_per_day=st.floats(0, 1e13),
    wanted_bytes=st.floats(0, 1e15),
    footage_seconds=st.floats(0, 1e7),
    footage_bytes=st.integers(0, 10**15),
    camera_days=st.integers(0, 10**6),
    promised_days=st.integers(0, 3650),
)


@given(st.integers(0, 10**15), st.integers(0, 10**13), st.dictionaries(st.integers(0, 9), uses, max_size=6))
def test_no_room_is_given_twice(free: int, high: int, cities: dict[int, CityUse]) -> None:
    outlook = forecast_server(free, high, cities)
    assert outlook.cities.keys() == cities.keys()
    assert sum(each.room_bytes for each in outlook.cities.values()) <= outlook.whole.room_bytes * (1 + 1e-9) + 1
    assert all(each.room_bytes >= 0 and (each.yields_days or 0.0) >= 0 for each in outlook.cities.values())
