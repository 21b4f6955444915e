"""Fixtures that every room's tests share."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.db.backends.base.operations import BaseDatabaseOperations
from psycopg.errors import DeadlockDetected
from redis import Redis

from recording.services import recording_manager
from tests.real import RunningMediaMTX, find_free_ports, get_mediamtx_binary, run_mediamtx
from tests.world import NOW, ApiClient, World, make_world

STARTS_PROCESSES = ("tests/vms/launcher", "test_ingest_supervisor")
MADE_IN_BULK = (
    *("tests/matrix", "tests/test_traversal", "tests/test_translations", "tests/cities/test_row_level_security"),
    *("/test_admin.py", "tests/cities/test_opening", "tests/cities/test_scope", "tests/vms/test_protection"),
    *("tests/cities/test_problems", "tests/observers/alarms/test_decisions", "tests/footage/test_growing"),
    *("tests/recording/gaps/test_services", "tests/recording/retention/test_crashes", "tests/observers/test_outages"),
    *("tests/cameras/test_migrations", "tests/cameras/test_networks", "tests/cities/test_access"),
    *("tests/inventory/test_connection", "tests/inventory/discovery", "tests/inventory/imports"),
    *("tests/replay/pictures", "tests/footage/test_header"),
)
"""Walls leaned against at every route, page, table and text, crashes at every step, and what chance makes up."""

MOST_DEADLOCKS = 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep out of `make test-fast` what takes its time: what starts processes, and what is made in bulk."""
    for item in items:
        if any(name in item.nodeid for name in STARTS_PROCESSES):
            item.add_marker(pytest.mark.integration)
        if any(name in item.nodeid for name in MADE_IN_BULK):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let the tables be emptied between tests that commit: the audit log refuses that in earnest."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cities_auditentry DISABLE TRIGGER audit_log_stays")


@pytest.fixture(scope="session", autouse=True)
def _empty_tables_in_spite_of_others() -> Iterator[None]:
    """Empty the tables again where Postgres broke a deadlock off.

    A server's thread that is still asking when its test ends takes its locks one by one, and so does TRUNCATE.
    """
    empty = BaseDatabaseOperations.execute_sql_flush

    def empty_again(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        for _ in range(MOST_DEADLOCKS):
            try:
                return empty(self, sql_list)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return empty(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", empty_again)
        yield


@pytest.fixture
def now() -> datetime:
    """A fixed moment."""
    return NOW


@pytest.fixture
def world(db: None) -> World:
    """The people and cameras of every test."""
    return make_world()


@pytest.fixture
def api() -> Callable[..., ApiClient]:
    """Make an API client of a user, for a city."""
    return ApiClient


@pytest.fixture(scope="session")
def mediamtx_binary() -> Path:
    """The real program, out of the cache or got now."""
    return get_mediamtx_binary()


@pytest.fixture(scope="session")
def real_mediamtx(mediamtx_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMediaMTX]:
    """The real MediaMTX with our configuration, one for the whole run; it is not to be killed."""
    with run_mediamtx(mediamtx_binary, tmp_path_factory.mktemp("mediamtx")) as running:
        yield running


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Give a TCP port that was free a moment ago."""
    return lambda: find_free_ports(1)[0]


@cache
def _connect_redis(url: str) -> Redis:
    """Give one client for the whole run: a new connection for each of two thousand tests takes its time."""
    return Redis.from_url(url)


@pytest.fixture(autouse=True)
def _fresh_redis() -> None:
    """Let every test find an empty Redis; each xdist worker has a database of its own in it."""
    _connect_redis(settings.REDIS_URL).flushdb()
    recording_manager.cache_clear()
