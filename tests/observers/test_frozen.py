"""Frozen pictures: bytes that do not grow, told by whichever process looks, and never by a counter that restarted."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError

from mediamtx.client import PathState
from observers import frozen
from observers.frozen import Glance, Still, find_still, note_still_pictures, read_frozen
from observers.services import observe_server
from tests.fakes.mediamtx import FakeMediaMTX, describe_path, write_page
from tests.world import NOW, World

BEGUN = NOW - timedelta(hours=1)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def path(inbound_bytes: int, *, since: datetime = BEGUN, online: bool = True) -> PathState:
    return PathState("stream_a", available=online, online=online, inbound_bytes=inbound_bytes, online_since=since)


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    frozen._glances.clear()
    yield
    frozen._glances.clear()


def look(seconds: float, **paths: PathState) -> None:
    note_still_pictures(1, paths, now=after(seconds))


def told(seconds: float) -> list[str]:
    return read_frozen([1], now=after(seconds))[1]


def test_a_picture_whose_bytes_stand_still_for_twenty_seconds_is_frozen() -> None:
    for seconds in (0, 10, 19):
        look(seconds, a=path(100), b=path(int(seconds)))
    assert told(19) == []
    look(20, a=path(100), b=path(20))
    assert told(20) == ["a"]
    look(30, a=path(101), b=path(30))
    assert told(30) == []


def test_a_counter_that_restarted_is_no_standstill() -> None:
    look(0, a=path(100))
    look(30, a=path(100, since=after(20)))
    assert told(30) == []
    look(40, a=path(5, since=after(20)))
    look(70, a=path(5, since=after(20)))
    assert told(70) == ["a"]


def test_a_picture_that_is_offline_is_not_frozen() -> None:
    look(0, a=path(100))
    look(30, a=path(100, online=False))
    assert told(30) == []


def test_another_process_goes_on_where_the_first_was() -> None:
    look(0, a=path(100))
    look(10, a=path(100))
    frozen._glances.clear()
    look(20, a=path(100))
    assert told(20) == ["a"]
    # What it saw long ago does not make a picture frozen that moved in between.
    frozen._glances[1] = Glance(after(-60), {"a": path(7)})
    look(30, a=path(100))
    assert told(30) == ["a"]


def test_a_clock_that_was_set_back_makes_no_standstill_in_the_future() -> None:
    still = find_still(Glance(after(3600), {"a": path(1)}), {"a": path(1)}, {}, NOW)
    assert still == {"a": Still(1, BEGUN, NOW)}


def test_looks_in_a_burst_are_compared_as_one() -> None:
    look(0, a=path(100))
    look(4, a=path(101))
    assert read_frozen([1], now=after(4)) == {1: []}
    look(20, a=path(101))
    assert told(20) == []


def test_a_flushed_cache_knows_nothing_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_frozen([1], now=NOW) == {}

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise RedisError

    for name in ("get", "set", "get_many"):
        monkeypatch.setattr(cache, name, refuse)
    look(0, a=path(1))
    assert read_frozen([1], now=NOW) == {}


@pytest.mark.django_db(transaction=True)
def test_the_observers_look_leaves_the_hint(world: World, fake: FakeMediaMTX) -> None:
    world.server.api_url = fake.url
    world.server.save()
    for seconds in (0, 10, 20):
        fake.page = write_page([describe_path(world.camera.stream_id)])
        observe_server(world.server.pk, now=after(seconds))
    assert read_frozen([world.server.pk], now=after(20)) == {world.server.pk: [str(world.camera.pk)]}


def test_ten_thousand_paths_cost_little() -> None:
    """A look must not get slower; the bound is ten times what was measured, for machines that are busy."""
    import time  # noqa: PLC0415 -- of this test alone

    paths = {str(number): path(number) for number in range(10_000)}
    grown = {key: replace_bytes(each) for key, each in paths.items()}
    begun = time.perf_counter()
    assert find_still(Glance(NOW, paths), grown, {}, after(10)) == {}
    assert time.perf_counter() - begun < 0.05


def replace_bytes(state: PathState) -> PathState:
    return PathState(
        state.name, available=True, online=True, inbound_bytes=state.inbound_bytes + 1, online_since=state.online_since
    )
