"""Asking whether a service does its work never fails, whatever became of what is asked."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from vms.launcher.probes import answers_ok, is_healthy, spell_broker_url, worker_answers
from vms.launcher.valkey import find_valkey


@contextmanager
def running_redis(socket: Path) -> Iterator["subprocess.Popen[bytes]"]:
    server = subprocess.Popen(
        [find_valkey(), "--port", "0", "--unixsocket", socket, "--save", ""], stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 10
        while not _answers(socket):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield server
    finally:
        server.kill()
        server.wait()


def _answers(socket: Path) -> bool:
    try:
        return bool(Redis(unix_socket_path=str(socket)).ping())
    except RedisError:
        return False


@pytest.mark.integration
def test_a_worker_is_asked_through_a_redis_that_was_killed_and_came_back(tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    url = f"unix://{socket}?db=0"
    with running_redis(socket):
        assert worker_answers(url, "nobody@here", within=0.1) is False
    assert worker_answers(url, "nobody@here", within=0.1) is False
    with running_redis(socket):
        assert worker_answers(url, "nobody@here", within=0.1) is False


def test_nobody_at_the_port_is_no(free_port) -> None:
    assert answers_ok("127.0.0.1", free_port(), "/health/ready") is False


@pytest.mark.parametrize(
    ("url", "broker"),
    [("unix:///run/r.sock?db=0", "redis+socket:///run/r.sock"), ("redis://host:6379/1", "redis://host:6379/1")],
)
def test_celery_spells_unix_sockets_its_own_way(url: str, broker: str) -> None:
    assert spell_broker_url(url) == broker


@pytest.mark.parametrize(
    ("body", "well"),
    [(b'{"status": "healthy"}', True), (b'{"status": "degraded"}', False), (b"<html>", False), (b"[]", False)],
)
def test_only_a_clear_word_means_well(body: bytes, well: object) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert is_healthy("127.0.0.1", server.server_port) is well
    thread.join()
    server.server_close()
