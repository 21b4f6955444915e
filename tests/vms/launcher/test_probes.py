"""Asking whether a service does its work never fails, whatever became of what is asked."""

import os
import socket
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

from vms.launcher.probes import (
    answers_at_all,
    answers_ok,
    is_healthy,
    spell_broker_url,
    was_written_lately,
    worker_answers,
)
from vms.launcher.valkey import find_valkey


@contextmanager
def running_redis(where: Path) -> Iterator["subprocess.Popen[bytes]"]:
    server = subprocess.Popen(
        [find_valkey(), "--port", "0", "--unixsocket", where, "--save", ""], stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 10
        while not _answers(where):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield server
    finally:
        server.kill()
        server.wait()


def _answers(where: Path) -> bool:
    try:
        return bool(Redis(unix_socket_path=str(where)).ping())
    except RedisError:
        return False


@pytest.mark.integration
def test_a_worker_is_asked_through_a_redis_that_was_killed_and_came_back(tmp_path: Path) -> None:
    where = tmp_path / "redis.sock"
    url = f"unix://{where}?db=0"
    with running_redis(where):
        assert worker_answers(url, "nobody@here", within=0.1) is False
    assert worker_answers(url, "nobody@here", within=0.1) is False
    with running_redis(where):
        assert worker_answers(url, "nobody@here", within=0.1) is False


def test_nobody_at_the_port_is_no(free_port) -> None:
    port = free_port()
    asked = [answers_ok("127.0.0.1", port, "/health/ready"), answers_at_all("127.0.0.1", port, "/health/ready")]
    assert asked == [False, False]


def test_who_refuses_does_not_hang() -> None:
    class Refusal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Refusal)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert answers_at_all("127.0.0.1", server.server_port, "/health/ready") is True
    thread.join()
    server.server_close()


def test_who_accepts_and_says_nothing_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert answers_at_all("127.0.0.1", server.getsockname()[1], "/v3/info", within=0.1) is False


def test_footage_counts_as_written_lately_by_any_file_of_any_camera(tmp_path: Path) -> None:
    (tmp_path / ".held").mkdir()
    folder = tmp_path / "stream_a"
    folder.mkdir()
    for name, written in (("2026-01-27_03-00-00-000000.mp4", 1000.0), ("2026-01-27_02-00-00-000000.mp4", 1100.0)):
        (folder / name).touch()
        os.utime(folder / name, (written, written))
    found = [was_written_lately(tmp_path, now, within=60.0) for now in (1050.0, 1160.0, 1161.0)]
    assert [*found, was_written_lately(tmp_path / "unmounted", 1161.0)] == [True, True, False, True]


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
