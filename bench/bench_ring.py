"""The purge of the oldest segments, rows and records included, against `rm` of the same list of files."""

import gc
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from bench.database import use_test_database
from bench.report import Report, Rounds, describe_machine
from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import every_city
from footage.layout import name_for
from recording.models import RecordingSession, Segment
from recording.retention.services import turn_ring
from recording.segments.disk import write_marker

GOAL = 1.2
FILE = bytes(4096)
OLD = timedelta(days=20)
ALONE = timedelta(seconds=1)
CONTENDERS = ["rm", "ring", "ring alone", "rm again"]


@dataclass(frozen=True)
class Size:
    """How much is purged a round, and how much stays."""

    purged: int
    kept: int
    cameras: int
    rounds: int


FULL = Size(purged=10_000, kept=40_000, cameras=20, rounds=5)
QUICK = Size(purged=1_000, kept=5_000, cameras=5, rounds=5)


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    with (
        use_test_database() as postgres,
        tempfile.TemporaryDirectory() as folder,
        _log_to_nowhere(),
        every_city("the benchmark's only city"),
    ):
        rounds = _measure(Site.make(Path(folder), size), size)
    return Report(_write(size, rounds, f"{machine}, Postgres {postgres}"), met=quick or _ratio(rounds) <= GOAL)


@contextmanager
def _log_to_nowhere() -> Generator[None, None, None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logging.basicConfig(stream=nowhere, level=logging.INFO, force=True)
        yield


@dataclass
class Site:
    """A media server's folder with young footage that stays; old footage is put beside it for each round."""

    root: Path
    plain: Path
    server: MediaServer
    cameras: list[Camera]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def make(cls, folder: Path, size: Size) -> "Site":
        """Write the rows of what stays; their files nobody looks at."""
        root = folder / "recordings"
        root.mkdir()
        city = City.objects.create(name="Bench")
        server = MediaServer.objects.create(name="bench", recordings_root=str(root))
        write_marker(root, server.pk)
        made = [Camera(city=city, media_server=server, name=f"camera {number}") for number in range(size.cameras)]
        site = cls(root, folder / "plain", server, Camera.objects.bulk_create(made))
        begun = site.now - timedelta(days=3000)
        sessions = [
            RecordingSession(camera=camera, city=city, stream_id=camera.stream_id, started_at=begun, storage_path="")
            for camera in site.cameras
        ]
        RecordingSession.objects.bulk_create(sessions)
        site.add_rows(size.kept, timedelta(days=6))
        site.vacuum()
        return site

    @property
    def length(self) -> timedelta:
        """Give how long a segment is where a camera's next one follows without a break."""
        return timedelta(seconds=len(self.cameras))

    def add_rows(self, count: int, age: timedelta, length: timedelta | None = None) -> list[str]:
        """Write so many rows of segments about that old; give their files."""
        rows = self.describe(count, age, length or self.length)
        Segment.objects.bulk_create(rows, batch_size=2_000)
        return [row.file for row in rows]

    def describe(self, count: int, age: timedelta, length: timedelta) -> list[Segment]:
        """Give so many segments, the oldest that old, a second apart, the cameras in turn."""
        return [self._describe(number, self.now - age + timedelta(seconds=number), length) for number in range(count)]

    def put_old(self, count: int, length: timedelta) -> None:
        """Put old segments beside, rows and files, written out."""
        _write_files(self.root, self.add_rows(count, OLD, length))
        self.vacuum()

    def vacuum(self) -> None:
        """Let the planner know what is there, as it would in time."""
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE recording_segment")

    def _describe(self, number: int, start: datetime, length: timedelta) -> Segment:
        camera = self.cameras[number % len(self.cameras)]
        return Segment(
            camera=camera,
            city_id=camera.city_id,
            media_server=self.server,
            start=start,
            end=start + length,
            size=len(FILE),
            whole_bytes=len(FILE),
            file=f"{camera.stream_id}/{name_for(start)}",
            state="ready",
            fragments=bytes(3000),
            indexed_at=start,
        )


def _write_files(root: Path, names: list[str]) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILE)
    os.sync()


def _measure(site: Site, size: Size) -> Rounds:
    """Only the purge itself is on the clock: what is purged is put there before each."""
    rounds = Rounds({name: [] for name in CONTENDERS}, {name: [] for name in CONTENDERS})
    for number in range(-1, size.rounds):
        shift = number % len(CONTENDERS)
        for name in CONTENDERS[shift:] + CONTENDERS[:shift]:
            purge = _prepare(name, site, size)
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            purge()
            elapsed = time.perf_counter() - wall, time.process_time() - cpu
            if number >= 0:
                rounds.wall[name].append(elapsed[0])
                rounds.cpu[name].append(elapsed[1])
    assert not any(path.is_file() for path in [*site.root.rglob("*.mp4"), *site.plain.rglob("*.mp4")])
    assert Segment.objects.count() == size.kept
    return rounds


def _prepare(name: str, site: Site, size: Size) -> Callable[[], None]:
    if name.startswith("rm"):
        return _prepare_rm(site, size)
    return _prepare_ring(site, size, ALONE if name == "ring alone" else site.length)


def _prepare_ring(site: Site, size: Size, length: timedelta) -> Callable[[], None]:
    site.put_old(size.purged, length)

    def purge() -> None:
        turn = turn_ring(site.server, datetime.now(UTC))
        assert (turn.refused, sum(turn.deleted.values()), turn.is_done) == ("", size.purged, True), turn

    return purge


def _prepare_rm(site: Site, size: Size) -> Callable[[], None]:
    names = [row.file for row in site.describe(size.purged, OLD, site.length)]
    _write_files(site.plain, names)
    listed = "\0".join(names).encode()

    def purge() -> None:
        subprocess.run(["xargs", "-0", "rm"], input=listed, cwd=site.plain, check=True)  # noqa: S607 -- as anybody would call it

    return purge


def _write(size: Size, rounds: Rounds, machine: str) -> str:
    what = f"the oldest {size.purged:,} of {size.purged + size.kept:,} segments"
    lines = [
        f"| {what} | wall ms: median (min–max) | our CPU ms | ratio, round by round: median (min–max) |",
        "|---|---|---|---|",
        f"| `xargs rm` of the list | {rounds.describe('rm', 'rm')} |",
        f"| the same again (noise) | {rounds.describe('rm again', 'rm')} |",
        f"| our ring: found, marked, unlinked, rows gone, written down | {rounds.describe('ring', 'rm')} |",
        f"| the same, a break before every file | {rounds.describe('ring alone', 'rm')} |",
    ]
    verdict = "met" if _ratio(rounds) <= GOAL else "missed"
    goal = f", goal ≤ {GOAL}: {verdict}" if size == FULL else f" (the goal is one for {FULL.purged:,})"
    return "\n".join([*lines, "", f"- {_ratio(rounds):.2f} times `rm`{goal}", "", f"{size.rounds} rounds. {machine}."])


def _ratio(rounds: Rounds) -> float:
    return rounds.median_ratio("ring", "rm")
