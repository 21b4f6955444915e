"""What must hold before anything is started, each with one sentence when it does not."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vms.launcher.errors import NotStartedError
from vms.launcher.guardian import is_alive
from vms.launcher.settings import LauncherSettings

MEBIBYTE = 1024 * 1024
ROOM_TO_BEGIN = 1024 * MEBIBYTE
"""Free space a first start wants: a database (60 MB), the built MediaMTX, and some minutes of footage."""

ROOM_TO_GO_ON = 100 * MEBIBYTE
"""Free space a later start wants: Postgres must be able to write its log (16 MB a piece), so that the deletion of old
footage, which is what a nearly full disk needs most, can run at all."""

WAIT_FOR_GUARDIAN_SECONDS = 60.0


@dataclass(frozen=True)
class Listener:
    """A port that will be listened on, what for, and the variable that chooses it."""

    variable: str
    purpose: str
    port: int
    host: str
    is_udp: bool = False


def list_listeners(settings: LauncherSettings) -> list[Listener]:
    """Every port the services will take with these settings."""
    ports, everywhere = settings.ports, settings.bind
    wanted = [
        ("VMS_PORT", "the web pages", ports.web, everywhere, False),
        ("VMS_MEDIAMTX_API_PORT", "MediaMTX's API", ports.mediamtx_api, "127.0.0.1", False),
        ("VMS_RTSP_PORT", "RTSP", ports.rtsp, everywhere, False),
        ("VMS_HLS_PORT", "HLS", ports.hls, everywhere, False),
        ("VMS_WEBRTC_PORT", "WebRTC", ports.webrtc, everywhere, False),
        ("VMS_WEBRTC_UDP_PORT", "WebRTC media", ports.webrtc_udp, everywhere, True),
        ("VMS_STREET_PORT", "the demo cameras", ports.street, "127.0.0.1", False),
    ]
    return [Listener(name, use, port, host, udp) for name, use, port, host, udp in wanted if port is not None]


def check_ports(listeners: Iterable[Listener]) -> None:
    """Raise NotStartedError, one sentence a port, if any is wanted twice or cannot be listened on."""
    listeners = list(listeners)
    problems = [*_find_clashes(listeners), *(_try_port(listener) for listener in listeners)]
    if sentences := [problem for problem in problems if problem]:
        raise NotStartedError("\n".join(sentences))


def _find_clashes(listeners: list[Listener]) -> Iterator[str]:
    seen: dict[tuple[bool, int], str] = {}
    for listener in listeners:
        first = seen.setdefault((listener.is_udp, listener.port), listener.variable)
        if first != listener.variable:
            yield f"{first} and {listener.variable} are both {listener.port}: give each its own port."


def _try_port(listener: Listener) -> str | None:
    where = f"{listener.host}:{listener.port}"
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(
            listener.host,
            listener.port,
            type=socket.SOCK_DGRAM if listener.is_udp else socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
        with socket.socket(family, kind) as probe:
            if not listener.is_udp:
                # As the servers do: a port whose last connections are still fading is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return _explain_port(listener, where, error)
    return None


def _explain_port(listener: Listener, where: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        kind = "UDP port" if listener.is_udp else "Port"
        return (
            f"{kind} {listener.port} ({listener.purpose}) is in use on {listener.host}: "
            f"stop the program that holds it, or choose another port with {listener.variable}."
        )
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{listener.host} is no address of this machine: correct VMS_BIND."
    return f"{where} ({listener.purpose}) cannot be listened on: {error.strerror}; choose another {listener.variable}."


def check_folder(folder: Path, variable: str) -> None:
    """Make the folder if need be, and raise NotStartedError unless files can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise NotStartedError(
            f"{folder} cannot be written ({error.strerror}): correct its rights, or set {variable} to another folder.",
        ) from error


def check_room(data: Path, free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free) -> None:
    """Raise NotStartedError unless there is room to begin with, or, after a first start, room to go on with."""
    has_begun = (data / "postgres").exists() or (data / "postgres-location").exists()
    wanted, found = ROOM_TO_GO_ON if has_begun else ROOM_TO_BEGIN, free(data)
    if found < wanted:
        raise NotStartedError(
            f"Only {found // MEBIBYTE} MB are free where {data} is, and {wanted // MEBIBYTE} MB are needed: "
            "free some space, or set VMS_DATA to a folder on a larger disk.",
        )


@contextlib.contextmanager
def hold_lock(data: Path, report: Callable[[str], None], pause: Callable[[float], None]) -> Iterator[int]:
    """Hold the data folder for this process alone; gives the lock's file descriptor.

    Where its last holder was killed, that one's guardian still has the lock until everything is stopped: it is waited
    for. Raises NotStartedError where another launcher is at work.
    """
    descriptor = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take_lock(descriptor, data, report, pause)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take_lock(descriptor: int, data: Path, report: Callable[[str], None], pause: Callable[[float], None]) -> None:
    deadline = time.monotonic() + WAIT_FOR_GUARDIAN_SECONDS
    said = False
    while not _try_lock(descriptor):
        holder = _read_holder(descriptor)
        if (holder is not None and is_alive(holder)) or time.monotonic() > deadline:
            raise NotStartedError(
                f"Another `manage.py up` (process {holder}) is running on {data}: "
                "stop it first, or set VMS_DATA to another folder for a second installation.",
            )
        if not said:
            report("an earlier run was killed and its services are still being stopped; waiting for them")
        said = True
        pause(0.1)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdigit() else None
