"""Our end of the guardian: it is told what runs, and started again when it dies."""

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from vms.launcher.guardian import Group, encode_gone, encode_group, encode_rubbish

SCRIPT = Path(__file__).with_name("guardian.py")
LEAVE_WITHIN_SECONDS = 5.0


class Guardian:
    """Keeps one guardian process informed of every group that must not outlive us.

    ``kept_open`` are file descriptors it holds open for as long as it lives (the lock of a data folder: a second
    launcher must not start while a dead one's services are still being stopped).
    """

    def __init__(self, kept_open: Sequence[int] = ()) -> None:
        self._kept_open = tuple(kept_open)
        self._groups: dict[str, Group] = {}
        self._rubbish: list[Path] = []
        self._process = self._start()

    @property
    def pid(self) -> int:
        """The guardian's process id."""
        return self._process.pid

    def watch(self, group: Group) -> None:
        """List the group, or list it anew with its pid."""
        self._groups[group.tag] = group
        self._send(encode_group(group))

    def forget(self, group: Group) -> None:
        """Strike the group off: none of its processes is left."""
        self._groups.pop(group.tag, None)
        self._send(encode_gone(group))

    def remove_at_end(self, path: Path) -> None:
        """Name a file or folder that must be gone when we are."""
        self._rubbish.append(path)
        self._send(encode_rubbish(path))

    def keep_alive(self) -> bool:
        """Start the guardian again if it has died; gives whether that was necessary."""
        if self._process.poll() is None:
            return False
        self._restart()
        return True

    def dismiss(self) -> None:
        """Let the guardian go; it stops whatever is still listed and removes the rubbish."""
        with contextlib.suppress(OSError):
            self._pipe.close()
        try:
            self._process.wait(timeout=LEAVE_WITHIN_SECONDS + sum(group.stop_within for group in self._groups.values()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, line: bytes) -> None:
        try:
            self._pipe.write(line)
        except BrokenPipeError:
            self._restart()

    def _restart(self) -> None:
        with contextlib.suppress(OSError):
            self._pipe.close()
        self._process.wait()
        self._process = self._start()
        for group in self._groups.values():
            self._pipe.write(encode_group(group))
        for path in self._rubbish:
            self._pipe.write(encode_rubbish(path))

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,
            pass_fds=self._kept_open,
        )
        if process.stdin is None:
            raise RuntimeError("a process started with a pipe has one")
        self._pipe = process.stdin
        return process
