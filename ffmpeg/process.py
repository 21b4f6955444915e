"""One running relay: started, watched without ever waiting for it, and ended.

A single-threaded caller drives hundreds of these with one selector: it registers `filenos()`, calls `read_available()`
when one is readable, and `poll()` and `terminate()` on each of its rounds.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO

from ffmpeg.commands import RelayCommand
from ffmpeg.errors import FFmpegNotStarted
from ffmpeg.failures import Failure, explain_failure, redact
from ffmpeg.progress import Progress, ProgressParser

STDERR_TAIL_BYTES = 8_192
TERMINATE_GRACE = timedelta(seconds=3)
"""FFmpeg 5, 6 and 9 end within 0.6 s of SIGTERM; 7.0 was seen to go on for more than 6 s."""

_PIPE_READ_BYTES = 65_536
_READS_PER_CALL = 16
_PR_SET_PDEATHSIG = 1
# Nothing else is handed on: not our secrets, not FFREPORT (which writes addresses to a file), not http_proxy.
_ENVIRONMENT_KEPT = {
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "TZ",
    "LANG",
    "LC_ALL",
}


@dataclass
class RelayProcess:
    """A child process in our own process group; on Linux it dies with us, whatever ends us.

    Made by `start_relay`. `stderr_tail` never holds credentials.
    """

    process: subprocess.Popen[bytes] = field(repr=False)
    started_at: datetime
    last_progress: Progress | None = None
    last_moved_at: datetime | None = None
    """When a report last showed more pictures than the one before; None until the first picture."""
    _parser: ProgressParser = field(default_factory=ProgressParser, repr=False)
    _stderr: bytes = field(default=b"", repr=False)
    _terminated_at: datetime | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def stderr_tail(self) -> str:
        """The last complaints, whole lines only, at most 8 KB, without credentials."""
        return redact(self._stderr.decode("utf-8", errors="replace"))

    def filenos(self) -> tuple[int, ...]:
        """Give the file descriptors to wait on: those of the pipes that are still open."""
        return tuple(pipe.fileno() for pipe in self._pipes() if not pipe.closed)

    def read_available(self, now: datetime) -> list[Progress]:
        """Take in what has been written so far, without waiting; give the new progress reports, oldest first."""
        reports = self._parser.feed(read_now(self._stdout).decode("ascii", errors="replace"), now)
        for report in reports:
            if report.frames > 0 and report.has_moved_since(self.last_progress):
                self.last_moved_at = report.at
            self.last_progress = report
        self._stderr = _keep_tail(self._stderr + read_now(self._stderr_pipe))
        return reports

    def poll(self) -> int | None:
        """Give the exit code, negative for a signal, or None while it runs. Never waits."""
        return self.process.poll()

    def terminate(self, now: datetime) -> None:
        """Ask it to end; called again after `TERMINATE_GRACE`, end it by force. Call it until `poll()` gives a code."""
        if self.poll() is not None:
            return
        if self._terminated_at is None:
            self._terminated_at = now
            self.process.terminate()
        elif now - self._terminated_at >= TERMINATE_GRACE:
            self.process.kill()

    def explain_end(self, now: datetime) -> Failure:
        """Tell why it ended; call it once `poll()` gave a code. Reads the last words and closes the pipes."""
        self.read_available(now)
        self.close()
        return explain_failure(self.stderr_tail, self.poll())

    def close(self) -> None:
        """Close our ends of the pipes; whatever still runs will end at its next line of output."""
        for pipe in self._pipes():
            pipe.close()

    @property
    def _stdout(self) -> IO[bytes]:
        return _require_pipe(self.process.stdout)

    @property
    def _stderr_pipe(self) -> IO[bytes]:
        return _require_pipe(self.process.stderr)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        return self._stdout, self._stderr_pipe


def start_relay(command: RelayCommand, now: datetime, environ: Mapping[str, str] = os.environ) -> RelayProcess:
    """Start a relay. Raises `FFmpegNotStarted` if the system does not let us.

    Call it from the process's main thread: on Linux the child is bound to the life of the thread that started it.
    """
    # The pipes and the process are owned, and ended, by the RelayProcess.
    process = open_process(command, environ)
    return RelayProcess(process, started_at=now)


def open_process(command: RelayCommand, environ: Mapping[str, str] = os.environ) -> subprocess.Popen[bytes]:
    """Start a command with what it needs of our environment, its input written, its outputs never to be waited on.

    The caller ends it and closes its pipes. Raises `FFmpegNotStarted`; the promise of `start_relay` holds here too.
    """
    try:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL if command.stdin_text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in environ.items() if name in _ENVIRONMENT_KEPT},
            bufsize=0,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 -- safe: the caller has a single thread, as promised
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise FFmpegNotStarted(
            f"{command.argv[0]} could not be started: {problem}. Check VMS_FFMPEG and the limits on processes."
        ) from problem
    for pipe in (_require_pipe(process.stdout), _require_pipe(process.stderr)):
        os.set_blocking(pipe.fileno(), False)
    _feed_stdin(process, command.stdin_text)
    return process


def _feed_stdin(process: subprocess.Popen[bytes], text: str | None) -> None:
    if process.stdin is None or text is None:
        return
    # A few kilobytes fit into a fresh pipe, so this does not wait; one that died at once shows in poll().
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(text.encode())
    process.stdin.close()


_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
# Looked up before the fork: between fork and exec nothing may be imported or allocated carelessly.


def _die_with(parent: int) -> Callable[[], None] | None:
    prctl = _PRCTL
    if prctl is None:
        return None

    def bind_to_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return bind_to_parent


def read_now(pipe: IO[bytes]) -> bytes:
    """Give what is there to be read, without waiting; a pipe at its end is closed."""
    if pipe.closed:
        return b""
    pieces: list[bytes] = []
    with contextlib.suppress(BlockingIOError):
        while len(pieces) < _READS_PER_CALL:
            piece = os.read(pipe.fileno(), _PIPE_READ_BYTES)
            if not piece:
                # Its end: closed here so that a selector does not report it readable for ever.
                pipe.close()
                break
            pieces.append(piece)
    return b"".join(pieces)


def _keep_tail(text: bytes) -> bytes:
    if len(text) <= STDERR_TAIL_BYTES:
        return text
    # Cut at a line's start: half an address could not be recognised, and its password would show.
    _, _, whole_lines = text[-STDERR_TAIL_BYTES:].partition(b"\n")
    return whole_lines


def _require_pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("started without pipes")
    return pipe
