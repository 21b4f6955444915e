"""A page of 50 cameras over HTTP, against a view behind the same door that does `select 1` and nothing else."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from bench.database import use_test_database
from bench.report import Report, describe_machine, divide, spell_spread
from cameras.models import Camera, MediaServer
from cities.models import City, Membership, Role, User
from cities.scope import every_city
from tests.real import find_free_ports, wait_until
from vms.launcher.plan import WEB_MEMORY, WEB_THREADS

GOAL_CPU, GOAL_P99 = 2.0, 3.0
CAMERAS, PAGE, CONNECTIONS = 2_000, 50, 4
BARE, LIST = "/api/v1/bare", f"/api/v1/cameras?page_size={PAGE}"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Size:
    """Seconds for which each contender is asked in a round, over one connection and over four, and rounds."""

    alone: float
    at_once: float
    rounds: int


FULL, QUICK = Size(2.0, 4.0, 7), Size(0.3, 0.5, 3)


@dataclass
class Found:
    """Of each round: milliseconds of our CPU for an answer, and the 99th percentile of four connections' answers."""

    cpu: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Web:
    """The web server under test."""

    port: int
    pid: int

    def spend(self) -> float:
        """Give the seconds of CPU that it and its workers have used."""
        return sum(_cpu_of(pid) for pid in (self.pid, *_children_of(self.pid)))


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    found = {BARE: Found(), LIST: Found()}
    with use_test_database() as postgres:
        headers = _make_city()
        with _web() as web:
            for number in range(-1, size.rounds):
                for path in sorted(found, reverse=bool(number % 2)):
                    _measure(web, path, headers, size, found[path] if number >= 0 else Found())
    cpu, p99 = _ratio(found, "cpu"), _ratio(found, "p99")
    about = f"{machine}, Postgres {postgres}."
    return Report(_write(found, size, about), met=quick or (cpu <= GOAL_CPU and p99 <= GOAL_P99))


def _make_city() -> dict[str, str]:
    city, server = City.objects.create(name="Bench"), MediaServer.objects.create(name="bench", reach="reachable")
    user = User.objects.create_user("bench")
    with every_city("the benchmark's only city"):
        Membership.objects.create(user=user, city=city, role=Role.VIEWER)
        rows = [
            Camera(city=city, media_server=server, name=f"Camera {number:05}", source_url="rtsp://10.0.0.5/live")
            for number in range(CAMERAS)
        ]
        Camera.objects.bulk_create(rows, batch_size=1_000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE cameras_camera")
    return {"X-City-ID": str(city.pk), "X-User-ID": str(user.pk), "Accept": "application/json"}


def _measure(web: Web, path: str, headers: dict[str, str], size: Size, found: Found) -> None:
    before = web.spend()
    answers = len(_ask(web, path, 1, size.alone, headers))
    found.cpu.append((web.spend() - before) / answers * 1e3)
    taken = sorted(_ask(web, path, CONNECTIONS, size.at_once, headers))
    found.p99.append(taken[int(len(taken) * 0.99)] * 1e3)


def _ask(web: Web, path: str, connections: int, seconds: float, headers: dict[str, str]) -> list[float]:
    script = Path(__file__).with_name("load.py")
    argv = [sys.executable, str(script), str(web.port), path, str(connections), str(seconds), json.dumps(headers)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    taken: list[float] = json.loads(done.stdout)
    return taken


@contextmanager
def _web() -> Generator[Web, None, None]:
    """Run the web server as `make run` does, on this benchmark's database."""
    [port] = find_free_ports(1)
    parts = urlsplit(settings.DATABASE_URL)
    environ = {
        **WEB_MEMORY,
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "bench.settings_bare",
        "VMS_LOG_LEVEL": "WARNING",
    }
    options = ["--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS)]
    argv = [sys.executable, "-m", "gunicorn", "vms.wsgi:application", *options, "--no-control-socket"]
    argv += ["--bind", f"127.0.0.1:{port}", "--env", "DJANGO_SETTINGS_MODULE=bench.settings_bare"]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as web:
        try:
            wait_until(lambda: _answers(port), "web answers", 60)
            yield Web(port, web.pid)
        finally:
            web.terminate()


def _answers(port: int) -> bool:
    script = Path(__file__).with_name("load.py")
    argv = [sys.executable, str(script), str(port), "/health/ready", "1", "0", "{}"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def _ratio(found: dict[str, Found], name: str) -> float:
    return statistics.median(divide(getattr(found[LIST], name), getattr(found[BARE], name)))


def _write(found: dict[str, Found], size: Size, about: str) -> str:
    rows = [
        f"| `GET {path}` | {spell_spread(each.cpu, 2)} | {spell_spread(each.p99, 1)} |" for path, each in found.items()
    ]
    lines = [
        f"### A page of {PAGE} cameras",
        "",
        (
            f"{CAMERAS:,} cameras; {size.rounds} rounds in turn, of {size.alone:g} s over one connection and of "
            f"{size.at_once:g} s over {CONNECTIONS}. CPU is that of the web server for one answer. {about}"
        ),
        "",
        "| | CPU ms | p99 ms, 4 connections |",
        "|---|---|---|",
        *rows,
        f"| ratio (goals ≤ {GOAL_CPU:g}, ≤ {GOAL_P99:g}) | {_ratio(found, 'cpu'):.2f} | {_ratio(found, 'p99'):.2f} |",
    ]
    return "\n".join(lines) + "\n"
