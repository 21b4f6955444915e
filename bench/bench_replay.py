"""What replay costs: the first picture of a moment, a day's playlist and timeline, and many who play at once."""

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import m3u8
import psutil
from django.conf import settings
from django.db import connection

from bench.database import use_test_database
from bench.report import Report, describe_machine
from cameras.models import Camera, MediaServer
from cities.models import City, Membership, Role, User
from cities.scope import every_city
from footage.activity import measure_activity
from footage.packing import pack_fragments
from footage.reader import Fragment
from recording.models import RecordingSession, Segment
from tests.real import find_free_ports, wait_until

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
HALF_HOUR, PART = timedelta(minutes=30), timedelta(seconds=4)
HEAD_BYTES, PART_BYTES, PARTS = 800, 1_000_000, 450
PER_DAY, PEOPLE, REPLAYS = 48, 80, 20
GOAL_FIRST, GOAL_COLD, GOAL_HOT, GOAL_TIMELINE = 4.0, 3.0, 1.5, 2.0


@dataclass(frozen=True)
class Size:
    """How often each is asked, how many cameras have a day, and how many groups each of those who play takes."""

    questions: int
    cameras: int
    groups: int


FULL, QUICK = Size(400, 24, 60), Size(60, 6, 10)


@dataclass
class Stage:
    """The web server at work, and who asks it in turn: nobody so often that they are held for a flood."""

    port: int
    pids: list[int]
    city: City
    people: Iterator[User]
    cameras: list[Camera]
    taken: dict[str, list[float]] = field(default_factory=dict)

    def get(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        """Ask as a gateway does, over a new connection; give the body."""
        caller = {"X-City-ID": str(self.city.pk), "X-User-ID": str(next(self.people).pk)}
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request("GET", path, headers=caller | (headers or {}))
            answer = line.getresponse()
            body = answer.read()
        finally:
            line.close()
        assert answer.status in {200, 206}, (path, answer.status, body[:300])
        return body

    def cpu(self) -> float:
        """Give the seconds of CPU that the web server and its connections' Postgres have taken."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            backends = [pid for (pid,) in cursor.fetchall() if pid != connection.connection.info.backend_pid]
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in [*self.pids, *backends])

    def measure(self, name: str, ask: Callable[[int], object], times: int) -> float:
        """Ask so often; give the CPU of one answer in ms, and keep its times in `taken`."""
        ask(0)
        before, walls = self.cpu(), []
        for number in range(times):
            began = time.perf_counter()
            ask(number)
            walls.append(time.perf_counter() - began)
        self.taken[name] = walls
        return (self.cpu() - before) / times * 1e3

    def wall(self, name: str) -> float:
        """Give the median of what was measured under a name, in ms."""
        return statistics.median(self.taken[name]) * 1e3


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    with use_test_database() as postgres, tempfile.TemporaryDirectory() as folder:
        stage = _fill(size, Path(folder))
        with _web(stage, Path(folder)):
            found = [_first_picture(stage, size), _playlist(stage, Path(folder)), _timeline(stage, size)]
            found.append(_many(stage, size))
    text = "\n\n".join([text for text, _ in found] + [f"{machine}, Postgres {postgres}."])
    return Report(text, met=quick or all(met for _, met in found))


def _first_picture(stage: Stage, size: Size) -> tuple[str, bool]:
    """Playlist, head and first group of a moment, against plain reads of the same bytes."""
    camera, rows, met = stage.cameras[0], [], True
    for minute in (0, 10, 20, 29):
        start = BEGINNING + timedelta(minutes=minute)
        parts = _ask_for(stage, camera, start, start + 2 * PART).segments
        first, _, offset = parts[0].byterange.partition("@")
        asked = f"bytes={offset}-{int(offset) + int(first) - 1}"

        def ours(_: int, start: datetime = start, asked: str = asked) -> None:
            found = _ask_for(stage, camera, start, start + 2 * PART).segments[0]
            stage.get(found.init_section.uri)
            stage.get(found.uri, {"Range": asked})

        def plain(_: int, asked: str = asked) -> None:
            for each in (f"bytes=0-{HEAD_BYTES - 1}", f"bytes=0-{HEAD_BYTES - 1}", asked):
                stage.get("/media/bench/footage.mp4", {"Range": each})

        stage.measure("ours", ours, size.questions // 10)
        stage.measure("plain", plain, size.questions // 10)
        ratio = stage.wall("ours") / stage.wall("plain")
        met = met and ratio <= GOAL_FIRST
        rows.append(f"| minute {minute} | {stage.wall('ours'):.1f} | {stage.wall('plain'):.1f} | {ratio:.1f} |")
    head = f"| first picture, {PART_BYTES:,} bytes | ours ms | three plain reads ms | ratio |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + f"\n\n- goal ≤ {GOAL_FIRST:.0f}×: {_say(met=met)} (warm)", met


def _playlist(stage: Stage, folder: Path) -> tuple[str, bool]:
    """A day's playlist, each camera's for the first time and then again, against the same text out of a file."""
    end, cameras = BEGINNING + timedelta(days=1), stage.cameras[2:]

    def ours(number: int) -> bytes:
        return stage.get(_address("replay.m3u8", cameras[number % len(cameras)], BEGINNING, end))

    (folder / "day.m3u8").write_bytes(stage.get(_address("replay.m3u8", stage.cameras[1], BEGINNING, end)))
    times = len(cameras)
    walls: list[float] = []
    for number in range(times):
        began = time.perf_counter()
        ours(number)
        walls.append(time.perf_counter() - began)
    cold = statistics.median(walls) * 1e3
    stage.measure("hot", ours, times)
    stage.measure("file", lambda _: stage.get("/media/bench/day.m3u8"), times)
    hot, plain = stage.wall("hot"), stage.wall("file")
    met = cold / plain <= GOAL_COLD and hot / plain <= GOAL_HOT
    size = (folder / "day.m3u8").stat().st_size
    rows = [f"| {name} | {took:.1f} | {took / plain:.1f} |" for name, took in (("cold", cold), ("hot", hot))]
    head = f"| playlist of 24 h, {size:,} bytes | ms | over the file ({plain:.1f} ms) |\n|---|---|---|\n"
    goal = f"\n\n- goal ≤ {GOAL_COLD:.0f}× cold, ≤ {GOAL_HOT}× hot: {_say(met=met)}"
    return head + "\n".join(rows) + goal, met


def _timeline(stage: Stage, size: Size) -> tuple[str, bool]:
    """A camera-day's timeline through the API's door, against views that ask for a number."""
    end = BEGINNING + timedelta(days=1)

    def ours(number: int) -> bytes:
        camera = stage.cameras[number % len(stage.cameras)]
        return stage.get(_address("timeline", camera, BEGINNING, end) + "&resolution=120")

    costs = {
        "`select 1`": stage.measure("bare", lambda _: stage.get("/media/bench/one"), size.questions),
        "`select 1`, with authentication": stage.measure(
            "known", lambda _: stage.get("/api/v1/bench/one"), size.questions
        ),
        "timeline of a day": stage.measure("timeline", ours, size.questions),
    }
    bare = costs["`select 1`"]
    rows = [f"| {name} | {cost:.2f} | {cost / bare:.1f} |" for name, cost in costs.items()]
    met = costs["timeline of a day"] / bare <= GOAL_TIMELINE
    head = "| CPU of web and Postgres for one answer | ms | ratio |\n|---|---|---|\n"
    return head + "\n".join(rows) + f"\n\n- goal ≤ {GOAL_TIMELINE:.0f}×: {_say(met=met)}", met


def _many(stage: Stage, size: Size) -> tuple[str, bool]:
    """Twenty who play at once, against twenty who read the same file."""

    def play(number: int) -> int:
        start = BEGINNING + timedelta(minutes=number % 20)
        parts = _ask_for(stage, stage.cameras[0], start, start + size.groups * PART).segments
        done = 0
        for part in parts:
            length, _, offset = part.byterange.partition("@")
            done += len(stage.get(part.uri, {"Range": f"bytes={offset}-{int(offset) + int(length) - 1}"}))
        return done

    def read(_: int) -> int:
        return sum(
            len(
                stage.get("/media/bench/footage.mp4", {"Range": f"bytes={at * PART_BYTES}-{(at + 1) * PART_BYTES - 1}"})
            )
            for at in range(size.groups)
        )

    costs = {}
    for name, work in (("replays", play), ("plain reads", read)):
        before = stage.cpu()
        with ThreadPoolExecutor(REPLAYS) as pool:
            sent = sum(pool.map(work, range(REPLAYS)))
        costs[name] = (stage.cpu() - before) / sent * 1e9
    rows = [f"| {name} | {cost:.2f} |" for name, cost in costs.items()]
    return f"| {REPLAYS} at once, gunicorn alone | seconds of CPU for a gigabyte |\n|---|---|\n" + "\n".join(rows), True


def _ask_for(stage: Stage, camera: Camera, start: datetime, end: datetime) -> Any:
    return m3u8.loads(stage.get(_address("replay.m3u8", camera, start, end)).decode())


def _address(what: str, camera: Camera, start: datetime, end: datetime) -> str:
    return f"/api/v1/cameras/{camera.pk}/{what}?from={quote(start.isoformat())}&to={quote(end.isoformat())}"


def _say(*, met: bool) -> str:
    return "met" if met else "missed"


def _fill(size: Size, folder: Path) -> Stage:
    """Give each camera a day of half hours of the same one file."""
    server = MediaServer.objects.create(name="bench", recordings_root=str(folder))
    city = City.objects.create(name="Bench")
    with (folder / "footage.mp4").open("wb") as file:
        block = os.urandom(PART_BYTES)
        for _ in range(PARTS + 1):
            file.write(block)
    fragments = [
        Fragment(
            HEAD_BYTES + number * PART_BYTES, PART_BYTES, number * PART, PART, is_key=True, sample_bytes=PART_BYTES
        )
        for number in range(PARTS)
    ]
    packed, activity = pack_fragments(fragments), measure_activity(fragments)
    with every_city("the benchmark's only city"):
        people = [User.objects.create(username=f"user {number}") for number in range(PEOPLE)]
        Membership.objects.bulk_create(Membership(user=each, city=city, role=Role.VIEWER) for each in people)
        cameras = [Camera(city=city, media_server=server, name=f"camera {number}") for number in range(size.cameras)]
        Camera.objects.bulk_create(cameras)
        for camera in cameras:
            RecordingSession.objects.create(camera=camera, city=city, stream_id=camera.stream_id, started_at=BEGINNING)
            for number in range(PER_DAY):
                start = BEGINNING + number * HALF_HOUR
                name = f"{camera.stream_id}/{number}.mp4"
                Segment.objects.create(
                    camera=camera, city=city, media_server=server, start=start, end=start + HALF_HOUR, file=name,
                    size=(PARTS + 1) * PART_BYTES, whole_bytes=HEAD_BYTES + PARTS * PART_BYTES, state="ready",
                    indexed_at=start, fragments=packed, activity=activity,
                )  # fmt: skip
            (folder / camera.stream_id).mkdir()
            os.link(folder / "footage.mp4", folder / camera.stream_id / "0.mp4")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE recording_segment, recording_recordingsession, cameras_camera")
    return Stage(0, [], city, (people[number % PEOPLE] for number in count()), cameras)


@contextmanager
def _web(stage: Stage, folder: Path) -> Generator[None, None, None]:
    """Run the web server as `make run` does, on this benchmark's database."""
    [stage.port] = find_free_ports(1)
    parts = urlsplit(settings.DATABASE_URL)
    environ = {
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "bench.replay_settings",
        "VMS_SECRET_KEY": settings.SECRET_KEY,
        "VMS_LOG_LEVEL": "ERROR",
        "BENCH_FOLDER": str(folder),
    }
    options = ["--worker-class", "gthread", "--workers", "1", "--threads", "8", "--bind", f"127.0.0.1:{stage.port}"]
    argv = [sys.executable, "-m", "gunicorn", "vms.wsgi:application", *options, "--no-control-socket"]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL) as web:
        try:
            wait_until(lambda: _answers(stage), "web answers", 60)
            stage.pids = [each.pid for each in psutil.Process(web.pid).children()]
            yield
        finally:
            web.terminate()


def _answers(stage: Stage) -> bool:
    try:
        return stage.get("/media/bench/one") == b"1"
    except (OSError, AssertionError):
        return False
