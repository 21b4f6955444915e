"""A pytest plugin: a real Postgres and a real Redis for the test run, there before Django reads its settings.

Loaded by `-p tests.services`. Servers named by DATABASE_URL and REDIS_URL are used as they are; the others are started
in a temp folder by the first pytest process, handed to its xdist workers through the environment, and stopped with it,
also when it is killed.
"""

import os
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vms.launcher import postgres, valkey
from vms.launcher.children import Child, Program, start_child
from vms.launcher.folders import make_run_folder
from vms.launcher.guarding import Guardian
from vms.launcher.ownership import Owner, choose_owner

START_WITHIN_SECONDS = 30.0


@dataclass
class Services:
    """What this pytest process has started."""

    guardian: Guardian
    folder: Path
    children: list[Child] = field(default_factory=list)

    def start(self, program: Program, is_ready: Callable[[], bool]) -> None:
        """Start the server and wait until it answers."""

        child = start_child(program, self.folder.name, len(self.children), self.guardian)
        self.children.append(child)
        deadline = time.monotonic() + START_WITHIN_SECONDS
        while not is_ready():
            if not child.is_running or time.monotonic() > deadline:
                raise pytest.UsageError(f"{program.name} did not start: {program.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop everything; the guardian does it, in reverse order, as soon as it is let go."""
        self.guardian.dismiss()
        for child in self.children:
            child.process.wait()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Start what is missing before pytest-django imports the settings (a wrapper comes before any plain hook)."""
    global _services  # noqa: PLW0603 -- one per pytest process, like the plugin itself
    _services = start_missing_services()
    try:
        return (yield)
    except BaseException:
        _stop_services()
        raise


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop what was started, when everything else has let go of it."""
    _stop_services()


_services: Services | None = None


def _stop_services() -> None:
    global _services  # noqa: PLW0603 -- one per pytest process, like the plugin itself
    if _services is not None:
        _services.stop()
        _services = None


def start_missing_services() -> Services | None:
    """Start the servers whose address the environment lacks and export it; None where nothing was missing."""
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if "VMS_DATA" not in os.environ or missing:
        return _start_services(missing)
    return None


def _start_services(missing: list[str]) -> Services:

    owner = choose_owner(os.geteuid())
    services = Services(Guardian(), make_run_folder(owner))
    services.guardian.remove_at_end(services.folder)
    data = services.folder / "data"
    data.mkdir(mode=0o711)
    os.environ["VMS_DATA"] = str(data)
    try:
        if "DATABASE_URL" in missing:
            _start_postgres(services, data, owner)
        if "REDIS_URL" in missing:
            _start_redis(services, data)
    except BaseException:
        services.stop()
        raise
    return services


def _start_postgres(services: Services, data: Path, owner: Owner | None) -> None:

    place = postgres.settle_postgres(data, services.folder, owner, print)
    postgres.prepare_cluster(place, durable=False)
    program = postgres.describe_postgres(place, data / "postgres.log", durable=False)
    services.start(program, lambda: postgres.accepts_connections(place.admin_url))
    postgres.make_database(place, for_tests=True)
    os.environ["DATABASE_URL"] = place.url


def _start_redis(services: Services, data: Path) -> None:

    folder = data / "redis"
    folder.mkdir()
    socket = services.folder / "redis.sock"
    url = valkey.redis_url(socket)
    services.start(
        valkey.describe_valkey(folder, socket, data / "redis.log", durable=False), lambda: valkey.answers_ping(url)
    )
    os.environ["REDIS_URL"] = url
