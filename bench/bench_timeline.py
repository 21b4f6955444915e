"""One camera's day of footage among fourteen million rows, against the bare, prepared, index-only SQL."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, connections

from bench.database import ask_by, clone_database, use_test_database
from bench.report import Report, describe_machine, divide, spell_spread
from cameras.models import Camera, MediaServer
from cities.models import City
from cities.scope import city_scope
from recording.gaps.footage import _SPANS, list_footage_spans
from recording.models import RecordingSession
from recording.writing import LONGEST_SEGMENT

GOAL_OVER_BARE, GOAL_OVER_SMALL = 1.3, 1.1
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
PER_DAY = 48
DAY = timedelta(days=1)

# In the order of the index's own pages: a city's cameras, each day after day, as if they had always been there.
_FILL = """
    INSERT INTO recording_segment (camera_id, city_id, media_server_id, start, "end", size, whole_bytes, file, state,
                                   damage, is_recovered, fragments, indexed_at)
    SELECT camera.id, camera.city_id, camera.media_server_id, moment, moment + interval '30 minutes', 450000000,
           450000000, right(camera.id::text, 12) || extract(epoch FROM moment)::bigint, 'ready', '', false, '', moment
    FROM (SELECT * FROM cameras_camera ORDER BY id LIMIT %(count)s OFFSET %(first)s) AS camera,
         generate_series(%(from)s::timestamptz, %(last)s, interval '30 minutes') AS moment
"""

# Foreign keys and the other indexes cost an hour of filling and nothing of what is measured.
_LIGHTEN = """
    DO $$ DECLARE row record; BEGIN
        FOR row IN SELECT conname AS name FROM pg_constraint
                   WHERE conrelid = 'recording_segment'::regclass AND contype IN ('f', 'u', 'p')
                     AND conname <> 'segment_by_camera_and_start'
        LOOP EXECUTE format('ALTER TABLE recording_segment DROP CONSTRAINT %I', row.name); END LOOP;
        FOR row IN SELECT indexrelid::regclass::text AS name FROM pg_index
                   WHERE indrelid = 'recording_segment'::regclass
                     AND indexrelid::regclass::text <> 'segment_by_camera_and_start'
        LOOP EXECUTE 'DROP INDEX ' || row.name; END LOOP;
        ALTER TABLE recording_segment SET UNLOGGED;
    END $$
"""

_BARE = """
    SELECT start, "end", state FROM recording_segment
    WHERE camera_id = %s AND start >= %s AND start < %s AND "end" > %s AND state IN ('open', 'ready') ORDER BY start
"""


@dataclass(frozen=True)
class Size:
    """How much is measured: cameras with so many days of half hours each, and questions asked in a round."""

    small_cameras: int
    large_cameras: int
    days: int
    questions: int
    rounds: int

    def rows(self, cameras: int) -> int:
        """Give the number of segments."""
        return cameras * self.days * PER_DAY


FULL = Size(small_cameras=100, large_cameras=9_730, days=30, questions=400, rounds=11)
QUICK = Size(small_cameras=10, large_cameras=500, days=30, questions=200, rounds=7)


@dataclass
class Times:
    """Seconds of every question, by who asked, and each round's median."""

    single: dict[str, list[float]] = field(default_factory=dict)
    medians: dict[str, list[float]] = field(default_factory=dict)

    def describe(self, name: str, reference: str) -> str:
        """Give a row: p50 and p99 in µs, the ratio of the rounds' medians with its spread."""
        values = sorted(self.single[name])
        tail = values[int(len(values) * 0.99)]
        ratio = spell_spread(self.ratios(name, reference), 2)
        return f"{statistics.median(values) * 1e6:.0f} | {tail * 1e6:.0f} | {ratio}"

    def ratios(self, name: str, reference: str) -> list[float]:
        """Give the rounds' medians in terms of the reference's."""
        return divide(self.medians[name], self.medians[reference])

    def p50(self, name: str) -> float:
        """Give the median of all questions, in seconds."""
        return statistics.median(self.single[name])


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    with use_test_database() as postgres:
        shelf = Shelf.make(size)
        with city_scope(shelf.city.pk):
            shelf.fill(0, size.small_cameras)
            with clone_database("small") as small:
                shelf.fill(size.small_cameras, size.large_cameras)
                few, many = measure(shelf, {size.small_cameras: small, size.large_cameras: connections["default"]})
    over_bare = statistics.median(many.ratios("ours", "bare"))
    over_small = many.p50("ours") / few.p50("ours")
    met = over_bare <= GOAL_OVER_BARE and over_small <= GOAL_OVER_SMALL
    text = _write(size, few, many, f"{machine}, Postgres {postgres}")
    return Report(text, met=quick or met)


@dataclass
class Shelf:
    """One city's cameras, each recorded without a break."""

    size: Size
    city: City
    cameras: list[Camera]

    @classmethod
    def make(cls, size: Size) -> "Shelf":
        """Write the cameras and their sessions."""
        city, server = City.objects.create(name="Bench"), MediaServer.objects.create(name="bench")
        with city_scope(city.pk):
            cameras = [
                Camera(id=UUID(int=number + 1), city=city, media_server=server, name=f"camera {number}")
                for number in range(size.large_cameras)
            ]
            Camera.objects.bulk_create(cameras, batch_size=1_000)
            Camera.objects.update(created_at=BEGINNING)
            sessions = [
                RecordingSession(camera=camera, city=city, stream_id=camera.stream_id, started_at=BEGINNING)
                for camera in cameras
            ]
            RecordingSession.objects.bulk_create(sessions, batch_size=1_000)
        with connection.cursor() as cursor:
            cursor.execute(_LIGHTEN)
        return cls(size, city, cameras)

    def fill(self, first: int, last: int) -> None:
        """Put the segments of the cameras from `first` up to `last` into the index, and tidy up as autovacuum does."""
        final = BEGINNING + self.size.days * DAY - timedelta(minutes=30)
        values: dict[str, Any] = {"first": first, "count": last - first, "from": BEGINNING, "last": final}
        with connection.cursor() as cursor:
            cursor.execute(_FILL, values)
            assert cursor.rowcount == self.size.rows(last - first)
            cursor.execute("VACUUM ANALYZE recording_segment, recording_recordingsession, cameras_camera")
            cursor.execute("CHECKPOINT")

    def choose(self, number: int, cameras: int) -> tuple[Camera, datetime]:
        """Spread the questions over cameras and days; a few cameras often, as people do, would be too easy."""
        camera = self.cameras[number * 7919 % cameras]
        return camera, BEGINNING + (2 + number * 31 % (self.size.days - 3)) * DAY


def measure(shelf: Shelf, doors: dict[int, Any]) -> list[Times]:
    """Ask for days of the first so many cameras by the connection of each, in turn with the bare SQL.

    A round of the few follows one of the many, so that a machine which slows down slows both.
    """
    races = [Race.prepare(shelf, cameras, door) for cameras, door in doors.items()]
    for number in range(-1, shelf.size.rounds):
        for race in races:
            race.run(number)
    return [race.times for race in races]


@dataclass
class Race:
    """The contenders at one number of cameras."""

    door: Any
    asked: list[tuple[Camera, datetime]]
    contenders: dict[str, Callable[[Camera, datetime], Any]]
    times: Times

    @classmethod
    def prepare(cls, shelf: Shelf, cameras: int, door: Any) -> "Race":
        """Choose the questions, and see that the contenders answer alike."""
        ask_by(door)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE recording_segment, recording_recordingsession, cameras_camera")
        bare = _prepare_bare(binary=True)
        asked = [shelf.choose(number, cameras) for number in range(shelf.size.questions)]
        _check(asked[0], bare)
        contenders: dict[str, Callable[[Camera, datetime], Any]] = {
            "bare": bare,
            "ours": lambda camera, start: list_footage_spans(camera, start, start + DAY),
            "bare again": bare,
            "bare in text": _prepare_bare(binary=False),
        }
        times = Times({name: [] for name in contenders}, {name: [] for name in contenders})
        return cls(door, asked, contenders, times)

    def run(self, number: int) -> None:
        """Ask every question of each contender; the round before the first does not count."""
        ask_by(self.door)
        names = list(self.contenders)
        taken: dict[str, list[float]] = {name: [] for name in names}
        for turn, (camera, start) in enumerate(self.asked):
            # Nobody always asks in another's wake.
            shift = (turn + number) % len(names)
            for name in names[shift:] + names[:shift]:
                began = time.perf_counter()
                self.contenders[name](camera, start)
                taken[name].append(time.perf_counter() - began)
        if number >= 0:
            for name, values in taken.items():
                self.times.single[name] += values
                self.times.medians[name].append(statistics.median(values))


def _prepare_bare(*, binary: bool) -> Callable[[Camera, datetime], Any]:
    """Give the least that anybody must do: a prepared statement on the driver's own cursor."""
    connection.ensure_connection()
    bare = psycopg.Cursor(connection.connection)

    def ask(camera: Camera, start: datetime) -> list[Any]:
        values = (camera.pk, start - LONGEST_SEGMENT, start + DAY, start)
        return bare.execute(_BARE, values, prepare=True, binary=binary).fetchall()

    return ask


def _check(asked: tuple[Camera, datetime], bare: Callable[[Camera, datetime], Any]) -> None:
    """See that both give the day, and that ours reads the index alone."""
    camera, start = asked
    spans = list_footage_spans(camera, start, start + DAY)
    assert [(span.start, span.end, span.state) for span in spans] == bare(camera, start)
    assert len(spans) == PER_DAY
    plan = _explain(camera, start)
    assert "Index Only Scan using segment_by_camera_and_start" in plan, plan
    assert "Heap Fetches: 0" in plan, plan


def _explain(camera: Camera, start: datetime) -> str:
    """Give the plan of our question as it is really run."""
    values: dict[str, Any] = {
        "camera": camera.pk,
        "from": start,
        "to": start + DAY,
        "since": start - LONGEST_SEGMENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {_SPANS}", values)
        return "\n".join(row[0] for row in cursor.fetchall())


def _write(size: Size, few: Times, many: Times, machine: str) -> str:
    lines = ["| | p50 µs | p99 µs | ratio of medians, round by round: median (min–max) |", "|---|---|---|---|"]
    for cameras, times in ((size.small_cameras, few), (size.large_cameras, many)):
        lines += [
            f"| **{size.rows(cameras):,} segments** | | | |",
            f"| the bare SQL, prepared, answered in binary | {times.describe('bare', 'bare')} |",
            f"| the same again (noise) | {times.describe('bare again', 'bare')} |",
            f"| the same in text, the driver's default | {times.describe('bare in text', 'bare')} |",
            f"| our query, clipped to sessions | {times.describe('ours', 'bare')} |",
        ]
    over_bare = statistics.median(many.ratios("ours", "bare"))
    over_small = many.p50("ours") / few.p50("ours")
    verdicts = [
        _judge(size, "ours over the bare SQL", over_bare, GOAL_OVER_BARE),
        _judge(size, f"p50 at {size.rows(size.large_cameras):,} over p50 at {size.rows(size.small_cameras):,}",
               over_small, GOAL_OVER_SMALL),
    ]  # fmt: skip
    about = f"{size.questions} days of different cameras a round, {size.rounds} rounds. {machine}."
    return "\n".join([*lines, "", *verdicts, "", about])


def _judge(size: Size, what: str, ratio: float, goal: float) -> str:
    verdict = "met" if ratio <= goal else "missed"
    said = f", goal ≤ {goal}: {verdict}" if size == FULL else " (the goal is one for the full size)"
    return f"- {what}: {ratio:.2f}{said}"
