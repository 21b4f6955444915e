"""The observer and the real MediaMTX: publishers come, go and crowd; MediaMTX dies and returns; hooks speed it up."""

import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from celery.contrib.testing.worker import start_worker
from django.conf import settings

from cameras.models import Camera, CameraState, MediaServer
from cities.scope import every_city
from mediamtx import hook
from observers.observer import PathObserver
from observers.services import observe_server
from tests.real import RunningMediaMTX, publish, run_mediamtx, run_program, wait_until
from tests.world import World
from vms.celery import app

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _every_city() -> Iterator[None]:
    with every_city("these tests look at all rows"):
        yield


def point_at(world: World, mediamtx: RunningMediaMTX) -> Callable[[], dict[str, CameraState]]:
    """Make the MediaMTX the world's media server; give a function that looks at it and reads the cameras' states."""
    MediaServer.objects.filter(pk=world.server.pk).update(api_url=mediamtx.api_url)

    def look() -> dict[str, CameraState]:
        observe_server(world.server.pk, now=datetime.now(UTC))
        return read_states()

    return look


def read_states() -> dict[str, CameraState]:
    return {camera.name: camera.state for camera in Camera.objects.select_related("media_server")}


@contextmanager
def publish_many(rtsp_port: int, names: list[str], clip: Path) -> Generator[None, None, None]:
    """Publish one looped clip under many names, a few publishers a process and nothing encoded."""
    with ExitStack() as running:
        for first in range(0, len(names), 13):
            argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(clip)]
            for name in names[first : first + 13]:
                argv += ["-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", f"rtsp://127.0.0.1:{rtsp_port}/{name}"]
            running.enter_context(run_program(list(argv), subprocess.DEVNULL, {}))
        yield


def make_clip(folder: Path) -> Path:
    """Make 10 s of a tiny picture, one a second."""
    clip = folder / "tiny.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=1", "-t", "10"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *source, "-c:v", "libx264", "-g", "1", str(clip)]
    subprocess.run([*argv[:-1], "-pix_fmt", "yuv420p", clip], check=True, timeout=30)
    return clip


def test_a_publisher_comes_and_is_killed(world: World, real_mediamtx: RunningMediaMTX) -> None:
    look = point_at(world, real_mediamtx)
    assert look() == {"Market square": CameraState.OFFLINE, "Secret harbour": CameraState.OFFLINE}
    with publish(real_mediamtx.rtsp_port, world.camera.stream_id) as publisher:
        wait_until(lambda: look()["Market square"] == CameraState.ONLINE, "the camera is online")
        assert look()["Secret harbour"] == CameraState.OFFLINE
        publisher.kill()
        wait_until(lambda: look()["Market square"] == CameraState.OFFLINE, "the camera is offline")
    assert " ERR " not in real_mediamtx.log.read_text()


def test_mediamtx_is_killed_and_comes_back(world: World, mediamtx_binary: Path, tmp_path: Path) -> None:
    with run_mediamtx(mediamtx_binary, tmp_path) as mediamtx:
        look = point_at(world, mediamtx)
        with publish(mediamtx.rtsp_port, world.camera.stream_id):
            wait_until(lambda: look()["Market square"] == CameraState.ONLINE, "the camera is online")
            seen_at = MediaServer.objects.get(pk=world.server.pk).snapshot_at
            mediamtx.process.kill()
            mediamtx.process.wait()
        for _ in range(3):
            assert set(look().values()) == {CameraState.UNKNOWN}
        assert Camera.objects.get(pk=world.camera.pk).is_online is True
        with run_program([mediamtx_binary, mediamtx.config], subprocess.DEVNULL, {"TZ": "UTC"}):
            wait_until(lambda: CameraState.ONLINE in look().values(), "MediaMTX answers again")
            assert look()["Market square"] == CameraState.ONLINE  # its publisher is away, but in grace
            server = MediaServer.objects.get(pk=world.server.pk)
            assert server.grace_until is not None
            assert server.seen_before_grace == seen_at
            with publish(mediamtx.rtsp_port, world.camera.stream_id) as publisher:
                wait_until(lambda: look() == read_states() and is_grace_over(world), "everybody is back")
                publisher.kill()
                wait_until(lambda: look()["Market square"] == CameraState.OFFLINE, "the camera is offline")


def test_a_camera_that_did_not_survive_the_restart_is_told_after_the_grace(
    world: World, mediamtx_binary: Path, tmp_path: Path
) -> None:
    with run_mediamtx(mediamtx_binary, tmp_path) as mediamtx:
        look = point_at(world, mediamtx)
        with publish(mediamtx.rtsp_port, world.camera.stream_id):
            wait_until(lambda: look()["Market square"] == CameraState.ONLINE, "the camera is online")
            mediamtx.process.kill()
            mediamtx.process.wait()
        with run_program([mediamtx_binary, mediamtx.config], subprocess.DEVNULL, {"TZ": "UTC"}):
            wait_until(lambda: CameraState.ONLINE in look().values(), "MediaMTX answers again")
            opened = datetime.now(UTC)
            observer = PathObserver(world.server.pk, mediamtx.api_url)
            assert observer.observe(now=opened + timedelta(seconds=50)).removed == ()
            assert len(observer.observe(now=opened + timedelta(seconds=61)).removed) == 1


def is_grace_over(world: World) -> bool:
    return MediaServer.objects.get(pk=world.server.pk).grace_until is None


def test_more_cameras_than_a_default_page_are_all_online(
    world: World, real_mediamtx: RunningMediaMTX, tmp_path: Path
) -> None:
    Camera.objects.bulk_create(
        Camera(city=world.city, media_server=world.server, name=f"camera {number}") for number in range(128)
    )
    names = [camera.stream_id for camera in Camera.objects.all()]
    assert len(names) == 130
    look = point_at(world, real_mediamtx)
    with publish_many(real_mediamtx.rtsp_port, names, make_clip(tmp_path)):
        wait_until(lambda: list(look().values()) == [CameraState.ONLINE] * 130, "all 130 are online", 90)
    wait_until(lambda: list(look().values()) == [CameraState.OFFLINE] * 130, "all 130 are offline", 30)


@pytest.fixture
def worker() -> Iterator[None]:
    """A real Celery worker on a queue of its own in the test's Redis."""
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="WARNING"):
        yield


def test_hooks_show_a_change_within_two_seconds(
    world: World, live_server: Any, worker: None, mediamtx_binary: Path, tmp_path: Path
) -> None:
    """Nothing polls here: what changes, changes by hooks."""
    environ = {"VMS_HOOK_URL": f"{live_server.url}/hooks/mediamtx", "VMS_HOOK_SECRET": settings.VMS_HOOK_SECRET}
    command = (sys.executable, "-I", "-S", hook.__file__)
    with run_mediamtx(mediamtx_binary, tmp_path, hook_command=command, environ=environ) as mediamtx:
        look = point_at(world, mediamtx)
        look()
        with publish(mediamtx.rtsp_port, world.camera.stream_id) as publisher:
            online_after = time_until(CameraState.ONLINE, lambda: has_path(mediamtx))
            publisher.kill()
            offline_after = time_until(CameraState.OFFLINE, lambda: not has_path(mediamtx))
    assert max(online_after, offline_after) < 2, (online_after, offline_after)


def has_path(mediamtx: RunningMediaMTX) -> bool:
    return bool(mediamtx.client.list_paths().online_names)


def time_until(state: CameraState, happened: Callable[[], bool]) -> float:
    """Give the seconds from the moment MediaMTX knows to the moment we show it."""
    wait_until(happened, f"MediaMTX sees the camera {state}")
    began = time.monotonic()
    wait_until(lambda: read_states()["Market square"] == state, f"the camera is shown {state}", 10)
    return time.monotonic() - began
