"""What /health asks of the parts that we stand on: each question ends within its time, whatever the part does."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache as redis_cache
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, connections
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from cameras.models import MediaServer
from cities.scope import every_city
from mediamtx.client import MediaMTXClient
from mediamtx.errors import MediaMTXUnavailable
from observers.alarms.queries import count_servers_in_trouble
from observers.services import HEARTBEAT_KEY
from recording.off_switch import read_trouble
from recording.retention.disk import WaterMarks, measure_disk
from recording.storage.queries import StorageTroubles, count_troubles, find_given_marks

ANSWER_WITHIN = 2.5
"""Seconds for all questions together: a load balancer that asks every few seconds must not wait for three."""


@dataclass(frozen=True)
class DiskSpace:
    """Bytes where recordings are written; `free_bytes` are those available to us, without the root's reserve."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class DatabaseAnswer:
    """The database answered: whether its tables are there, and how many media servers gave their observer no answer.

    `servers_in_trouble` says of how many media servers an alarm of each kind is open.
    `storage`: what is wrong with their disks; `marks`: an operator's water marks of the disk of VMS_RECORDINGS, if any.
    """

    is_migrated: bool
    unreachable_servers: int = 0
    servers_in_trouble: Mapping[str, int] = field(default_factory=dict)
    storage: StorageTroubles = field(default_factory=StorageTroubles)
    marks: WaterMarks | None = None


@dataclass(frozen=True)
class RedisAnswer:
    """Redis answered: when beat was last heard, None if never, and why switched-off cameras may be recorded, if so."""

    heartbeat: datetime | None
    off_problem: str = ""


@dataclass(frozen=True)
class Findings:
    """What was answered in time; None for a part that gave no answer."""

    mediamtx: bool
    redis: RedisAnswer | None
    database: DatabaseAnswer | None
    disk: DiskSpace | None


def ask_everybody() -> Findings:
    """Ask all parts at once."""
    answers = _ask({"mediamtx": ask_mediamtx, "redis": ask_redis, "database": ask_database, "disk": ask_disk})
    return Findings(
        mediamtx=bool(answers["mediamtx"]),
        redis=answers["redis"],
        database=answers["database"],
        disk=answers["disk"],
    )


def ask_database_alone() -> DatabaseAnswer | None:
    """Ask the database, within the same time."""
    answer: DatabaseAnswer | None = _ask({"database": ask_database})["database"]
    return answer


def ask_mediamtx() -> bool:
    """Say whether MediaMTX gives a valid answer."""
    try:
        MediaMTXClient(settings.MEDIAMTX_API_URL, timeout=(1.0, 1.0)).get_info()
    except (MediaMTXUnavailable, ValueError):
        return False
    return True


def ask_redis() -> RedisAnswer | None:
    """Ask Redis whether it is there, and when beat was last heard."""
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as redis:
            redis.ping()
        return RedisAnswer(_read_moment(redis_cache.get(HEARTBEAT_KEY)), read_trouble())
    except (RedisError, ConnectionInterrupted):
        return None


def ask_database() -> DatabaseAnswer | None:
    """Ask the database over a connection of its own: one kept from before could still work where a new one does not."""
    connection = connections[DEFAULT_DB_ALIAS]
    try:
        connection.ensure_connection()
        return _ask_tables()
    except (DatabaseError, InterfaceError):
        return None
    finally:
        connection.close()


def ask_disk() -> DiskSpace | None:
    """Measure the file system that recordings are written to."""
    folder: Path = settings.VMS_RECORDINGS
    try:
        while not folder.exists():
            folder = folder.parent
        room = measure_disk(folder)
    except OSError:
        return None
    return DiskSpace(free_bytes=room.free, total_bytes=room.total)


def _ask_tables() -> DatabaseAnswer:
    try:
        count = MediaServer.objects.filter(reach=MediaServer.Reach.UNREACHABLE).count()
        with every_city("/health counts media servers in trouble and names no city"):
            troubles, storage = count_servers_in_trouble(), count_troubles(timezone.now())
        marks = find_given_marks(str(settings.VMS_RECORDINGS))
    except DatabaseError as error:
        if "does not exist" not in str(error):
            raise
        return DatabaseAnswer(is_migrated=False)
    return DatabaseAnswer(
        is_migrated=True, unreachable_servers=count, servers_in_trouble=troubles, storage=storage, marks=marks
    )


def _ask(questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    asked: dict[str, Future[Any]] = {name: _line_to(name).submit(question) for name, question in questions.items()}
    wait(asked.values(), timeout=ANSWER_WITHIN)
    for future in asked.values():
        # A question that hangs is left to itself; one that still waits behind it is not asked at all.
        future.cancel()
    return {name: _answer_of(future) for name, future in asked.items()}


def _answer_of(future: "Future[Any]") -> Any:
    return future.result() if future.done() and not future.cancelled() else None


@cache
def _line_to(name: str) -> ThreadPoolExecutor:
    """Give the one thread that asks this part: a disk that hangs for ever must not hang a new thread at every look."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"health-{name}")


def _read_moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
