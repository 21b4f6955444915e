"""Runs an ffmpeg on bytes that nobody trusts: no file of its own, so much memory, time and output, then it is over.

What it may use is set from outside (prlimit) before it is given its first byte: a function between fork and exec would
not be safe in a server of many threads. Should we die, its standard input ends, and with it the program.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from ffmpeg.errors import FFmpegNotStarted, FFmpegRefused, FFmpegTooSlow
from ffmpeg.failures import redact

_STDERR_TAIL_BYTES = 65_536
_MEGABYTE = 1 << 20
_ENVIRONMENT_KEPT = {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}


@dataclass(frozen=True)
class Bounds:
    """What one run may use: seconds on the clock (and of CPU), address space, bytes written; `niceness` 0 to 19."""

    seconds: float = 4.0
    memory_bytes: int = 1024 * _MEGABYTE
    output_bytes: int = 16 * _MEGABYTE
    niceness: int = 0


@dataclass(frozen=True)
class Output:
    """What it wrote; `stderr` is the end of it."""

    stdout: bytes = field(repr=False)
    stderr: str = ""


def run_bounded(argv: Sequence[str], fed: bytes, bounds: Bounds, environ: Mapping[str, str] = os.environ) -> Output:
    """Run it to its end on these bytes and give what it wrote.

    Raises FFmpegNotStarted, FFmpegTooSlow where its time is over, FFmpegRefused where it failed or wrote nothing.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = _start(argv, stdout, stderr, environ)
        try:
            _bound(process.pid, bounds)
            # It may end before it has read all: it has then seen enough.
            with contextlib.suppress(BrokenPipeError):
                process.communicate(fed, timeout=bounds.seconds)
        except subprocess.TimeoutExpired as late:
            raise FFmpegTooSlow(f"ffmpeg took more than {bounds.seconds} s and was ended.") from late
        finally:
            _end(process)
        return _judge(process.returncode, _read(stdout), _read_tail(stderr))


def _start(
    argv: Sequence[str], stdout: IO[bytes], stderr: IO[bytes], environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in environ.items() if name in _ENVIRONMENT_KEPT}
    try:
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, env=kept)
    except OSError as problem:
        raise FFmpegNotStarted(
            f"{argv[0]} could not be started: {problem}. Check VMS_FFMPEG and the limits on processes."
        ) from problem


def _bound(pid: int, bounds: Bounds) -> None:
    """Set the limits; it waits for its first byte meanwhile. Without prlimit (macOS) the clock alone counts."""
    limits = {
        resource.RLIMIT_AS: bounds.memory_bytes,
        resource.RLIMIT_CPU: int(bounds.seconds) + 1,
        resource.RLIMIT_FSIZE: bounds.output_bytes,
        resource.RLIMIT_CORE: 0,
    }
    # It may be over already, or refuse to be slowed down.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        for what, limit in limits.items() if sys.platform == "linux" else ():
            resource.prlimit(pid, what, (limit, limit))
        os.setpriority(os.PRIO_PROCESS, pid, bounds.niceness)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _judge(code: int, stdout: bytes, stderr: str) -> Output:
    if code != 0 or not stdout:
        last = next(iter(reversed(stderr.strip().splitlines())), "nothing")
        raise FFmpegRefused(f"ffmpeg made nothing of this footage (exit code {code}); it said: {last}")
    return Output(stdout, stderr)


def _read(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _read_tail(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _STDERR_TAIL_BYTES))
    return redact(file.read().decode("utf-8", errors="replace"))
