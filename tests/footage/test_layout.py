"""The names of segments."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.layout import is_segment_name, name_for, start_from_name

START = datetime(2026, 1, 27, 3, 0, 0, 123456, UTC)
NAME = "2026-01-27_03-00-00-123456.mp4"


def test_a_name_tells_its_start() -> None:
    assert start_from_name(NAME) == START
    assert name_for(START) == NAME
    assert is_segment_name(NAME)


def test_a_start_in_another_zone_has_the_name_of_its_utc() -> None:
    assert name_for(START.astimezone(timezone(timedelta(hours=-3)))) == NAME


def test_a_start_without_a_zone_has_no_name() -> None:
    with pytest.raises(ValueError, match="zone"):
        name_for(START.replace(tzinfo=None))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2026-01-27_03-00-00-123456",
        "2026-01-27_03-00-00-123456.mp4.jpg",
        "2026-01-27_03-00-00-123456.mp4.tmp",
        "2026-01-27_03-00-00-123456.mp4\n",
        " 2026-01-27_03-00-00-123456.mp4",
        "2026-01-27_03-00-00-123456.MP4",
        "2026-01-27_03-00-00-12345.mp4",
        "2026-1-27_03-00-00-123456.mp4",
        "2026-02-30_03-00-00-123456.mp4",
        "2026-01-27_24-00-00-123456.mp4",
        "2026-12-31_23-59-60-000000.mp4",
        "0000-01-27_03-00-00-123456.mp4",
        "２０２６-01-27_03-00-00-123456.mp4",
        "stream/2026-01-27_03-00-00-123456.mp4",
    ],
)
def test_any_other_name_is_none(name: str) -> None:
    assert start_from_name(name) is None
    assert not is_segment_name(name)


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_start_comes_back(start: datetime) -> None:
    assert start_from_name(name_for(start)) == start
