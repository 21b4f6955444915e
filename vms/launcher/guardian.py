"""The guardian: a tiny process that stops every service when the launcher that started them is gone.

It reads one JSON object a line from its standard input, on which the launcher holds the other end. End of file means
that the launcher has ended in whatever way, also by SIGKILL; everything still listed is then stopped in reverse order.
It is started by its path and imports the standard library only, so that it costs little and needs nothing.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

TAG_VARIABLE = "VMS_SERVICE_TAG"
"""Environment variable by which every process of a service, whoever forked it, can be told from all others."""

PROC = Path("/proc")
POLL_SECONDS = 0.02
GONE_WITHIN_SECONDS = 5.0


@dataclass(frozen=True)
class Group:
    """One service's processes: a leader in a session of its own, and whatever it started.

    ``order`` is the stage it was started in. ``pid`` is None until the leader has been started. A process belongs to
    the group by its session or by the tag in its environment; or, where ``program`` and ``folder`` are
    given, by running that program in that folder (the processes of a Postgres leave its session and overwrite
    their environment).
    """

    name: str
    tag: str
    order: int
    stop_signal: int = signal.SIGTERM
    stop_within: float = 10.0
    pid: int | None = None
    program: str | None = None
    folder: str | None = None


def find_members(group: Group) -> set[int]:
    """The pids of all living processes of the group (never our own)."""
    if not PROC.is_dir():
        return {group.pid} if group.pid is not None and _is_alive_without_proc(group.pid) else set()
    return {pid for pid in _list_pids() if _belongs_to(pid, group)} - {os.getpid()}


def find_tagged(prefix: str) -> set[int]:
    """The pids of all living processes whose tag begins with the prefix (never our own)."""
    tagged = {pid for pid in _list_pids() if _read_tag(pid).startswith(prefix) and is_alive(pid)}
    return tagged - {os.getpid()}


def end_tagged(prefix: str, within: float) -> int:
    """End every process whose tag begins so, with SIGKILL after ``within`` seconds; gives how many there were."""
    found = find_tagged(prefix)
    _signal_all(found, signal.SIGTERM)
    started = time.monotonic()
    while (left := find_tagged(prefix)) and time.monotonic() < started + within + GONE_WITHIN_SECONDS:
        if time.monotonic() > started + within:
            _signal_all(left, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    return len(found)


def kill_group(group: Group) -> None:
    """End every process of the group with SIGKILL and wait until none is left, at most 5 s."""
    deadline = time.monotonic() + GONE_WITHIN_SECONDS
    while (members := find_members(group)) and time.monotonic() < deadline:
        _signal_all(members, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def stop_groups(groups: Iterable[Group], hurry: Callable[[], bool] = lambda: False) -> None:
    """Stop the groups, the last stage first: each leader is asked by its signal; what is left in the end is killed.

    As soon as ``hurry`` says so nothing is waited for any more and all are killed.
    """
    remaining = list(groups)
    for order in sorted({group.order for group in remaining}, reverse=True):
        _stop_stage([group for group in remaining if group.order == order], hurry)


def _stop_stage(stage: list[Group], hurry: Callable[[], bool]) -> None:
    started = time.monotonic()
    for group in stage:
        _signal_all(_leaders(group), group.stop_signal)
    for group in stage:
        while _leaders(group) and not hurry() and time.monotonic() < started + group.stop_within:
            time.sleep(POLL_SECONDS)
        kill_group(group)


def _leaders(group: Group) -> set[int]:
    """The leader if it lives; every member where the launcher died before it could name one."""
    if group.pid is None:
        return find_members(group)
    return {group.pid} if is_alive(group.pid) else set()


def _belongs_to(pid: int, group: Group) -> bool:
    fields = _read_stat(pid)
    if fields is None:
        return False
    if group.pid is not None and group.pid == fields.session:
        return True
    return _read_tag(pid) == group.tag or _runs_in(pid, group.program, group.folder)


@dataclass(frozen=True)
class _Stat:
    parent: int
    session: int


def _read_stat(pid: int) -> _Stat | None:
    """What the kernel says of the process; None if there is none or only its exit status is left."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command stands in parentheses and may hold blanks and parentheses itself.
    state, parent, _process_group, session = text.rpartition(")")[2].split()[:4]
    return None if state in "ZX" else _Stat(int(parent), int(session))


def _read_tag(pid: int) -> str:
    try:
        environment = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return ""
    start = f"{TAG_VARIABLE}=".encode()
    found = (entry[len(start) :] for entry in environment.split(b"\0") if entry.startswith(start))
    return next(found, b"").decode(errors="replace")


def _runs_in(pid: int, program: str | None, folder: str | None) -> bool:
    if program is None or folder is None:
        return False
    try:
        return (PROC / str(pid) / "exe").readlink() == Path(program) and (PROC / str(pid) / "cwd").readlink() == Path(
            folder
        )
    except OSError:
        return False


def _list_pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()] if PROC.is_dir() else []


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not yet collected by its parent does not."""
    if PROC.is_dir():
        return _read_stat(pid) is not None
    return _is_alive_without_proc(pid)


def _is_alive_without_proc(pid: int) -> bool:
    # Our own dead children would answer forever, were they not collected here.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.killpg(pid, 0)
    except OSError:
        return False
    return True


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if PROC.is_dir():
                os.kill(pid, number)
            else:
                os.killpg(pid, number)


def encode_group(group: Group) -> bytes:
    """The line that lists the group with the guardian, or lists it anew with more known about it."""
    return json.dumps({"group": asdict(group)}).encode() + b"\n"


def encode_gone(group: Group) -> bytes:
    """The line that strikes the group off the guardian's list."""
    return json.dumps({"gone": group.tag}).encode() + b"\n"


def encode_rubbish(path: Path) -> bytes:
    """The line that names a file or folder to be removed when everything has been stopped."""
    return json.dumps({"rubbish": str(path)}).encode() + b"\n"


def main() -> None:
    """Listen until the launcher is gone, then stop what it left behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[str, Group] = {}
    rubbish: list[Path] = []
    for line in sys.stdin.buffer:
        # A launcher killed in the middle of a write leaves half a line.
        if line.endswith(b"\n"):
            _take_note(json.loads(line), groups, rubbish)
    stop_groups(groups.values())
    for path in rubbish:
        remove_rubbish(path)


def remove_rubbish(path: Path) -> None:
    """Remove the file, or the folder with all that is in it; missing is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _take_note(message: dict[str, object], groups: dict[str, Group], rubbish: list[Path]) -> None:
    described = message.get("group")
    if isinstance(described, dict):
        group = Group(**described)
        groups[group.tag] = group
    if "gone" in message:
        groups.pop(str(message["gone"]), None)
    if "rubbish" in message:
        rubbish.append(Path(str(message["rubbish"])))


if __name__ == "__main__":
    main()
