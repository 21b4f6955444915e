"""The hot reads behind the wall in Postgres, against the same reads of the same rows without it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper as PlainWrapper
from django.test import Client

from bench.bench_timeline import _FILL, BEGINNING, DAY, PER_DAY, Times
from bench.database import ask_by, clone_database, use_test_database
from bench.report import Report, describe_machine
from cameras.models import Camera, MediaServer
from cameras.queries import cameras_in_scope
from cities.models import City, Membership, Role, User
from cities.row_level_security import NARROW_POLICY, POLICY
from cities.scope import city_scope, every_city
from observers.alarms.queries import list_alarms
from observers.models import Alarm
from recording.gaps.footage import list_footage_spans
from recording.models import RecordingSession

GOAL = 1.1
CITIES, CAMERAS_OF_A_CITY, DAYS, ALARMS_OF_A_CAMERA = 4, 500, 30, 4
FILMED = 100
PAGE = 50
WITHOUT, WITH, AGAIN, WITH_AGAIN = "without", "with", "without again", "with again"

Read = Callable[[int], Any]
Timed = Callable[[int], tuple[float, Any]]


@dataclass(frozen=True)
class Size:
    """Questions asked in a round of each contender, and rounds."""

    questions: int
    rounds: int


FULL, QUICK = Size(questions=100, rounds=15), Size(questions=20, rounds=5)


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    settings.ALLOWED_HOSTS = ["testserver"]
    with use_test_database() as postgres:
        town = Town.make()
        with without_walls() as doors:
            found = {name: measure(size, town.inside(read), doors) for name, read in town.reads().items()}
            found |= {name: measure(size, read, doors) for name, read in town.requests().items()}
    return Report(
        _write(size, found, f"{machine}, Postgres {postgres}"),
        met=quick or all(_ratio(times) <= GOAL for times in found.values()),
    )


@contextmanager
def without_walls() -> Iterator[dict[str, Any]]:
    """Give, by contender, the connection that it asks by: on the database, or on its copy without any policy."""
    walled = connections["default"]
    with clone_database("plain", PlainWrapper) as plain:
        with plain.cursor() as cursor:
            cursor.execute("SELECT DISTINCT tablename FROM pg_policies")
            for (table,) in cursor.fetchall():
                for policy in (POLICY, NARROW_POLICY):
                    cursor.execute(f'DROP POLICY IF EXISTS "{policy}" ON "{table}"')
                cursor.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY')
        for each in (plain, walled):
            with each.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        # Both are asked twice a turn: a connection that is asked more often is quicker for it.
        yield {WITHOUT: plain, WITH: walled, AGAIN: plain, WITH_AGAIN: walled}


def measure(size: Size, read: Timed, doors: dict[str, Any]) -> Times:
    """Let the contenders read in turn, nobody always in another's wake; check that they read the same."""
    names = list(doors)
    times = Times({name: [] for name in names}, {name: [] for name in names})
    for number in range(-1, size.rounds):
        taken: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(size.questions):
            shift = (turn + number) % len(names)
            found = []
            for name in names[shift:] + names[:shift]:
                ask_by(doors[name])
                seconds, answer = read(turn)
                found.append(answer)
                taken[name].append(seconds)
            assert found[0]
            assert found.count(found[0]) == len(found)
        if number >= 0:
            for name, values in taken.items():
                times.single[name] += values
                times.medians[name].append(median(values))
    return times


@dataclass
class Town:
    """Some cities with cameras, footage, alarms and a colleague each."""

    cities: list[City]
    users: list[User]
    cameras: list[list[Camera]]

    @classmethod
    def make(cls) -> "Town":
        """Write the rows."""
        server = MediaServer.objects.create(name="bench")
        cities = [City.objects.create(name=f"City {number}") for number in range(CITIES)]
        users = [User.objects.create_user(f"user {number}") for number in range(CITIES)]
        with every_city("the benchmark's cities"):
            for city, user in zip(cities, users, strict=True):
                Membership.objects.create(city=city, user=user, role=Role.OPERATOR)
            cameras = [[_make_camera(city, server, number) for number in range(CAMERAS_OF_A_CITY)] for city in cities]
            every = [camera for of_city in cameras for camera in of_city]
            Camera.objects.bulk_create(every, batch_size=1_000)
            sessions = [
                RecordingSession(camera=each, city_id=each.city_id, stream_id=each.stream_id, started_at=BEGINNING)
                for each in every
            ]
            RecordingSession.objects.bulk_create(sessions, batch_size=1_000)
            Alarm.objects.bulk_create(
                Alarm(
                    camera=each,
                    city_id=each.city_id,
                    kind="camera_offline",
                    detail="{}",
                    opened_at=BEGINNING + number * DAY,
                    last_seen_at=BEGINNING + number * DAY,
                    closed_at=BEGINNING + (number + 1) * DAY,
                )
                for each in every
                for number in range(ALARMS_OF_A_CAMERA)
            )
            final = BEGINNING + DAYS * DAY - timedelta(minutes=30)
            with connection.cursor() as cursor:
                # Cameras in the order of their ids, which are random: those of all cities.
                cursor.execute(_FILL, {"first": 0, "count": FILMED * CITIES, "from": BEGINNING, "last": final})
        filmed = set(sorted((each.pk for each in every), key=str)[: FILMED * CITIES])
        cameras = [[each for each in of_city if each.pk in filmed] for of_city in cameras]
        return cls(cities, users, cameras)

    def reads(self) -> dict[str, Read]:
        """Give the reads, each by the number of its turn; the next turn is another city's."""
        return {
            f"camera list of {PAGE}": lambda _turn: list(cameras_in_scope().order_by("name", "pk")[:PAGE]),
            "a camera's day of footage": self.list_footage,
            f"alarms, a page of {PAGE}": lambda _turn: list(list_alarms()[:PAGE]),
        }

    def requests(self) -> dict[str, Timed]:
        """Give whole requests: the scope is entered and told in them, each time another one than before."""
        return {
            f"GET cameras, {PAGE} of them": lambda turn: self.request(turn, f"cameras?limit={PAGE}"),
            "GET a camera's day of footage": lambda turn: self.request(turn, self.address_of_day(turn)),
        }

    def inside(self, read: Read) -> Timed:
        """Give the read as it is in a request: in a scope that the question at the door has told already."""

        def read_inside(turn: int) -> tuple[float, Any]:
            city = self.cities[turn % CITIES]
            with city_scope(city.pk):
                Membership.objects.filter(city=city).first()
                return take_time(lambda: read(turn))

        return read_inside

    def request(self, turn: int, path: str) -> tuple[float, Any]:
        """Ask the API, as a gateway does."""
        city, user = self.cities[turn % CITIES], self.users[turn % CITIES]
        client = Client(headers={"X-City-ID": str(city.pk), "X-User-ID": str(user.pk)})
        seconds, answer = take_time(lambda: client.get(f"/api/v1/{path}"))
        assert answer.status_code == 200, answer.content
        return seconds, answer.json()

    def choose(self, turn: int) -> tuple[Camera, datetime]:
        """Spread the questions over cameras and days."""
        cameras = self.cameras[turn % CITIES]
        return cameras[turn * 7 % len(cameras)], BEGINNING + (2 + turn * 31 % (DAYS - 3)) * DAY

    def address_of_day(self, turn: int) -> str:
        """Give the path of a camera's day of footage."""
        camera, start = self.choose(turn)
        return f"cameras/{camera.pk}/footage?from={start:%Y-%m-%dT%H:%M:%SZ}&to={start + DAY:%Y-%m-%dT%H:%M:%SZ}"

    def list_footage(self, turn: int) -> Any:
        """Ask for a day of one of the city's cameras."""
        camera, start = self.choose(turn)
        spans = list_footage_spans(camera, start, start + DAY)
        assert len(spans) == PER_DAY
        return spans


def take_time(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Give the seconds it took, and the answer."""
    began = time.perf_counter()
    answer = ask()
    return time.perf_counter() - began, answer


def _make_camera(city: City, server: MediaServer, number: int) -> Camera:
    return Camera(city=city, media_server=server, name=f"camera {number:04}", created_at=BEGINNING)


def _ratio(times: Times) -> float:
    return median(times.ratios(WITH, WITHOUT))


def _write(size: Size, found: dict[str, Times], machine: str) -> str:
    lines = ["| | p50 µs | p99 µs | ratio, round by round: median (min–max) |", "|---|---|---|---|"]
    for name, times in found.items():
        lines += [
            f"| **{name}** | | | |",
            f"| without policies | {times.describe(WITHOUT, WITHOUT)} |",
            f"| the same again (noise) | {times.describe(AGAIN, WITHOUT)} |",
            f"| behind the wall | {times.describe(WITH, WITHOUT)} |",
        ]
    lines += ["", *(_judge(size, name, _ratio(times)) for name, times in found.items()), ""]
    rows = CITIES * CAMERAS_OF_A_CITY
    lines.append(
        f"{CITIES} cities, {rows:,} cameras, {CITIES * FILMED * DAYS * PER_DAY:,} segments, "
        f"{rows * ALARMS_OF_A_CAMERA:,} alarms; {size.rounds} rounds of {size.questions} questions. {machine}."
    )
    return "\n".join(lines)


def _judge(size: Size, name: str, ratio: float) -> str:
    verdict = "met" if ratio <= GOAL else "missed"
    return f"- {name}: {ratio:.2f} times, goal ≤ {GOAL}: {verdict if size == FULL else 'a quick look'}"
