"""A MediaMTX for tests that gives the answers the real one will not give on demand; it counts what it was asked."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STARTED = datetime(2026, 1, 27, 11, 0, tzinfo=UTC)


def describe_path(
    name: str, *, available: bool = True, online: bool = True, since: datetime = STARTED
) -> dict[str, Any]:
    """Give a path as MediaMTX v1.20.1 writes it."""
    moment = since.isoformat()
    return {
        "name": name,
        "confName": "all_others",
        "ready": available,
        "readyTime": moment if available else None,
        "available": available,
        "availableTime": moment if available else None,
        "online": online,
        "onlineTime": moment if online else None,
        "source": {"type": "rtspSession", "id": "5a0b0b83-1f1c-4b2f-8a55-3f9f25a3f5f3"} if available else None,
        "tracks": ["H264"],
        "tracks2": [{"codec": "H264", "codecProps": {"width": 1280, "height": 720, "profile": "High", "level": "3.1"}}],
        "readers": [],
        "inboundBytes": 123456789,
        "outboundBytes": 0,
        "inboundFramesInError": 0,
        "bytesReceived": 123456789,
        "bytesSent": 0,
    }


def write_page(paths: Iterable[dict[str, Any]], **changes: Any) -> bytes:
    """Give the body of `/v3/paths/list`, whole unless `changes` say otherwise."""
    items = list(paths)
    return json.dumps({"itemCount": len(items), "pageCount": 1, "items": items} | changes).encode()


def write_info(started: datetime, version: str) -> bytes:
    """Give the body of `/v3/info`."""
    return json.dumps({"version": version, "started": started.isoformat()}).encode()


@dataclass(frozen=True)
class Reply:
    """What a question is answered with; `cut` bytes of the announced body are never sent."""

    body: bytes
    status: int = 200
    cut: int = 0


Script = Callable[["FakeMediaMTX", str], Reply | None]


@dataclass
class FakeMediaMTX:
    """Answers as the real one would with these paths, unless `script` gives another reply; stop it with `stop()`.

    `script` is called with this server and the path asked for; None means the ordinary answer, and it may wait on
    `released` to stay silent.
    """

    page: bytes = field(default_factory=lambda: write_page([]))
    started: datetime = STARTED
    version: str = "v1.20.1"
    script: Script | None = None
    questions: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.mediamtx = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def show(self, *names: str) -> None:
        """Have exactly these paths online."""
        self.page = write_page(describe_path(name) for name in names)

    def reply_to(self, target: str) -> Reply:
        """Give the reply to a GET of this target."""
        self.questions.append(target)
        scripted = self.script(self, target) if self.script else None
        return scripted or self._reply_ordinarily(target)

    def stop(self) -> None:
        """Let go of who is kept waiting, and refuse connections from now on."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _reply_ordinarily(self, target: str) -> Reply:
        if target.startswith("/v3/paths/list?"):
            return Reply(self.page)
        if target == "/v3/info":
            return Reply(write_info(self.started, self.version))
        return Reply(b'{"error":"not found"}', status=404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    mediamtx: FakeMediaMTX


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Reply, or go away without a word when nobody listens any more."""
        try:
            self._send(self.server.mediamtx.reply_to(self.path))
        except OSError:
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 -- the name that the class we inherit from calls

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) - reply.cut])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name in the class we override
        """Keep quiet."""


def refuse(status: int) -> Script:
    """Answer every question with this status."""
    return lambda _fake, _target: Reply(b'{"error":"no"}', status=status)


def stay_silent(fake: FakeMediaMTX, _target: str) -> Reply | None:
    """Accept the question and say nothing until the test ends."""
    fake.released.wait(20)
    return None


def say(body: bytes, *, cut: int = 0) -> Script:
    """Answer the list of paths with this body; the info stays ordinary."""
    return lambda _fake, target: Reply(body, cut=cut) if target.startswith("/v3/paths/list") else None


def deny_info(_fake: FakeMediaMTX, target: str) -> Reply | None:
    """Give the list of paths, but no info."""
    return Reply(b"", status=500) if target == "/v3/info" else None
