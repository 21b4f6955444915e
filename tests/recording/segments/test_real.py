"""The index and the real MediaMTX: what it writes is known at once, and what a crash left is known to the last bit."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import settings

from cameras.models import Camera, MediaServer
from cities.scope import every_city
from mediamtx import hook
from recording.models import Segment
from recording.segments.looks import watch_server
from recording.segments.reconcile import reconcile
from tests.real import RunningMediaMTX, publish, run_mediamtx, wait_until
from tests.world import World
from vms.celery import app

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _every_city() -> Iterator[None]:
    with every_city("these tests look at all rows"):
        yield


@pytest.fixture
def worker() -> Iterator[None]:
    """A real Celery worker on a queue of its own in the test's Redis."""
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        yield


def point_at(world: World, mediamtx: RunningMediaMTX) -> MediaServer:
    """Make the MediaMTX the world's media server, with the camera online."""
    server = world.server
    server.api_url, server.recordings_root = mediamtx.api_url, str(mediamtx.recordings)
    server.save()
    mediamtx.recordings.mkdir(exist_ok=True)
    Camera.objects.filter(pk=world.camera.pk).update(is_online=True)
    return server


def segment() -> Segment:
    return Segment.objects.get()


def test_an_open_segment_is_known_and_a_killed_one_is_recovered(
    world: World, mediamtx_binary: Path, tmp_path: Path
) -> None:
    with run_mediamtx(mediamtx_binary, tmp_path) as mediamtx:
        server = point_at(world, mediamtx)

        def has_seconds(least: int) -> bool:
            watch_server(server, datetime.now(UTC))
            found = Segment.objects.first()
            return found is not None and found.end - found.start >= timedelta(seconds=least)

        with publish(mediamtx.rtsp_port, world.camera.stream_id):
            began = datetime.now(UTC)
            wait_until(lambda: has_seconds(4), "the open segment is known")
            first = segment()
            assert (first.state, first.is_recovered, first.damage) == ("open", False, "")
            assert abs(first.start - began) < timedelta(seconds=5)
            assert first.stream_id is not None
            wait_until(lambda: has_seconds(8), "it grows")
            mediamtx.process.kill()
            mediamtx.process.wait()
        watch_server(server, datetime.now(UTC))
        assert segment().state == "open"
        watch_server(server, datetime.now(UTC) + timedelta(seconds=46))
        last = segment()
        assert (last.state, last.is_recovered, last.city_id) == ("ready", True, world.city.pk)
        assert last.start == first.start
        assert last.end - last.start >= timedelta(seconds=8)
        assert last.size == (mediamtx.recordings / last.file).stat().st_size
        report = reconcile(server, datetime.now(UTC))
        assert (report.refused, report.unread, report.vanished, report.stranger_count) == ("", 0, 0, 0)


def test_hooks_make_a_segment_known_while_nothing_polls(
    world: World, live_server: Any, worker: None, mediamtx_binary: Path, tmp_path: Path
) -> None:
    environ = {"VMS_HOOK_URL": f"{live_server.url}/hooks/mediamtx", "VMS_HOOK_SECRET": settings.VMS_HOOK_SECRET}
    command = (sys.executable, "-I", "-S", hook.__file__)
    with run_mediamtx(mediamtx_binary, tmp_path, hook_command=command, environ=environ) as mediamtx:
        point_at(world, mediamtx)
        with publish(mediamtx.rtsp_port, world.camera.stream_id):
            wait_until(Segment.objects.exists, "the segment is known")
            assert segment().state == "open"
        wait_until(lambda: segment().state == "ready", "the segment is sealed")
    found = segment()
    assert (found.is_recovered, found.damage) == (False, "")
    assert found.end > found.start
