"""What playing footage is measured on: a city with cameras and a day each, a web server, and who asks it."""

import http.client
import os
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random
from urllib.parse import quote, urlsplit, urlunsplit

import psutil
from django.conf import settings
from django.db import connection

from cameras.models import Camera, MediaServer
from cities.models import City, Membership, Role, User
from cities.scope import every_city
from cities.tokens import make_token
from footage.activity import CELL, measure_activity
from footage.layout import name_for
from footage.packing import pack_fragments
from footage.reader import read_segment
from recording.models import RecordingSession, Segment
from tests.real import find_free_ports, wait_until
from vms.launcher.plan import WEB_MEMORY, WEB_THREADS

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
HALF_HOUR, PART = timedelta(minutes=30), timedelta(seconds=4)
PARTS = HALF_HOUR // PART
PER_DAY, PEOPLE = 48, 80
WARMING = 300
"""So often is everything asked before it counts: a web server runs for weeks, and its threads know their questions."""

_MAP = re.compile(r'^#EXT-X-MAP:URI="data:video/mp4;base64,(.+)"$', re.MULTILINE)
_GROUP = re.compile(r"^#EXT-X-BYTERANGE:(\d+)@(\d+)\n(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Group:
    """A group of fragments that a playlist names."""

    address: str
    offset: int
    size: int

    @property
    def range(self) -> str:
        """Give what a player asks for."""
        return f"bytes={self.offset}-{self.offset + self.size - 1}"


@dataclass(frozen=True)
class Playlist:
    """What a playlist names, and the head inside it, read with as little work as can be: the time of who reads it is
    not ours.
    """

    text: bytes
    head: bytes
    groups: list[Group]


@dataclass
class Stage:
    """The web server at work, and who asks it in turn: nobody so often that they are held for a flood.

    `footage` is the file that every segment consists of. `pids` are the processes whose CPU counts.
    """

    city: City
    cameras: list[Camera]
    people: list[User]
    footage: Path
    callers: Iterator[dict[str, str]]
    port: int = 0
    pids: Sequence[int] = ()

    def get(self, path: str, asked: str = "") -> bytes:
        """Ask over a new connection, for a range if one is given; give the body."""
        headers = next(self.callers) | ({"Range": asked} if asked else {})
        return fetch(self.port, path, headers)

    def ask_for(self, camera: Camera, start: datetime, end: datetime) -> Playlist:
        """Ask for a playlist as our own player does, which shows its beginning first, and read it."""
        text = self.get(f"{name_address('replay.m3u8', camera, start, end)}&at={quote(start.isoformat())}")
        lines = text.decode()
        head = _MAP.search(lines)
        assert head, lines
        groups = [Group(address, int(offset), int(size)) for size, offset, address in _GROUP.findall(lines)]
        return Playlist(text, b64decode(head[1]), groups)

    def cpu(self) -> float:
        """Give the seconds of CPU that its processes and their connections' Postgres have taken."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            backends = [pid for (pid,) in cursor.fetchall() if pid != connection.connection.info.backend_pid]
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in [*self.pids, *backends])

    def measure(
        self, asks: Mapping[str, Callable[[int], object]], *, rounds: int, times: int
    ) -> dict[str, list[float]]:
        """Let each be asked so often in turn; give the CPU of one answer in ms, round by round."""
        for ask in asks.values():
            _ask(ask, range(WARMING))
        found: dict[str, list[float]] = {name: [] for name in asks}
        names = list(asks)
        for number in range(rounds):
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                before = self.cpu()
                _ask(asks[name], range(number * times, (number + 1) * times))
                found[name].append((self.cpu() - before) / times * 1e3)
        return found


def fetch(port: int, path: str, headers: dict[str, str]) -> bytes:
    """Ask a server on this machine over a new connection; give the body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        body = answer.read()
    finally:
        line.close()
    assert answer.status in {200, 206}, (path, answer.status, body[:300])
    return body


def name_address(what: str, camera: Camera, start: datetime, end: datetime) -> str:
    """Give the address of a camera's timeline or playlist."""
    return f"/api/v1/cameras/{camera.pk}/{what}?from={quote(start.isoformat())}&to={quote(end.isoformat())}"


def fill(footage: Path, recordings: Path, count: int) -> Stage:
    """Give so many cameras a day of half hours; of each the first and the last lie among the recordings."""
    server = MediaServer.objects.create(name="bench", recordings_root=str(recordings))
    city = City.objects.create(name="Bench")
    with every_city("the benchmark's only city"):
        people = [User.objects.create(username=f"user {number}") for number in range(PEOPLE)]
        Membership.objects.bulk_create(Membership(user=each, city=city, role=Role.VIEWER) for each in people)
        cameras = [Camera(city=city, media_server=server, name=f"camera {number}") for number in range(count)]
        Camera.objects.bulk_create(cameras)
        _give_days(cameras, footage)
    for camera in cameras:
        _lay_footage(footage, recordings / camera.stream_id)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE recording_segment, recording_recordingsession, cameras_camera")
    return Stage(city, cameras, people, footage, cycle([_introduce(city, each) for each in people]))


def hand_out_tokens(stage: Stage) -> Iterator[dict[str, str]]:
    """Give what people say for themselves where no gateway vouches for them."""
    tokens = [make_token(each, name="bench", lasts=timedelta(days=1)) for each in stage.people]
    pairs = zip(stage.people, tokens, strict=True)
    return cycle([_introduce(stage.city, each) | {"Authorization": f"Bearer {token}"} for each, token in pairs])


@contextmanager
def run_web(folder: Path, **environ: str) -> Generator[tuple[int, list[int]], None, None]:
    """Run the web server as `make run` does, on this benchmark's database; give its port and its workers.

    `folder` is what the plain file server beside it serves.
    """
    [port] = find_free_ports(1)
    parts = urlsplit(settings.DATABASE_URL)
    environment = {
        **WEB_MEMORY,
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "bench.replay_settings",
        "VMS_SECRET_KEY": settings.SECRET_KEY,
        "VMS_LOG_LEVEL": "ERROR",
        "BENCH_FOLDER": str(folder),
        **environ,
    }
    options = ["--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS)]
    argv = [sys.executable, "-m", "gunicorn", "vms.wsgi:application", *options, "--no-control-socket"]
    argv += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL) as web:
        try:
            wait_until(lambda: _answers(port), "web answers", 60)
            yield port, [each.pid for each in psutil.Process(web.pid).children()]
        finally:
            web.terminate()


def _give_days(cameras: list[Camera], footage: Path) -> None:
    reading = read_segment(footage)
    assert (len(reading.fragments), reading.tear, reading.duration) == (PARTS, "", HALF_HOUR)
    packed, level = pack_fragments(reading.fragments), max(measure_activity(reading.fragments))
    starts = [BEGINNING + number * HALF_HOUR for number in range(PER_DAY)]
    # On a street more or less moves; in the file, where ten seconds are like any other, hardly anything does.
    changes = Random(1)  # noqa: S311 -- nothing secret, the same each time
    activity = {start: bytes(round(changes.gauss(level, 10)) for _ in range(HALF_HOUR // CELL)) for start in starts}
    RecordingSession.objects.bulk_create(
        RecordingSession(camera=each, city=each.city, stream_id=each.stream_id, started_at=BEGINNING)
        for each in cameras
    )
    Segment.objects.bulk_create(
        Segment(
            camera=each, city=each.city, media_server=each.media_server, start=start, end=start + HALF_HOUR,
            file=f"{each.stream_id}/{name_for(start)}", size=reading.size, whole_bytes=reading.whole_bytes,
            state="ready", indexed_at=start, fragments=packed, activity=activity[start],
        )
        for each in cameras
        for start in starts
    )  # fmt: skip


def _lay_footage(footage: Path, folder: Path) -> None:
    folder.mkdir()
    for number in (0, PER_DAY - 1):
        os.link(footage, folder / name_for(BEGINNING + number * HALF_HOUR))


def _introduce(city: City, person: User) -> dict[str, str]:
    return {"X-City-ID": str(city.pk), "X-User-ID": str(person.pk)}


def _ask(ask: Callable[[int], object], numbers: Iterable[int]) -> None:
    for number in numbers:
        ask(number)


def _answers(port: int) -> bool:
    try:
        return fetch(port, "/media/bench/one", {}) == b"1"
    except (OSError, AssertionError):
        return False
