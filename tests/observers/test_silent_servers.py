"""Media servers that accept and never answer: at most one worker waits for them, and one that is back is known."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisConnectionError

from cameras.models import Camera, CameraState, MediaServer
from cities.scope import every_city
from observers import services, tasks
from tests.fakes.mediamtx import FakeMediaMTX
from tests.fakes.mute import mute_servers
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

UNREACHABLE, REACHABLE = MediaServer.Reach.UNREACHABLE, MediaServer.Reach.REACHABLE


@pytest.fixture
def silent(world: World) -> Iterator[list[MediaServer]]:
    """Five media servers, which gave no answer last time and give none now."""
    with mute_servers(5) as addresses:
        yield [
            MediaServer.objects.create(name=f"mute {address}", api_url=address, reach=UNREACHABLE)
            for address in addresses
        ]


def camera_state(camera: Camera) -> tuple[bool, CameraState]:
    with every_city("a test looks at all rows"):
        found = Camera.objects.select_related("media_server").get(pk=camera.pk)
        return found.is_online, found.state


@pytest.mark.slow
def test_five_that_never_answer_take_no_longer_than_one_and_no_camera_changes(
    world: World, silent: list[MediaServer], fake: FakeMediaMTX, now: datetime
) -> None:
    with every_city("a test looks at all rows"):
        mute = Camera.objects.create(city=world.city, media_server=silent[0], name="Mute", is_online=True)
    fake.show(world.camera.stream_id)
    MediaServer.objects.filter(pk=world.server.pk).update(api_url=fake.url, reach=UNREACHABLE)
    began = time.monotonic()
    services.observe_silent_servers([world.server.pk, *(server.pk for server in silent)], now=now)
    assert time.monotonic() - began < 9
    assert dict(MediaServer.objects.values_list("pk", "reach")) == {
        world.server.pk: REACHABLE,
        **{server.pk: UNREACHABLE for server in silent},
    }
    assert [camera_state(world.camera)[0], camera_state(mute)] == [True, (True, CameraState.UNKNOWN)]


def test_all_that_are_silent_are_one_order(
    world: World, silent: list[MediaServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[Any] = []
    for task in (tasks.observe_server, tasks.observe_silent_servers):
        monkeypatch.setattr(task, "apply_async", lambda arguments, **options: ordered.append((arguments, options)))
    tasks.observe_servers()
    expires = {"expires": 9}
    assert ordered == [((world.server.pk,), expires), (([server.pk for server in silent],), expires)]


def test_one_that_is_back_is_seen_by_the_next_poll(world: World, fake: FakeMediaMTX) -> None:
    MediaServer.objects.filter(pk=world.server.pk).update(api_url=fake.url, reach=UNREACHABLE)
    fake.show(world.camera.stream_id)
    tasks.observe_silent_servers([world.server.pk, world.server.pk + 1])
    assert MediaServer.objects.get(pk=world.server.pk).reach == REACHABLE
    assert camera_state(world.camera)[0] is True


def test_a_storm_of_hooks_orders_one_look_at_a_silent_server(world: World, fake: FakeMediaMTX, now: datetime) -> None:
    fake.stop()
    MediaServer.objects.filter(pk=world.server.pk).update(api_url=fake.url, reach=UNREACHABLE)
    looks = [services.observe_server(world.server.pk, now=now + timedelta(seconds=after)) for after in range(3)]
    assert [look is not None for look in looks] == [True, False, False]


def test_a_look_at_a_silent_server_needs_no_redis(
    world: World, fake: FakeMediaMTX, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(key: str, _value: int, timeout: int) -> bool:
        raise RedisConnectionError(f"{key} {timeout}")

    MediaServer.objects.filter(pk=world.server.pk).update(api_url=fake.url, reach=UNREACHABLE)
    monkeypatch.setattr(cache, "add", fail, raising=False)
    look = services.observe_server(world.server.pk, now=now)
    assert (look and look.reach) == REACHABLE
