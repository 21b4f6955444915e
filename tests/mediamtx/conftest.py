"""What the tests of this room share: a server that answers with given bytes, and the real MediaMTX."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg
import pytest

from mediamtx.binary import find_cache_dir, find_or_get_binary
from mediamtx.client import MediaMTXClient
from mediamtx.config import ConfigValues, render_config
from mediamtx.errors import MediaMTXUnavailable


@dataclass
class RawServer:
    """A server on loopback that answers each connection by the pieces its script yields; a pause is a number."""

    script: list[bytes | float]
    requests: list[bytes] = field(default_factory=list)
    received: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        """Stop answering."""
        self._stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        try:
            self.requests.append(_read_request(connection))
            self.received.set()
            for piece in self.script:
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                elif self._stopped.wait(piece):
                    return
        except OSError:
            return


def _read_request(connection: socket.socket) -> bytes:
    """Read a head and as much body as it announces."""
    connection.settimeout(5)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    announced = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while announced and len(body) < int(announced[0]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def make_answer(body: bytes, status: str = "200 OK") -> bytes:
    """Give a whole HTTP answer."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Start servers that answer by a script; they stop with the test."""
    servers: list[RawServer] = []

    def start(*script: bytes | float) -> RawServer:
        servers.append(RawServer(list(script)))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@dataclass
class RunningMediaMTX:
    """The real MediaMTX with our configuration, on free ports."""

    process: subprocess.Popen[bytes]
    client: MediaMTXClient
    rtsp_port: int
    config: Path
    log: Path


def find_free_ports(count: int) -> list[int]:
    """Give TCP ports that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def mediamtx_binary() -> Path:
    """The real program, out of the cache or got now."""
    return find_or_get_binary(cache_dir=find_cache_dir(os.environ), environ=os.environ, report=print)


@contextmanager
def run_mediamtx(
    binary: Path, folder: Path, *, hook_command: tuple[str, ...] = (), environ: dict[str, str] | None = None
) -> Generator[RunningMediaMTX, None, None]:
    """Run MediaMTX with our configuration until the block ends."""
    api, rtsp, hls, webrtc, udp = find_free_ports(5)
    values = ConfigValues(
        record_root=folder / "recordings",
        api_address=f"127.0.0.1:{api}",
        rtsp_address=f"127.0.0.1:{rtsp}",
        hls_address=f"127.0.0.1:{hls}",
        webrtc_address=f"127.0.0.1:{webrtc}",
        webrtc_udp_address=f"127.0.0.1:{udp}",
        allow_origins=("http://127.0.0.1:8001",),
        hook_command=hook_command,
    )
    config, log = folder / "mediamtx.yml", folder / "mediamtx.log"
    config.write_text(render_config(values))
    with log.open("wb") as output, run_program([binary, config], output, {"TZ": "UTC", **(environ or {})}) as process:
        client = MediaMTXClient(f"http://127.0.0.1:{api}")
        wait_until(lambda: process.poll() is not None or answers(client), "MediaMTX answers")
        assert process.poll() is None, log.read_text()
        yield RunningMediaMTX(process, client, rtsp, config, log)


@contextmanager
def run_program(
    argv: list[str | Path], output: object, environ: dict[str, str]
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Run a program until the block ends; it is then ended, whatever happened."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environ},  # type: ignore[call-overload]  # any file will do
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def publish(rtsp_port: int, name: str, *, seconds: int = 60) -> Generator[subprocess.Popen[bytes], None, None]:
    """Publish a small moving picture under a path name with the ffmpeg that the project ships."""
    source = "testsrc2=size=160x120:rate=10"
    argv = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-re",
        "-f",
        "lavfi",
        "-i",
        source,
        "-t",
        str(seconds),
    ]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"]
    argv += ["-f", "rtsp", "-rtsp_transport", "tcp", f"rtsp://127.0.0.1:{rtsp_port}/{name}"]
    with run_program(list(argv), subprocess.DEVNULL, {}) as process:
        yield process


def answers(client: MediaMTXClient) -> bool:
    """Whether the API answers."""
    try:
        client.get_info()
    except MediaMTXUnavailable:
        return False
    return True
