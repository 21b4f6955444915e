"""Segment files that the index does not know, until it does, against walking the folders and copying the rows in."""

import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL

import imageio_ffmpeg
from django.db import connection, transaction

from bench.database import use_test_database
from bench.report import Report, Rounds, describe_machine, run_rounds
from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import every_city
from footage.layout import name_for
from footage.reader import read_segment
from mediamtx.binary import MEDIAMTX_VERSION
from recording.models import Segment
from recording.segments.disk import write_marker
from recording.segments.reconcile import Report as Pass
from recording.segments.reconcile import reconcile
from tests.real import get_mediamtx_binary, run_mediamtx, run_program, wait_until

FILES_OF_A_CAMERA = 336
"""A week of 30 min each."""

FIRST_GOAL, SECOND_GOAL = 2.0, 1.5
START = datetime(2026, 1, 20, tzinfo=UTC)
PART = timedelta(minutes=30)
STILL = ("-f", "lavfi", "-i", "color=size=64x64:rate=5", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10")
COLUMNS = (
    'camera_id, city_id, media_server_id, start, "end", size, whole_bytes, file, stream_id, number, state, damage, '
    "is_recovered, fragments, indexed_at"
)


@dataclass(frozen=True)
class Size:
    """How many files; rounds of the first pass, and of the second, which finds nothing new."""

    files: int
    rounds: int
    second_rounds: int


FULL = Size(files=100_000, rounds=5, second_rounds=11)
QUICK = Size(files=10_000, rounds=3, second_rounds=5)


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page; BENCH_FILES gives another number of files than the usual."""
    size, machine = QUICK if quick else FULL, describe_machine()
    if wanted := os.environ.get("BENCH_FILES"):
        size = Size(int(wanted), rounds=1 if int(wanted) > FULL.files else 3, second_rounds=5)
    logging.disable(logging.WARNING)
    with use_test_database() as postgres, tempfile.TemporaryDirectory() as folder, every_city("the benchmark's city"):
        segment = make_segment(Path(folder))
        site = Site.make(Path(folder) / "footage", size.files, segment)
        site.dump_rows(Path(folder) / "rows")
        first, second = site.measure_first(size.rounds), site.measure_second(size.second_rounds)
    ratios = first.median_ratio("ours", "plain"), second.median_ratio("ours", "plain")
    text = _write(size, len(segment), first, second, f"{machine}, Postgres {postgres}, MediaMTX {MEDIAMTX_VERSION}")
    return Report(text, met=quick or (ratios[0] <= FIRST_GOAL and ratios[1] <= SECOND_GOAL))


@dataclass
class Site:
    """One city's cameras with a week of segments each, and the same rows as Postgres itself writes them out."""

    server: MediaServer
    root: Path
    files: int
    dump: Path

    @classmethod
    def make(cls, root: Path, files: int, segment: bytes) -> "Site":
        """Write rows of cameras and the files, as if they were two hours old."""
        root.mkdir()
        city = City.objects.create(name="Bench")
        server = MediaServer.objects.create(name="bench", recordings_root=str(root))
        count = -(-files // FILES_OF_A_CAMERA)
        cameras = [Camera(city=city, media_server=server, name=f"camera {number}") for number in range(count)]
        Camera.objects.bulk_create(cameras, batch_size=1_000)
        write_marker(root, server.pk)
        names = [name_for(START + number * PART) for number in range(FILES_OF_A_CAMERA)]
        moment = datetime.now(UTC).timestamp() - 7200
        for number in range(files):
            camera, name = cameras[number // FILES_OF_A_CAMERA], names[number % FILES_OF_A_CAMERA]
            path = root / camera.stream_id / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(segment)
            os.utime(path, (moment, moment))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE cameras_camera")
        return cls(server, root, files, root)

    def dump_rows(self, dump: Path) -> None:
        """Index everything once and have the rows written out, in the order in which a walk meets them."""
        self.dump = dump
        self.index_all()
        rows = f"COPY (SELECT {COLUMNS} FROM recording_segment ORDER BY id) TO STDOUT (FORMAT binary)"  # noqa: S608 -- the constant above
        with connection.cursor() as cursor, dump.open("wb") as output, cursor.copy(rows) as source:
            for data in source:
                output.write(data)

    def measure_first(self, rounds: int) -> Rounds:
        """Let all files be unknown each time, and nobody write to the disk what another one left."""
        contenders = {"plain": self.walk_and_copy, "ours": self.index_all, "plain again": self.walk_and_copy}
        return take_turns(rounds, contenders, before=forget)

    def measure_second(self, rounds: int) -> Rounds:
        """Let all files be known."""
        forget()
        self.index_all()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE recording_segment")
        contenders = {"plain": self.walk, "ours": self.find_nothing, "plain again": self.walk, "names": self.walk_names}
        return take_turns(rounds, contenders)

    def index_all(self) -> None:
        """Do what a worker does when it meets a disk full of footage for the first time."""
        done = self.reconcile()
        assert (done.refused, done.indexed.written, done.stranger_count) == ("", self.files, 0)

    def find_nothing(self) -> None:
        """Do what it does each hour."""
        assert self.reconcile().is_clean

    def reconcile(self) -> Pass:
        """Make a full pass."""
        return reconcile(self.server, datetime.now(UTC))

    def walk_and_copy(self) -> None:
        """Do the least: know name, size and time of each file, and put rows that are there already into the table."""
        self.walk()
        rows = f"COPY recording_segment ({COLUMNS}) FROM STDIN (FORMAT binary)"
        with transaction.atomic(), connection.cursor() as cursor:
            # Where a policy holds, Postgres takes no COPY; the least there is, is without one.
            cursor.execute("ALTER TABLE recording_segment NO FORCE ROW LEVEL SECURITY")
            with self.dump.open("rb") as source, cursor.copy(rows) as target:
                while data := source.read(1 << 20):
                    target.write(data)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE recording_segment FORCE ROW LEVEL SECURITY")
        assert Segment.objects.count() == self.files

    def walk(self) -> None:
        """Know name, size and time of each file."""
        found = [
            (file.name, status.st_size, status.st_mtime)
            for folder in list(os.scandir(self.root))
            if folder.is_dir()
            for file in os.scandir(folder)
            for status in [file.stat(follow_symlinks=False)]
        ]
        assert len(found) == self.files

    def walk_names(self) -> None:
        """Know the names alone."""
        found = [file.name for folder in list(os.scandir(self.root)) if folder.is_dir() for file in os.scandir(folder)]
        assert len(found) == self.files


def take_turns(
    rounds: int, contenders: dict[str, Callable[[], None]], before: Callable[[], object] = lambda: None
) -> Rounds:
    """Let them run; none of them minds which round it is."""

    def ignoring_round(work: Callable[[], None]) -> Callable[[int], None]:
        return lambda _: work()

    return run_rounds(rounds, {name: ignoring_round(work) for name, work in contenders.items()}, before)


def forget() -> None:
    """Empty the index, and have all that was written before on the disk."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE recording_segment")
        cursor.execute("CHECKPOINT")


def make_segment(folder: Path) -> bytes:
    """Give a closed segment of one fragment by the real MediaMTX, without its mark: the name tells the start."""
    file = record_one(folder)
    reading, data = read_segment(file), file.read_bytes()
    end = reading.fragments[0].offset + reading.fragments[0].size
    return data[:end].replace(b"mtxi", b"free", 1)


def record_one(folder: Path) -> Path:
    """Let MediaMTX record a still picture for a little more than four seconds."""
    with run_mediamtx(get_mediamtx_binary(), folder) as running:
        target = ["-f", "rtsp", "-rtsp_transport", "tcp", f"rtsp://127.0.0.1:{running.rtsp_port}/bench"]
        argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", *STILL, "-t", "8", *target]

        def closed() -> list[Path]:
            return [file for file in running.recordings.glob("bench/*.mp4") if read_segment(file).is_closed]

        with run_program(list(argv), DEVNULL, {}):
            wait_until(lambda: bool(closed()), "a segment is closed", 60)
        (found,) = closed()
    kept = folder / "one.mp4"
    found.rename(kept)
    return kept


def _write(size: Size, length: int, first: Rounds, second: Rounds, machine: str) -> str:
    head = f"{size.files:,} files of {length:,} bytes"
    lines = [
        f"| {head} | wall ms: median (min–max) | our CPU ms | ratio, round by round: median (min–max) |",
        "|---|---|---|---|",
        "| **unknown to the index** | | | |",
        f"| walk with `stat`, `COPY` of rows made before | {first.describe('plain', 'plain')} |",
        f"| the same again (noise) | {first.describe('plain again', 'plain')} |",
        f"| our full pass: read, judged, indexed | {first.describe('ours', 'plain')} |",
        "| **all known, nothing new** | | | |",
        f"| walk with `stat` | {second.describe('plain', 'plain')} |",
        f"| the same again (noise) | {second.describe('plain again', 'plain')} |",
        f"| walk over the names alone | {second.describe('names', 'plain')} |",
        f"| our full pass | {second.describe('ours', 'plain')} |",
        "",
        _judge(size, "unknown", first.median_ratio("ours", "plain"), FIRST_GOAL),
        _judge(size, "all known", second.median_ratio("ours", "plain"), SECOND_GOAL),
        "",
        f"{size.rounds} rounds, {size.second_rounds} of the second pass. {machine}.",
    ]
    return "\n".join(lines)


def _judge(size: Size, case: str, ratio: float, goal: float) -> str:
    verdict = f", goal ≤ {goal}: {'met' if ratio <= goal else 'missed'}" if size.files >= FULL.files else ""
    return f"- {case}: {ratio:.2f} times the plain way{verdict}"
