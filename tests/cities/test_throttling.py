"""A bucket of turns for each person, filled by time."""

from cities.throttling import Buckets


def test_a_bucket_fills_by_time() -> None:
    buckets = Buckets(burst=2, rate=0.5)
    assert [buckets.take(1, 0), buckets.take(1, 0), buckets.take(1, 0), buckets.take(2, 0)] == [0, 0, 2, 0]
    assert [buckets.take(1, 2), buckets.take(1, 2)] == [0, 2]


def test_what_takes_many_turns_is_given_at_once_and_paid_before_the_next() -> None:
    buckets = Buckets(burst=10, rate=2)
    assert [buckets.take(1, 0, 30), buckets.take(1, 0, 30), buckets.take(1, 5), buckets.take(2, 5)] == [0, 10.5, 5.5, 0]
    assert [buckets.take(1, 10.5), buckets.take(1, 10.5, 0)] == [0, 0.5]
