"""Wishing a stream, dropping it, and where it can be watched."""

from datetime import datetime, timedelta

import pytest

from cities.scope import city_scope
from streams.live import live_urls, publish_url
from streams.models import Stream, StreamState
from streams.queries import find_stream, streams_in_scope
from streams.services import drop_stream, wish_stream
from tests.world import World


@pytest.fixture
def scoped(world: World):
    with city_scope(world.city.pk):
        yield world


def test_a_wish_is_new_once(scoped: World, now: datetime) -> None:
    stream, new = wish_stream(scoped.camera, now=now)
    again, new_again = wish_stream(scoped.camera, now=now + timedelta(hours=1))
    assert (new, new_again, again, again.wished_at) == (True, False, stream, now)


def test_a_dropped_stream_is_gone_from_sight_and_can_be_wished_anew(scoped: World, now: datetime) -> None:
    wish_stream(scoped.camera, now=now)
    Stream.objects.update(state=StreamState.RETRYING, problem_kind="refused", problem="The camera refused.", failures=3)
    drop_stream(scoped.camera, now=now)
    drop_stream(scoped.camera, now=now)
    assert find_stream(scoped.camera) is None
    stream, new = wish_stream(scoped.camera, now=now + timedelta(hours=1))
    assert (new, stream.state, stream.problem, stream.failures) == (True, StreamState.STOPPED, "", 0)
    assert stream.wished_at == now + timedelta(hours=1)


def test_only_the_citys_streams_are_seen(world: World, now: datetime) -> None:
    with city_scope(world.other_city.pk):
        wish_stream(world.foreign_camera, now=now)
    with city_scope(world.city.pk):
        wish_stream(world.camera, now=now)
        assert [stream.camera for stream in streams_in_scope()] == [world.camera]
        assert find_stream(world.foreign_camera) is None


def test_live_addresses_are_the_media_servers(world: World) -> None:
    urls = live_urls(world.camera)
    assert urls.hls == f"http://vms.example:8888/stream_{world.camera.pk}/index.m3u8"
    assert urls.webrtc == f"http://vms.example:8889/stream_{world.camera.pk}/whep"
    assert urls.rtsp == publish_url(world.camera) == f"rtsp://vms.example:8554/stream_{world.camera.pk}"
