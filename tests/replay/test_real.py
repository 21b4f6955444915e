"""Replay of what the real MediaMTX wrote, read by ffmpeg and by the `m3u8` library, neither of which knows us."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from cameras.models import Camera
from cities.scope import every_city
from recording.models import RecordingSession, Segment
from recording.segments.looks import watch_server
from tests.real import RunningMediaMTX, publish, run_mediamtx, wait_until
from tests.recording.gaps.conftest import wish
from tests.recording.segments.test_real import point_at
from tests.replay.conftest import read_playlist, spell
from tests.world import ApiClient, World

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _every_city() -> Iterator[None]:
    with every_city("these tests look at all rows"):
        yield


def record(world: World, mediamtx: RunningMediaMTX, seconds: int) -> Segment:
    """Have the camera recorded until so many seconds are known; the file stays open."""
    server = point_at(world, mediamtx)

    def has_seconds() -> bool:
        watch_server(server, datetime.now(UTC))
        last = Segment.objects.order_by("start").last()
        return last is not None and last.end - last.start >= timedelta(seconds=seconds)

    wait_until(has_seconds, f"{seconds} s are known", seconds=40)
    last = Segment.objects.order_by("start").last()
    assert last is not None
    return last


def address(camera: Camera, start: datetime, end: datetime | None = None) -> str:
    asked = f"?from={spell(start)}" + (f"&to={spell(end)}" if end else "")
    return f"/api/v1/cameras/{camera.pk}/replay.m3u8{asked}"


def decode(url: str, world: World) -> int:
    """Give the number of pictures that ffmpeg decodes of a playlist; an error of any kind fails."""
    headers = f"X-City-ID: {world.city.pk}\r\nX-User-ID: {world.viewer.pk}\r\n"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-headers", headers, "-live_start_index", "0"]
    argv += ["-i", url, "-map", "0:v", "-f", "framemd5", "-"]
    done = subprocess.run(argv, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return len([line for line in done.stdout.splitlines() if not line.startswith(b"#")])


def test_a_killed_and_a_growing_file(world: World, live_server: Any, mediamtx_binary: Path, tmp_path: Path) -> None:
    client = ApiClient(world.viewer, world.city)
    began = datetime.now(UTC)
    wish(world.camera, began - timedelta(minutes=1))
    with (
        run_mediamtx(mediamtx_binary, tmp_path) as mediamtx,
        publish(mediamtx.rtsp_port, world.camera.stream_id),
    ):
        segment = record(world, mediamtx, 12)
        growing = read_playlist(client.get(address(world.camera, began - timedelta(hours=1))))
        assert (growing.playlist_type, growing.is_endlist, growing.target_duration) == ("event", False, 8)
        assert growing.segments[0].program_date_time == segment.start
        assert 4 <= sum(each.duration for each in growing.segments) <= 12
        mediamtx.process.kill()
        mediamtx.process.wait()
    watch_server(world.server, datetime.now(UTC) + timedelta(seconds=46))
    segment.refresh_from_db()
    assert (segment.state, segment.is_recovered) == ("ready", True)
    url = address(world.camera, segment.start, segment.end)
    found = read_playlist(client.get(url))
    assert (found.playlist_type, found.is_endlist, found.version) == ("vod", True, 7)
    seconds = (segment.end - segment.start).total_seconds()
    assert sum(each.duration for each in found.segments) == pytest.approx(seconds, abs=0.001)
    assert decode(live_server.url + url, world) == round(seconds * 10)
    middle = segment.start + timedelta(seconds=5)
    RecordingSession.objects.update(started_at=middle)
    cut = read_playlist(client.get(url))
    assert cut.segments[0].program_date_time >= middle
    assert 0 < decode(live_server.url + url, world) < round((segment.end - middle).total_seconds() * 10) + 1
