"""Fixtures that every room's tests share."""

import socket
from collections.abc import Callable
from datetime import datetime

import pytest
from django.conf import settings
from redis import Redis

from recording.services import recording_manager
from tests.world import NOW, ApiClient, World, make_world


@pytest.fixture
def now() -> datetime:
    """A fixed moment."""
    return NOW


@pytest.fixture
def world(db: None) -> World:
    """The people and cameras of every test."""
    return make_world()


@pytest.fixture
def api() -> Callable[..., ApiClient]:
    """Make an API client of a user, for a city."""
    return ApiClient


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Give a TCP port that was free a moment ago."""
    return find_free_port


def find_free_port() -> int:
    """Give a TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(autouse=True)
def _fresh_redis() -> None:
    """Let every test find an empty Redis; each xdist worker has a database of its own in it."""
    Redis.from_url(settings.REDIS_URL).flushdb()
    recording_manager.cache_clear()
