"""OFF means off with the real MediaMTX: one camera leaves the disk, and no picture notices."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from cameras.models import Camera
from cities.scope import every_city
from mediamtx.config import write_config
from mediamtx.durations import parse_duration
from mediamtx.recording_switch import read_off_in_force, replace_off
from recording.models import Storage
from recording.off_switch import OffState, apply_off_switch
from recording.storage.services import accept_recording, learn_delete_after, refuse_recording
from tests.real import RunningMediaMTX, answers, publish, run_mediamtx, run_program, wait_until
from tests.world import World

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

ANOTHER_PART_SECONDS = 9.0
"""Two parts of a recording: MediaMTX writes one each 4 s."""


@pytest.fixture
def running(mediamtx_binary: Path, tmp_path: Path, world: World, settings) -> Iterator[RunningMediaMTX]:
    with run_mediamtx(mediamtx_binary, tmp_path) as mediamtx:
        world.server.api_url = settings.MEDIAMTX_API_URL = mediamtx.api_url
        world.server.save()
        settings.VMS_MEDIAMTX_CONFIG = str(mediamtx.config)
        yield mediamtx


def wish(on: bool, *cameras: Camera) -> None:  # noqa: FBT001 -- reads as wish(True, camera)
    with every_city("a test's world spans the cities"):
        Camera.objects.filter(pk__in=[camera.pk for camera in cameras]).update(recording_enabled=on)


def settle(now: datetime) -> None:
    """Do what the task does until the wish is in force."""

    def is_in_force() -> bool:
        with every_city("a test's world spans the cities"):
            return apply_off_switch(now=now).state == OffState.IN_FORCE

    wait_until(is_in_force, "the off switch is in force", 10)


def files_of(mediamtx: RunningMediaMTX, camera: Camera) -> dict[str, int]:
    """Give the camera's files that hold something, with their sizes."""
    files = sorted((mediamtx.recordings / camera.stream_id).glob("*.mp4"))
    return {file.name: file.stat().st_size for file in files if file.stat().st_size}


def online_since(mediamtx: RunningMediaMTX, camera: Camera) -> datetime | None:
    path = mediamtx.client.get_path(camera.stream_id)
    return path.online_since if path and path.is_online else None


def off_in(mediamtx: RunningMediaMTX) -> frozenset[UUID]:
    return read_off_in_force(mediamtx.client.list_config_paths())


def test_off_leaves_the_disk_within_5_seconds_and_on_comes_back(
    running: RunningMediaMTX, world: World, now: datetime
) -> None:
    gate, other = world.camera, world.foreign_camera
    wish(True, gate, other)
    with publish(running.rtsp_port, gate.stream_id), publish(running.rtsp_port, other.stream_id):
        wait_until(lambda: bool(files_of(running, gate) and files_of(running, other)), "both are recorded")
        since = online_since(running, gate), online_since(running, other)
        assert None not in since
        kept = files_of(running, other)

        switched_at = time.time()
        wish(False, gate)
        settle(now)
        deadline = time.monotonic() + ANOTHER_PART_SECONDS
        wait_until(lambda: time.monotonic() > deadline, "two more parts would be there")
        (stopped,) = (running.recordings / gate.stream_id).iterdir()
        assert stopped.stat().st_mtime - switched_at < 5
        assert files_of(running, other).keys() == kept.keys()
        assert sum(files_of(running, other).values()) > sum(kept.values())
        assert (online_since(running, gate), online_since(running, other)) == since

        wish(True, gate)
        settle(now)
        wait_until(lambda: len(files_of(running, gate)) == 2, "a new file starts")
        assert files_of(running, other).keys() == kept.keys()
        assert (online_since(running, gate), online_since(running, other)) == since


def test_where_recording_is_refused_nothing_is_written_until_it_is_accepted(
    running: RunningMediaMTX, world: World, now: datetime
) -> None:
    gate, other = world.camera, world.foreign_camera
    wish(True, gate, other)
    settle(now)
    with publish(running.rtsp_port, gate.stream_id), publish(running.rtsp_port, other.stream_id):
        wait_until(lambda: bool(files_of(running, gate) and files_of(running, other)), "both are recorded")
        since = online_since(running, gate)
        refuse_recording(world.server.pk, now)
        refused_at = time.time()
        settle(now)
        deadline = time.monotonic() + ANOTHER_PART_SECONDS
        wait_until(lambda: time.monotonic() > deadline, "two more parts would be there")
        newest = max(file.stat().st_mtime for file in running.recordings.glob("stream_*/*.mp4"))
        assert newest - refused_at < 5
        assert online_since(running, gate) == since

        accept_recording(world.server.pk, now)
        settle(now)
        wait_until(lambda: len(files_of(running, gate)) == len(files_of(running, other)) == 2, "new files start")


def test_what_mediamtx_says_of_its_own_deleting_is_learnt(
    running: RunningMediaMTX, world: World, now: datetime
) -> None:
    assert [learn_written(running, world, now, text) for text in ("7d", "36h30m", "0s")] == [604_800, 131_400, 0]


def learn_written(mediamtx: RunningMediaMTX, world: World, now: datetime, text: str) -> int | None:
    """Write a `recordDeleteAfter` and give what is learnt of it; MediaMTX is deaf for 1 s after each reload."""
    wait_until(lambda: time.time() - mediamtx.config.stat().st_mtime > 1.5, "MediaMTX listens")
    config = mediamtx.config.read_text()
    write_config(mediamtx.config, re.sub("recordDeleteAfter: .*", f"recordDeleteAfter: {text}", config))

    def is_learnt() -> bool:
        with every_city("a media server's longest promise may be any city's"):
            learn_delete_after(world.server, now)
        return Storage.objects.get().delete_after_seconds == parse_duration(text)

    wait_until(is_learnt, f"{text} is in force")
    return Storage.objects.get().delete_after_seconds


def test_a_camera_that_is_off_before_its_first_picture_is_never_written(
    running: RunningMediaMTX, world: World, now: datetime
) -> None:
    gate, other = world.camera, world.foreign_camera
    wish(True, other)
    settle(now)
    with publish(running.rtsp_port, gate.stream_id), publish(running.rtsp_port, other.stream_id):
        wait_until(lambda: bool(files_of(running, other)), "the other one is recorded")
        assert online_since(running, gate) is not None
    assert not (running.recordings / gate.stream_id).exists()


def test_a_killed_mediamtx_comes_back_with_the_same_cameras_off(
    running: RunningMediaMTX, world: World, now: datetime
) -> None:
    gate, other = world.camera, world.foreign_camera
    wish(True, other)
    settle(now)
    running.process.kill()
    running.process.wait()
    argv = running.process.args
    assert isinstance(argv, list)
    with ExitStack() as stack:
        stack.enter_context(run_program(argv, subprocess.DEVNULL, {"TZ": "UTC"}))
        wait_until(lambda: answers(running.client), "it answers again")
        assert off_in(running) == {gate.pk}
        stack.enter_context(publish(running.rtsp_port, gate.stream_id))
        stack.enter_context(publish(running.rtsp_port, other.stream_id))
        wait_until(lambda: bool(files_of(running, other)), "the other one is recorded")
        assert not (running.recordings / gate.stream_id).exists()
        settle(now)


def test_a_switch_right_after_another_takes_hold(running: RunningMediaMTX, world: World, now: datetime) -> None:
    """MediaMTX drops what it is told of its file within 1 s of the last reload."""
    wish(True, world.camera)
    settle(now)
    wish(False, world.camera)
    started = time.monotonic()
    settle(now)
    assert time.monotonic() - started < 5
    assert off_in(running) == {world.camera.pk, world.foreign_camera.pk}


def test_a_write_that_mediamtx_missed_is_made_good(running: RunningMediaMTX, world: World, now: datetime) -> None:
    settle(now)
    wish(True, world.camera)
    text = replace_off(running.config.read_text(), [world.foreign_camera.pk])
    write_config(running.config, text)  # within 1 s of the reload: dropped
    deadline = time.monotonic() + 0.5
    wait_until(lambda: time.monotonic() > deadline, "it would be in force")
    assert off_in(running) == {world.camera.pk, world.foreign_camera.pk}
    settle(now)
    assert running.config.read_text() == text
    assert off_in(running) == {world.foreign_camera.pk}


def test_5000_cameras_are_off_within_5_seconds_and_the_page_stays_small(
    running: RunningMediaMTX, world: World, now: datetime
) -> None:
    with every_city("a test's world spans the cities"):
        Camera.objects.bulk_create(
            Camera(city=world.city, media_server=world.server, name=f"Camera {number}") for number in range(4998)
        )
    with publish(running.rtsp_port, world.camera.stream_id):
        wait_until(lambda: online_since(running, world.camera) is not None, "a camera is live")
        since = online_since(running, world.camera)
        started = time.monotonic()
        settle(now)
        assert time.monotonic() - started < 5
        assert len(off_in(running)) == 5000
        assert online_since(running, world.camera) == since
        longest = max(len(entry["name"]) for entry in running.client.list_config_paths())
        assert longest < 2000
    assert running.process.poll() is None
