"""What a recorded camera costs us beside what it costs MediaMTX: processor time of the looks at its growing segment."""

import logging
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import imageio_ffmpeg
from django.db import connection

from bench.bench_footage import H264, PICTURE, lengthen
from bench.database import use_test_database
from bench.report import Report, describe_machine
from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import every_city
from footage.layout import name_for
from footage.reader import Fragment, SegmentReading, read_segment
from mediamtx import hook
from mediamtx.binary import MEDIAMTX_VERSION
from mediamtx.names import stream_id_for
from recording.models import Segment
from recording.segments.looks import look_at_cameras, watch_server
from tests.real import RunningMediaMTX, get_mediamtx_binary, run_mediamtx, run_program, wait_until

GOAL = 0.01
PUBLISHERS = 8
LOOK_SECONDS = 10
SEGMENT_SECONDS, HOOKS, LISTINGS = 1800, 2, 4
"""A segment starts two processes; its folder is listed by each, and by the next look or two that beat starts."""

HALF = 225
"""Fragments of 4 s in the middle of a segment of 30 min."""


@dataclass(frozen=True)
class Size:
    """Seconds with MediaMTX alone and with looks, cameras of the long files, looks at them."""

    seconds: int
    cameras: int
    looks: int


FULL = Size(seconds=30, cameras=100, looks=12)
QUICK = Size(seconds=10, cameras=20, looks=4)


@dataclass(frozen=True)
class Cost:
    """Processor seconds a second and camera."""

    ours: float = 0.0
    postgres: float = 0.0
    mediamtx: float = 0.0


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    logging.disable(logging.WARNING)
    with (
        use_test_database() as postgres,
        tempfile.TemporaryDirectory() as name,
        every_city("the benchmark's city"),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT pg_backend_pid()")
        backend, folder = int(cursor.fetchone()[0]), Path(name)
        bare, watched, opened = measure_real(folder, size.seconds, backend)
        long, looking = measure_long(folder, opened, size, backend)
    hooks = Cost(ours=(HOOKS * measure_hook(runs=20) + LISTINGS * looking) / SEGMENT_SECONDS)
    ratio = (long.ours + hooks.ours) / bare.mediamtx
    costs = {
        f"MediaMTX alone, {PUBLISHERS} cameras": bare,
        f"the same, and our looks ({PUBLISHERS} cameras share a look's fixed cost)": watched,
        f"our looks at {size.cameras} cameras in the middle of segments of 30 min": long,
        "the turn of a segment of 30 min: two processes of hooks, and four times its folder": hooks,
    }
    text = _write(costs, bare, ratio, f"{machine}, Postgres {postgres}, MediaMTX {MEDIAMTX_VERSION}")
    return Report(text, met=quick or ratio <= GOAL)


def measure_real(folder: Path, seconds: int, backend: int) -> tuple[Cost, Cost, Path]:
    """Let the real MediaMTX record with nobody else about, then with looks; give an open file of it too."""
    clip = make_clip(folder)
    with ExitStack() as stack:
        running = stack.enter_context(run_mediamtx(get_mediamtx_binary(), folder))
        running.recordings.mkdir(exist_ok=True)
        server, cameras = make_site("real", running.recordings, PUBLISHERS)
        for camera_id in cameras:
            stack.enter_context(run_program(_publish(running, clip, camera_id), subprocess.DEVNULL, {}))
        folders = [running.recordings / stream_id_for(camera_id) for camera_id in cameras]
        wait_until(lambda: all(any(each.glob("*.mp4")) for each in folders), "all are recorded", 60)
        pid = running.process.pid
        before = cpu_seconds(pid)
        time.sleep(seconds)
        bare = Cost(mediamtx=(cpu_seconds(pid) - before) / seconds / PUBLISHERS)
        watched = _watch(server, pid, backend, seconds)
        assert Segment.objects.filter(media_server=server, state="open").count() == PUBLISHERS
        opened = Path(shutil.copy(next(folders[0].glob("*.mp4")), folder / "opened.mp4"))
    return bare, watched, opened


def _watch(server: MediaServer, pid: int, backend: int, seconds: int) -> Cost:
    """Look every ten seconds, as a worker does."""
    watch_server(server, datetime.now(UTC))  # the first look is no measure of the others
    ours, rows, theirs, began = 0.0, cpu_seconds(backend), cpu_seconds(pid), time.monotonic()
    for number in range(1, seconds // LOOK_SECONDS + 1):
        time.sleep(max(0.0, began + number * LOOK_SECONDS - time.monotonic()))
        before = time.process_time()
        watch_server(server, datetime.now(UTC))
        ours += time.process_time() - before
    share = (time.monotonic() - began) * PUBLISHERS
    return Cost(ours / share, (cpu_seconds(backend) - rows) / share, (cpu_seconds(pid) - theirs) / share)


def measure_long(folder: Path, opened: Path, size: Size, backend: int) -> tuple[Cost, float]:
    """Look at files of a quarter of an hour, each of which grows by two or three fragments from look to look.

    Gives also the processor seconds of the look at one camera that a hook orders.
    """
    total = HALF + 3 * (size.looks + 2)
    long = folder / "long.mp4"
    lengthen(opened, long, total)
    reading = read_segment(long)
    heads = cut_heads(long, reading)
    server, cameras = make_site("long", folder / "long", size.cameras)
    files = [folder / "long" / stream_id_for(camera_id) / name_for(datetime.now(UTC)) for camera_id in cameras]
    known, ours, rows, began = HALF, list[float](), 0.0, time.time() - SEGMENT_SECONDS / 2
    for number in range(-2, size.looks):
        for file in files:
            grow(file, long, heads, reading.fragments[: known + 1])
        # The looks follow each other at once, but no folder has got another file since a quarter of an hour.
        for file in files:
            os.utime(file.parent, (began, began))
        known += 2 + number % 2
        rows = cpu_seconds(backend) if number == 0 else rows
        before = time.process_time()
        watch_server(server, datetime.now(UTC))
        ours += [time.process_time() - before] if number >= 0 else []
    assert Segment.objects.filter(media_server=server, state="open").count() == size.cameras
    spent = cpu_seconds(backend) - rows
    before = time.process_time()
    for camera_id in cameras:
        look_at_cameras(server, [camera_id], datetime.now(UTC))
    looking = (time.process_time() - before) / size.cameras
    share = LOOK_SECONDS * size.cameras
    return Cost(statistics.median(ours) / share, spent / size.looks / share), looking


def measure_hook(runs: int) -> float:
    """Give the processor seconds of the process that MediaMTX starts for an event; somebody accepts its request."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        environ = {"VMS_HOOK_URL": f"http://127.0.0.1:{port}/hooks", "VMS_HOOK_SECRET": "x" * 32, "MTX_PATH": "x"}
        argv = [sys.executable, "-I", "-S", hook.__file__, "segment_create"]
        before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        for _ in range(runs):
            with subprocess.Popen(argv, env={**os.environ, **environ}):
                request, _ = listener.accept()
                request.recv(4096)
                request.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                request.close()
        return (sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before) / runs


def cut_heads(long: Path, reading: SegmentReading) -> dict[int, bytes]:
    """Give the bytes before each picture by their place; what a look reads is there, what it skips is a hole."""
    heads = {}
    with long.open("rb") as source:
        for fragment in reading.fragments:
            source.seek(fragment.offset)
            heads[fragment.offset] = source.read(fragment.size - fragment.sample_bytes)
    return heads


def grow(file: Path, long: Path, heads: dict[int, bytes], fragments: tuple[Fragment, ...]) -> None:
    """Let a file hold these fragments, of which it holds the first already."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        with long.open("rb") as source:
            file.write_bytes(source.read(fragments[0].offset))
    with file.open("r+b") as target:
        size = target.seek(0, os.SEEK_END)
        for fragment in fragments:
            if fragment.offset >= size:
                target.seek(fragment.offset)
                target.write(heads[fragment.offset])
        target.truncate(fragments[-1].offset + fragments[-1].size)


def make_site(name: str, root: Path, count: int) -> tuple[MediaServer, list[UUID]]:
    """Write a media server's row and its cameras', all online."""
    root.mkdir(exist_ok=True)
    city, server = City.objects.create(name=name), MediaServer.objects.create(name=name, recordings_root=str(root))
    cameras = [
        Camera(city=city, media_server=server, name=f"camera {number}", is_online=True) for number in range(count)
    ]
    return server, [camera.pk for camera in Camera.objects.bulk_create(cameras)]


def make_clip(folder: Path) -> Path:
    """Encode ten seconds once: publishers that copy cost little."""
    clip = folder / "clip.mp4"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *PICTURE, *H264, "-pix_fmt", "yuv420p", "-t", "10"]
    subprocess.run([*argv, str(clip)], check=True)
    return clip


def _publish(running: RunningMediaMTX, clip: Path, camera_id: UUID) -> list[str | Path]:
    target = f"rtsp://127.0.0.1:{running.rtsp_port}/{stream_id_for(camera_id)}"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", clip]
    return [*argv, "-t", "120", "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", target]


def cpu_seconds(pid: int) -> float:
    """Give the processor time of a process so far, its own and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _write(costs: dict[str, Cost], bare: Cost, ratio: float, machine: str) -> str:
    head = "| % of a core per recorded camera | MediaMTX | ours | Postgres for us | ours / MediaMTX alone |"
    lines = [head, "|---|---|---|---|---|"]
    for case, cost in costs.items():
        values = [f"{100 * value:.4f}" if value else "–" for value in (cost.mediamtx, cost.ours, cost.postgres)]
        lines.append(f"| {case} | {' | '.join(values)} | {100 * cost.ours / bare.mediamtx:.2f} % |")
    verdict = "met" if ratio <= GOAL else "missed"
    goal = f"- looks and hooks at segments of 30 min: {100 * ratio:.2f} % of MediaMTX's own, goal ≤ 1 %: {verdict}"
    return "\n".join([*lines, "", goal, "", f"{machine}."])
