"""The real web server over the test's own database, started as `manage.py up` starts it."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from tests.real import find_free_ports, run_program, wait_until
from vms.launcher.plan import WEB_MEMORY, WEB_THREADS

OPTIONS = ("--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS), "--no-control-socket")


@dataclass(frozen=True)
class WebServer:
    """Where it listens."""

    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send bytes as they are, and give the status and all that came back; 0 where nothing did."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            line.sendall(request)
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        return (int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0), answer


@contextmanager
def run_gunicorn() -> Iterator[WebServer]:
    """Run it until the block ends; it trusts no gateway."""
    (port,) = find_free_ports(1)
    server = WebServer(port)
    where = urlsplit(settings.DATABASE_URL)
    environ = {
        **WEB_MEMORY,
        **os.environ,
        "DATABASE_URL": where._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "DJANGO_SETTINGS_MODULE": "vms.settings_test",
        "VMS_TRUSTED_PROXIES": "192.0.2.1/32",
    }
    argv = [sys.executable, "-m", "gunicorn", "vms.wsgi:application", *OPTIONS, "--bind", f"127.0.0.1:{port}"]
    with tempfile.TemporaryFile() as log, run_program(list(argv), log, environ) as process:
        wait_until(lambda: process.poll() is not None or _answers(server), "gunicorn answers", seconds=60)
        assert process.poll() is None, read_all(log)
        yield server


def read_all(log: IO[bytes]) -> str:
    """Give what the server has written."""
    log.seek(0)
    return log.read().decode()


def _answers(server: WebServer) -> bool:
    try:
        return server.send(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[0] == 200
    except OSError:
        return False
