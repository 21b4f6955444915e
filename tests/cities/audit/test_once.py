"""What was noted a moment ago is not noted again, by this process and by its neighbours."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from redis.exceptions import ConnectionError as NoRedis

from cities.audit import once
from cities.audit.once import OnceWithin

NOW = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)
LASTS = timedelta(minutes=10)


def test_a_key_is_new_until_it_was_told_and_again_when_its_time_is_over() -> None:
    views, (first, second) = OnceWithin(LASTS), (str(uuid4()), str(uuid4()))
    assert views.choose_new([first, second], NOW) == [first, second]
    views.tell([first], NOW)
    assert views.choose_new([first, second], NOW) == [second]
    assert OnceWithin(LASTS).choose_new([first, second], NOW) == [second]


def test_what_a_neighbour_told_is_not_asked_for_again() -> None:
    views, key = OnceWithin(LASTS), str(uuid4())
    OnceWithin(LASTS).tell([key], NOW)
    assert views.choose_new([key], NOW) == []
    with patch("cities.audit.once.cache.get_many", side_effect=AssertionError):
        assert views.choose_new([key], NOW + LASTS / 2) == []


def test_without_redis_each_process_notes_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    views, key = OnceWithin(LASTS), str(uuid4())
    with patch.object(once, "cache") as cache:
        cache.get_many.side_effect = cache.set_many.side_effect = NoRedis("away")
        assert views.choose_new([key], NOW) == [key]
        views.tell([key], NOW)
        assert views.choose_new([key], NOW) == []
        assert views.choose_new([key], NOW + LASTS) == [key]
    assert len(caplog.records) == 3


def test_the_first_are_forgotten_first() -> None:
    views = OnceWithin(LASTS)
    with patch.object(once, "MOST_REMEMBERED", 2), patch.object(once, "cache") as cache:
        cache.get_many.return_value = {}
        views.tell(["a", "b", "c"], NOW)
        assert views.choose_new(["a", "b", "c"], NOW) == ["a"]
