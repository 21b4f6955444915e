"""Asks a web server over several connections at once, in a process of its own; prints the seconds of each answer.

`python load.py PORT PATH CONNECTIONS SECONDS HEADERS`: the headers as JSON. As wrk does, it keeps its connections and
asks again on each as soon as it was answered, until the time is over; every question is answered in the end. One thread
waits for all of them, on bare sockets: who asks is on the same machine, and should take as little of it as can be.
"""

import gc
import json
import re
import selectors
import socket
import sys
import time

PATIENCE_SECONDS = 60.0
AT_ONCE = 1 << 18
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)


class Line:
    """A connection that asks the same until a moment of `perf_counter`, and the seconds that each answer took."""

    def __init__(self, port: int, request: bytes, until: float, selector: selectors.BaseSelector) -> None:
        self._port, self._request, self._until, self._selector = port, request, until, selector
        self.taken: list[float] = []
        self._connect()
        self._ask()

    def read(self) -> bool:
        """Read what has come; ask again after an answer. False when the time is over."""
        piece = self._socket.recv(AT_ONCE)
        assert piece, "the server hung up"
        self._data += piece
        whole = self._find_end()
        if whole is None or len(self._data) < whole:
            return True
        now = time.perf_counter()
        self.taken.append(now - self._began)
        if now >= self._until:
            self._disconnect()
            return False
        if _CLOSES.search(self._data):
            self._disconnect()
            self._connect()
        self._ask()
        return True

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def _disconnect(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()

    def _ask(self) -> None:
        self._data = bytearray()
        self._began = time.perf_counter()
        self._socket.sendall(self._request)

    def _find_end(self) -> int | None:
        head = self._data.find(b"\r\n\r\n")
        if head < 0:
            return None
        status, length = _STATUS.match(self._data), _LENGTH.search(self._data, 0, head + 2)
        assert status, self._data[:100]
        assert status[1] == b"200", self._data[:100]
        assert length, "an answer without a length"
        return head + 4 + int(length[1])


def ask_many(port: int, path: str, connections: int, seconds: float, headers: dict[str, str]) -> list[float]:
    """Ask over all connections until so many seconds are over, at least once over each; give the answers' seconds."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    with selectors.DefaultSelector() as selector:
        until = time.perf_counter() + seconds
        asking = [Line(port, request, until, selector) for _ in range(connections)]
        left = connections
        while left:
            ready = selector.select(PATIENCE_SECONDS)
            assert ready, f"no answer within {PATIENCE_SECONDS} s"
            left -= sum(not key.data.read() for key, _ in ready)
    return [taken for line in asking for taken in line.taken]


def main(port: str, path: str, connections: str, seconds: str, headers: str) -> None:
    """Ask, and print the answers' seconds."""
    gc.disable()
    print(json.dumps(ask_many(int(port), path, int(connections), float(seconds), json.loads(headers))))


if __name__ == "__main__":
    main(*sys.argv[1:])
