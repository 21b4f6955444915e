"""A launcher in a process of its own, which tests may signal and kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


def wait_until(is_so: Callable[[], bool], within: float = 10.0) -> None:
    """Wait for a condition; fails after the time."""
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process runs (what has ended but was not collected does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


class RunningLauncher:
    """A scenario being run, and what it said so far."""

    def __init__(self, folder: Path, stages: list[list[dict[str, Any]] | dict[str, Any] | float]) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.vms.launcher.scenario", str(folder), json.dumps(stages)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            start_new_session=True,
        )
        self.lines: list[tuple[float, str]] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            moment, _, text = line.rstrip("\n").partition(" ")
            if moment.replace(".", "").isdigit():
                self.lines.append((float(moment), text))

    def wait_for(self, text: str, within: float = 15.0) -> float:
        """Wait for a line that begins so; gives its time."""
        wait_until(lambda: any(line.startswith(text) for _, line in self.lines), within)
        return next(moment for moment, line in self.lines if line.startswith(text))

    def pid_of(self, name: str) -> int:
        """The process id that the program wrote down."""
        path = self.folder / f"{name}.pid"
        wait_until(lambda: path.exists() and path.read_text(encoding="utf-8").isdigit())
        return int(path.read_text(encoding="utf-8"))

    @property
    def guardian(self) -> int:
        """The guardian's process id."""
        self.wait_for("guardian ")
        return next(int(line.split()[1]) for _, line in self.lines if line.startswith("guardian "))

    @property
    def events(self) -> list[str]:
        """What the programs noted, in order."""
        path = self.folder / "events"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def run_scenario(tmp_path: Path) -> Iterator[Callable[..., RunningLauncher]]:
    """Start scenarios; none outlives the test."""
    running: list[RunningLauncher] = []

    def start(*stages: list[dict[str, Any]] | dict[str, Any] | float) -> RunningLauncher:
        folder = tmp_path / f"run-{len(running)}-{os.getpid()}"
        folder.mkdir()
        running.append(RunningLauncher(folder, list(stages)))
        return running[-1]

    yield start
    for launcher in running:
        with contextlib.suppress(ProcessLookupError):
            launcher.process.send_signal(signal.SIGTERM)
        launcher.process.wait(timeout=20)
