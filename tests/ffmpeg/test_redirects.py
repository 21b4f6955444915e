"""A web camera that sends the real ffmpeg elsewhere: it does not go."""

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from ffmpeg.binary import can_forbid_redirects, find_ffmpeg, list_encoders
from ffmpeg.commands import relay_command
from ffmpeg.failures import FailureKind, explain_failure
from ffmpeg.gate import guard_relay
from ffmpeg.networks import Neighbourhood
from ffmpeg.sources import parse_source_url

pytestmark = pytest.mark.integration

FFMPEG = find_ffmpeg({"PATH": ""})


class Recorder(http.server.BaseHTTPRequestHandler):
    """Notes who asked for what under which name, and has nothing."""

    target = ""
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Host"]))
        self.send_response(302 if self.target else 404)
        if self.target:
            self.send_header("Location", f"{self.target}{self.path}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve(target: str = "") -> Iterator[tuple[int, list[tuple[str, str | None]]]]:
    """Serve; redirect everything to `target` if there is one. Gives the port and what was asked."""
    asked: list[tuple[str, str | None]] = []
    handler = type("Handler", (Recorder,), {"target": target, "asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


def pull(url: str) -> FailureKind:
    make = partial(
        relay_command,
        FFMPEG,
        publish_url="rtsp://127.0.0.1:9/x",
        encoders=list_encoders(FFMPEG),
        can_forbid_redirects=can_forbid_redirects(FFMPEG),
    )
    command = guard_relay(parse_source_url(url), Neighbourhood(networks=("127.0.0.0/8",)), make)
    ended = subprocess.run(
        command.argv, input=command.stdin_text or "", capture_output=True, text=True, timeout=30, check=False
    )
    return explain_failure(ended.stderr, ended.returncode).kind


@pytest.mark.parametrize("path", ["mjpg", "mjpg?token=x", "live.m3u8", "live.m3u8?token=x"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_http_redirect_is_not_followed(host: str, path: str) -> None:
    with serve() as (inside, asked_inside), serve(f"http://127.0.0.1:{inside}") as (camera, asked):
        assert pull(f"http://{host}:{camera}/{path}") is FailureKind.INVALID_DATA
    assert asked_inside == []
    assert asked == [(f"/{path}", f"{host}:{camera}")]
