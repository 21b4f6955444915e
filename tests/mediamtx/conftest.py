"""What the tests of this room share: a server that answers with given bytes, and the real MediaMTX."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest


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
