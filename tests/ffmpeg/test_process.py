"""Relay processes: small real children stand for ffmpeg."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ffmpeg.commands import RelayCommand
from ffmpeg.errors import FFmpegNotStarted
from ffmpeg.failures import FailureKind
from ffmpeg.process import STDERR_TAIL_BYTES, TERMINATE_GRACE, RelayProcess, start_relay

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def start() -> Iterator[Callable[..., RelayProcess]]:
    """Start a child that runs a piece of Python; it is ended with the test."""
    started: list[RelayProcess] = []

    def start_python(code: str, stdin_text: str | None = None) -> RelayProcess:
        relay = start_relay(RelayCommand((sys.executable, "-c", code), stdin_text), NOW)
        started.append(relay)
        return relay

    yield start_python
    for relay in started:
        relay.process.kill()
        relay.process.wait()
        relay.close()


def read_to_end(relay: RelayProcess) -> None:
    wait_until(lambda: (relay.read_available(NOW), relay.poll())[1] is not None)
    relay.read_available(NOW)


def test_reads_progress_and_sees_the_end(start: Callable[..., RelayProcess]) -> None:
    relay = start("print('frame=5\\nout_time_us=100\\nprogress=end')")
    read_to_end(relay)
    assert relay.last_progress is not None
    assert (relay.last_progress.frames, relay.last_moved_at) == (5, NOW)
    assert relay.explain_end(NOW).kind is FailureKind.ENDED
    assert relay.filenos() == ()


def test_standstill_leaves_the_last_movement_where_it_was(start: Callable[..., RelayProcess]) -> None:
    code = "import sys\nfor f in (0, 3, 3): print(f'frame={f}\\nprogress=continue', flush=True); sys.stdin.readline()"
    relay = start(code)
    read_to_end(relay)
    later = NOW + timedelta(seconds=9)
    relay.read_available(later)
    assert relay.last_moved_at == NOW


def test_feeds_standard_input_and_closes_it(start: Callable[..., RelayProcess]) -> None:
    relay = start("import sys; sys.stderr.write(sys.stdin.read())", "the address\n")
    read_to_end(relay)
    assert relay.stderr_tail == "the address\n"


def test_a_child_that_reads_nothing_is_no_error(start: Callable[..., RelayProcess]) -> None:
    relay = start("raise SystemExit(4)", "x" * 4_000)
    read_to_end(relay)
    assert relay.poll() == 4


def test_reading_never_waits(start: Callable[..., RelayProcess]) -> None:
    relay = start("import time; time.sleep(60)")
    began = time.monotonic()
    assert relay.read_available(NOW) == []
    assert relay.poll() is None
    assert time.monotonic() - began < 2
    assert len(relay.filenos()) == 2


def test_the_tail_is_bounded_cut_at_lines_and_without_credentials(start: Callable[..., RelayProcess]) -> None:
    line = "[error] Impossible to open 'rtsp://admin:hunter2@camera/a'"
    relay = start(f"import sys\nfor n in range(2000): sys.stderr.write({line!r} + '\\n')")
    read_to_end(relay)
    lines = relay.stderr_tail.splitlines()
    assert set(lines) == {"[error] Impossible to open 'rtsp://***@camera/a'"}
    assert len(relay._stderr) <= STDERR_TAIL_BYTES
    assert len(lines) == STDERR_TAIL_BYTES // (len(line) + 1)


def test_terminate_asks_first_and_forces_after_the_grace(start: Callable[..., RelayProcess]) -> None:
    relay = start("import signal, sys; signal.signal(15, lambda *_: None); print('frame=1\\nprogress=x', flush=True)\n"
                  "while True: signal.pause()")  # fmt: skip
    wait_until(lambda: (relay.read_available(NOW), relay.last_progress)[1] is not None)
    relay.terminate(NOW)
    relay.terminate(NOW + TERMINATE_GRACE - timedelta(microseconds=1))
    assert relay.poll() is None
    relay.terminate(NOW + TERMINATE_GRACE)
    wait_until(lambda: relay.poll() is not None)
    assert relay.poll() == -signal.SIGKILL
    relay.terminate(NOW)


def test_the_child_stays_in_our_process_group_and_inherits_no_secret(
    start: Callable[..., RelayProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SECRET_KEY", "hunter2")
    monkeypatch.setenv("FFREPORT", "file=x")
    relay = start("import os, sys; sys.stderr.write(f'{os.getpgid(0)} {sorted(os.environ)}')")
    read_to_end(relay)
    group, _, names = relay.stderr_tail.partition(" ")
    assert int(group) == os.getpgid(0)
    assert "DJANGO_SECRET_KEY" not in names
    assert "FFREPORT" not in names


def test_what_cannot_be_started_says_so() -> None:
    with pytest.raises(FFmpegNotStarted, match="/no/such/ffmpeg could not be started"):
        start_relay(RelayCommand(("/no/such/ffmpeg",)), NOW)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a child to its parent's life")
def test_a_killed_parent_leaves_no_orphan() -> None:
    code = (
        "import sys, time; from datetime import datetime, UTC\n"
        "from ffmpeg.commands import RelayCommand; from ffmpeg.process import start_relay\n"
        "child = start_relay(RelayCommand((sys.executable, '-c', 'import time; time.sleep(120)')), datetime.now(UTC))\n"
        "print(child.pid, flush=True); time.sleep(120)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        orphan = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    wait_until(lambda: not is_running(orphan))


def is_running(pid: int) -> bool:
    """Tell whether it runs; one that is dead but was not yet collected by init does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
