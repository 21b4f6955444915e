"""Who asks for the benchmarks: over kept connections, until the time is over."""

from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench.load import ask_many


class Answering(ThreadingHTTPServer):
    """Counts what it was asked, and by how many connections; every third answer ends its connection."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.connections: set[tuple[str, int]] = set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def do_GET(self) -> None:
        self.server.asked.append(self.headers["X-City-ID"])
        self.server.connections.add(self.client_address)
        self.send_response(200 if self.path == "/there" else 404)
        self.send_header("Content-Length", "300000")
        if len(self.server.asked) % 3 == 0:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(bytes(300_000))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name in the class we override
        """Keep quiet."""


@pytest.fixture
def server() -> Generator[Answering, None, None]:
    with Answering() as answering:
        thread = Thread(target=answering.serve_forever)
        thread.start()
        yield answering
        answering.shutdown()
        thread.join()


def test_each_connection_asks_at_least_once(server: Answering) -> None:
    taken = ask_many(server.server_port, "/there", 2, 0, {"X-City-ID": "7"})
    assert (len(taken), min(taken) > 0, server.asked, len(server.connections)) == (2, True, ["7", "7"], 2)


def test_it_asks_again_until_the_time_is_over_and_opens_anew_what_was_closed(server: Answering) -> None:
    taken = ask_many(server.server_port, "/there", 1, 0.2, {"X-City-ID": "7"})
    assert len(taken) == len(server.asked)
    assert len(server.connections) == -(-len(taken) // 3)


def test_another_answer_than_200_is_no_answer(server: Answering) -> None:
    with pytest.raises(AssertionError):
        ask_many(server.server_port, "/elsewhere", 1, 0, {})
