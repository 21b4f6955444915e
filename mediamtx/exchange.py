"""One question over HTTP to one server, bounded in time and size whatever the server does."""

import base64
import http.client
import io
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from .errors import MediaMTXUnavailable

_CHUNK_BYTES = 2**18


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, seconds for the whole exchange after that, and bytes of the whole answer."""

    connect_seconds: float
    answer_seconds: float
    answer_bytes: int


def fetch(base_url: str, target: str, limits: Limits) -> bytes:
    """Give the body of a 200 answer to GET `base_url` + `target`; a user and password in the URL are sent along.

    The connection is new each time and read up to its end by one deadline. A pooled one would save 0.2 ms, but it
    fails on the first question after a restart of the server, and common clients start their timeout anew with each
    piece received, so that a server which drips its answer could hold us for hours.
    Raises MediaMTXUnavailable for everything that is not such an answer.
    """
    status, body = ask(base_url, "GET", target, limits)
    if status != http.client.OK:
        raise MediaMTXUnavailable(f"{_name_server(urlsplit(base_url))} answered {describe_status(status)} to {target}")
    return body


def ask(base_url: str, method: str, target: str, limits: Limits) -> tuple[int, bytes]:
    """Give status and body of the answer to a request without a body; raises MediaMTXUnavailable without an answer."""
    url = urlsplit(base_url)
    try:
        raw = _exchange(url, _write_request(url, method, target), limits)
        answer = http.client.HTTPResponse(_Recorded(raw))  # type: ignore[arg-type]  # it only asks for makefile()
        answer.begin()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise MediaMTXUnavailable(
            f"{_name_server(url)} gave no answer: {str(error) or type(error).__name__}"
        ) from error


def describe_status(status: int) -> str:
    """Give the status with its name, as far as it has one."""
    return f"{status} {http.client.responses.get(status, '')}".strip()


def _name_server(url: SplitResult) -> str:
    return f"MediaMTX at {url.hostname}:{url.port or _default_port(url)}"


class _Recorded:
    """Received bytes in the part of a socket, for the standard library's parser of answers."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BytesIO:
        """Give the bytes as the file that a socket would give."""
        assert mode == "rb"  # noqa: S101 -- the parser's only use of it
        return io.BytesIO(self._raw)


def _write_request(url: SplitResult, method: str, target: str) -> bytes:
    head = [
        f"{method} {url.path.rstrip('/')}{target} HTTP/1.1",
        f"Host: {url.netloc.rpartition('@')[2]}",
        "Accept: application/json",
        "Connection: close",
        *(["Content-Length: 0"] if method == "POST" else []),
    ]
    if url.username:
        credentials = f"{unquote(url.username)}:{unquote(url.password or '')}"
        head.append(f"Authorization: Basic {base64.b64encode(credentials.encode()).decode()}")
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def _exchange(url: SplitResult, request: bytes, limits: Limits) -> bytes:
    """Send the request and give all that comes until the server closes."""
    with _connect(url, limits.connect_seconds) as connection:
        deadline = time.monotonic() + limits.answer_seconds
        connection.settimeout(limits.answer_seconds)
        connection.sendall(request)
        received = bytearray()
        while chunk := _receive(connection, deadline):
            received += chunk
            if len(received) > limits.answer_bytes:
                raise OSError(f"more than {limits.answer_bytes / 2**20:.0f} MB")
        return bytes(received)


def _connect(url: SplitResult, seconds: float) -> socket.socket:
    connection = socket.create_connection((url.hostname, url.port or _default_port(url)), timeout=seconds)
    if url.scheme != "https":
        return connection
    try:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=url.hostname)
    except OSError:
        connection.close()
        raise


def _receive(connection: socket.socket, deadline: float) -> bytes:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    connection.settimeout(remaining)
    return connection.recv(_CHUNK_BYTES)


def _default_port(url: SplitResult) -> int:
    return 443 if url.scheme == "https" else 80
