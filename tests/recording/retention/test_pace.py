"""Sums that take long are made seldom; what is over the quota goes all the same."""

from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.exceptions import RedisError

from cameras.models import Camera
from recording.models import RetentionPolicy
from recording.retention import pace, queries
from recording.retention.queries import deletable, read_oldest_bytes
from recording.retention.rules import choose_over_camera_quota
from recording.retention.services import turn_ring
from tests.recording.retention.conftest import KB, Ring
from tests.world import World

OWNER, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("seconds", "is_due"), [(0.0, True), (pace.NOTICEABLE_SECONDS - 0.01, True), (pace.NOTICEABLE_SECONDS, False)]
)
def test_only_what_takes_long_rests(seconds: float, is_due: bool) -> None:  # noqa: FBT001 -- a column of the table
    work = pace.name_work(1, [(OWNER, 5)])
    pace.rest(work, seconds)
    assert pace.is_due(work) == is_due


def test_it_rests_a_thousand_times_as_long_as_it_took_and_never_for_hours() -> None:
    work = pace.name_work(1, [(OWNER, 5)])
    pace.rest(work, 0.5)
    assert 498 <= cache.ttl(work) <= 500  # type: ignore[attr-defined]  # django-redis' own
    pace.rest(work, 60)
    assert pace.LONGEST_REST_SECONDS - 2 <= cache.ttl(work) <= pace.LONGEST_REST_SECONDS  # type: ignore[attr-defined]  # as above


def test_another_quota_or_server_is_another_work_and_the_order_is_none() -> None:
    names = [
        pace.name_work(server, quotas)
        for server, quotas in [(1, [(OWNER, 5)]), (1, [(OWNER, 6)]), (1, [(OTHER, 5)]), (2, [(OWNER, 5)])]
    ]
    assert len(set(names)) == 4
    assert pace.name_work(1, [(OWNER, 5), (OTHER, 6)]) == pace.name_work(1, [(OTHER, 6), (OWNER, 5)])


def test_without_redis_nothing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RedisError

    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "set", fail)
    work = pace.name_work(1, [(OWNER, 5)])
    pace.rest(work, 60)
    assert pace.is_due(work)


@pytest.fixture
def resting_ring(world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> Ring:
    """Three segments where a quota has room for two, and every sum rests for long."""
    monkeypatch.setattr(pace, "NOTICEABLE_SECONDS", 0.0)
    monkeypatch.setattr(pace, "REST_FACTOR", 10**9)
    RetentionPolicy.objects.create(city=world.city, days=7, quota_bytes=2 * KB)
    for days in (5, 4, 3):
        ring.add(world.camera, days)
    return ring


def test_a_quota_rests_once_all_is_gone_and_a_new_one_is_looked_at_at_once(world: World, resting_ring: Ring) -> None:
    turn_ring(resting_ring.server, resting_ring.now)
    resting_ring.add(world.camera, 2)
    turn_ring(resting_ring.server, resting_ring.now)
    assert len(resting_ring.left()) == 3  # the fourth came while the quota rested
    RetentionPolicy.objects.update(quota_bytes=1 * KB)
    turn_ring(resting_ring.server, resting_ring.now)
    assert len(resting_ring.left()) == 1


def test_a_quota_of_which_a_pass_left_some_does_not_rest(resting_ring: Ring) -> None:
    assert turn_ring(resting_ring.server, resting_ring.now, seconds=0).is_done is False
    assert (turn_ring(resting_ring.server, resting_ring.now).is_done, len(resting_ring.left())) == (True, 2)


def test_more_than_a_few_go_where_more_are_too_much(ring: Ring, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "FEW_AT_ONCE", 2)
    rows = [ring.add(world.camera, days) for days in (6, 5, 4, 3)]
    chosen = [[each.pk for each in read_oldest_bytes(deletable(ring.now), size * KB)] for size in (0, 1, 2, 3, 9)]
    assert chosen == [[row.pk for row in rows[:count]] for count in (0, 1, 2, 3, 4)]


def count_questions(ring: Ring) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert choose_over_camera_quota(ring.server, {}, ring.now).choices == []
    return len(asked)


def test_quotas_of_three_cameras_take_no_more_questions_than_that_of_one(world: World, ring: Ring) -> None:
    counts = []
    for number in range(3):
        camera = Camera.objects.create(city=world.city, media_server=ring.server, name=f"Bridge {number}")
        RetentionPolicy.objects.create(city=world.city, camera=camera, days=7, quota_bytes=9 * KB)
        ring.add(camera, 2)
        counts.append(count_questions(ring))
    assert counts == [3, 3, 3]
