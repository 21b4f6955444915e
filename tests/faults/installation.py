"""A real installation of our own: `manage.py up` on free ports in a folder of its own, and the processes it runs."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.real import find_free_ports
from vms.launcher.children import Child, Program, current_environment, start_child
from vms.launcher.guardian import Group, find_members, is_alive, kill_group, stop_groups
from vms.launcher.guarding import Guardian
from vms.launcher.up import name_run

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("postgres", "redis", "mediamtx", "web", "worker", "beat", "ingest")
STORES = {"postgres": "postgres", "redis": "valkey-server"}
"""The programs of those that overwrite their environment, and the mark in it."""

PORTS = (
    "VMS_PORT",
    "VMS_MEDIAMTX_API_PORT",
    "VMS_RTSP_PORT",
    "VMS_HLS_PORT",
    "VMS_WEBRTC_PORT",
    "VMS_WEBRTC_UDP_PORT",
    "VMS_STREET_PORT",
)
READY_WITHIN_SECONDS = 240.0
PROC = Path("/proc")


class NotThisTime(TimeoutError):
    """Something did not happen in time; the message says what."""


@dataclass(frozen=True)
class Answer:
    """What a door of the installation said; status 0: nobody opened."""

    status: int
    body: bytes = b""

    def read(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


@dataclass
class Installation:
    """One `manage.py up`, from `start` to `stop`; `folder` holds everything of it but the recordings."""

    folder: Path
    recordings: Path
    guardian: Guardian
    ports: dict[str, int] = field(default_factory=lambda: dict(zip(PORTS, find_free_ports(len(PORTS)), strict=True)))
    child: Child | None = None

    @property
    def data(self) -> Path:
        """Its VMS_DATA."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What `manage.py up` itself says."""
        return self.folder / "up.log"

    @property
    def url(self) -> str:
        """Where its web server answers."""
        return f"http://127.0.0.1:{self.ports['VMS_PORT']}"

    @property
    def environ(self) -> dict[str, str]:
        """What every program of it is started from: ours without what names other servers."""
        steered = {"DATABASE_URL", "REDIS_URL", "MEDIAMTX_API_URL", "MEDIAMTX_RTSP_URL", "DJANGO_SETTINGS_MODULE"}
        ours = {
            name: value
            for name, value in current_environment().items()
            if name not in steered and (not name.startswith("VMS_") or name in {"VMS_CACHE", "VMS_FFMPEG"})
        }
        ports = {name: str(port) for name, port in self.ports.items()}
        own = {"VMS_DATA": str(self.data), "VMS_RECORDINGS": str(self.recordings), "VMS_DEMO_CAMERAS": "0"}
        return {**ours, **ports, **own}

    @property
    def embedded(self) -> dict[str, str]:
        """The addresses of its Postgres and Redis, which change with each start; {} while there are none."""
        try:
            return dict(json.loads((self.data / "embedded.json").read_text()))
        except FileNotFoundError:
            return {}

    @property
    def hook_secret(self) -> str:
        """What its hooks show."""
        return (self.data / "hook_secret").read_text().strip()

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.data.mkdir(mode=0o755, exist_ok=True)
        self.log.touch()
        seen = self.log.stat().st_size
        program = Program(
            name="up",
            argv=(sys.executable, str(ROOT / "manage.py"), "up"),
            env={**self.environ, "PYTHONUNBUFFERED": "1"},
            log=self.log,
            stop_signal=signal.SIGINT,
            stop_within=90.0,
            folder=ROOT,
        )
        self.child = start_child(program, f"faults-{os.getpid()}", 1, self.guardian)
        wait_for(lambda: self._says_ready(seen), "VMS ready", READY_WITHIN_SECONDS)

    def stop(self) -> None:
        """Stop it as Ctrl-C would; what does not stop so is ended."""
        if self.child is None:
            return
        stop_groups([self.child.group])
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.process.wait(10)
        self.guardian.forget(self.child.group)
        self.child = None
        for pid in self.all_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_everything(self) -> float:
        """End every process of it at once, as if the machine had lost them; give when."""
        assert self.child is not None
        at = time.time()
        # Its guardian first: the others must not be stopped in order.
        pids = [*_children_of(self.child.process.pid, "guardian.py"), self.child.process.pid, *self.all_pids()]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.process.wait(10)
        kill_group(self.child.group)
        self.guardian.forget(self.child.group)
        self.child = None
        return at

    def leader(self, service: str) -> int | None:
        """The first process of a service, None while there is none."""
        if self.child is None:
            return None
        for pid in _list_children(self.child.process.pid):
            if self._is_of(pid, service):
                return pid
        return None

    def members(self, service: str) -> set[int]:
        """All processes of a service."""
        leader = self.leader(service)
        if leader is None:
            return set()
        if service in STORES:
            return {leader, *_list_children(leader)}
        return find_members(Group(name=service, tag=f"{self.run_id}:{service}", order=0, pid=leader))

    @property
    def run_id(self) -> str:
        """The mark of its processes."""
        return name_run(self.data.resolve())

    def all_pids(self) -> set[int]:
        """Every process of its services, whoever is their parent."""
        tagged = {pid for pid in _list_pids() if _read_tag(pid).startswith(f"{self.run_id}:")}
        inside = {pid for pid in _list_pids() if _read_link(pid, "cwd").startswith(f"{self.data.resolve()}/")}
        return {pid for pid in tagged | inside if pid != os.getpid() and is_alive(pid)}

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> Answer:
        """Send one request."""
        request = Request(self.url + path, method=method, headers=dict(headers or {}), data=data)  # noqa: S310 -- our own address
        try:
            with urlopen(request, timeout=15) as answer:  # noqa: S310 -- as above
                return Answer(answer.status, answer.read())
        except HTTPError as error:
            return Answer(error.code, error.read())
        except OSError:
            return Answer(0)

    def manage(self, *arguments: str, within: float = 240.0) -> "subprocess.CompletedProcess[str]":
        """Run a management command of it to its end."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    def run_script(self, code: str) -> Any:
        """Run Python inside it; give what its last line of output says as JSON. Raises RuntimeError."""
        done = self.manage("shell", "--verbosity", "0", "-c", code)
        if done.returncode:
            raise RuntimeError(done.stderr)
        lines = done.stdout.strip().splitlines()
        return json.loads(lines[-1]) if lines else None

    def _says_ready(self, seen: int) -> bool:
        assert self.child is not None
        if not self.child.is_running:
            raise RuntimeError(f"manage.py up {self.child.describe_end()}; see {self.log}")
        with self.log.open("rb") as log:
            log.seek(seen)
            return b"\nVMS ready" in b"\n" + log.read()

    def _is_of(self, pid: int, service: str) -> bool:
        if service in STORES:
            return Path(_read_link(pid, "exe")).name == STORES[service]
        return _read_tag(pid) == f"{self.run_id}:{service}"


def wait_for(condition: Any, what: str, seconds: float, pause: float = 0.1) -> float:
    """Wait for a condition; give the seconds it took. Raises NotThisTime."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise NotThisTime(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(pause)
    return time.monotonic() - began


def _list_pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _list_children(parent: int) -> list[int]:
    return [pid for pid in _list_pids() if _parent_of(pid) == parent and is_alive(pid)]


def _children_of(parent: int, word: str) -> list[int]:
    """The children whose command line holds the word."""
    found = []
    for pid in _list_children(parent):
        with contextlib.suppress(OSError):
            if word.encode() in (PROC / str(pid) / "cmdline").read_bytes():
                found.append(pid)
    return found


def _parent_of(pid: int) -> int:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])


def _read_tag(pid: int) -> str:
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return ""
    start = b"VMS_SERVICE_TAG="
    return next((entry[len(start) :].decode() for entry in environment.split(b"\0") if entry.startswith(start)), "")


def _read_link(pid: int, name: str) -> str:
    try:
        return str((PROC / str(pid) / name).readlink())
    except OSError:
        return ""
