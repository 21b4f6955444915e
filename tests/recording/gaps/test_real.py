"""A publisher that falls silent at the real MediaMTX, which lets it be: the silence is a gap, to the second."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cameras.models import Camera
from footage.reader import SegmentReading, read_segment
from recording.gaps.services import recompute_gaps
from recording.gaps.spans import FOREVER, Span
from recording.segments.looks import watch_server
from tests.footage.conftest import H264, publish_as
from tests.real import RunningMediaMTX, run_mediamtx, wait_until
from tests.recording.gaps.conftest import ledger, wish
from tests.world import World

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.usefixtures("every")]

SILENT_SECONDS = 8
CLOCKED = ("-vf", "realtime,setpts=(RTCTIME-RTCSTART)/(TB*1000000)", "-fps_mode", "passthrough")
"""Each picture has the time at which it was sent, as a camera's has."""


def read_only(mediamtx: RunningMediaMTX, camera: Camera) -> SegmentReading | None:
    files = list((mediamtx.recordings / camera.stream_id).glob("*.mp4"))
    return read_segment(files[0]) if len(files) == 1 else None


def test_eight_seconds_of_silence_in_one_file_are_a_gap(world: World, mediamtx_binary: Path, tmp_path: Path) -> None:
    camera, server = world.camera, world.server
    source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=160x120:rate=10:duration=120",
        *CLOCKED,
        *H264,
        "-tune",
        "zerolatency",
    ]
    with run_mediamtx(mediamtx_binary, tmp_path) as mediamtx:
        server.api_url, server.recordings_root = mediamtx.api_url, str(mediamtx.recordings)
        server.save()
        Camera.objects.filter(pk=camera.pk).update(is_online=True)

        def has_fragments(least: int) -> bool:
            reading = read_only(mediamtx, camera)
            return reading is not None and len(reading.fragments) >= least

        with publish_as(mediamtx, camera.stream_id, source) as publisher:
            wait_until(lambda: has_fragments(1), "a first fragment is there", 40)
            os.kill(publisher.pid, signal.SIGSTOP)
            time.sleep(SILENT_SECONDS)  # what is measured
            os.kill(publisher.pid, signal.SIGCONT)
            wait_until(lambda: has_fragments(4), "pictures come again", 40)
            watch_server(server, datetime.now(UTC))
            reading = read_only(mediamtx, camera)
    assert reading is not None
    assert reading.start is not None
    (hole,) = reading.holes
    assert abs((hole.end - hole.start).total_seconds() - SILENT_SECONDS) < 1.5
    assert max(each.duration for each in reading.fragments) < timedelta(seconds=6)
    wish(camera, reading.start)
    recompute_gaps([camera.pk], Span(reading.start, FOREVER), datetime.now(UTC) + timedelta(minutes=1))
    assert ledger(camera)[0] == (reading.start + hole.start, reading.start + hole.end, "unknown")
