"""Bytes of footage as the real web server sends them: by the kernel, not through Python."""

import os
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from cities.scope import every_city
from recording.models import Segment
from replay.tokens import FootageGrant, make_token
from tests.gunicorn import run_gunicorn
from tests.world import World

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
SIZE = 8 << 20


def put_file(world: World, root: Path) -> tuple[Segment, bytes]:
    """Put a large file of chance where the camera's footage lies."""
    world.server.recordings_root = str(root)
    world.server.save()
    file, content = f"{world.camera.stream_id}/a.mp4", os.urandom(SIZE)
    (root / file).parent.mkdir(parents=True)
    (root / file).write_bytes(content)
    now = datetime.now(UTC)
    with every_city("a test's world"):
        segment = Segment.objects.create(
            camera=world.camera, city=world.city, media_server=world.server, start=now - timedelta(minutes=1), end=now,
            size=SIZE, whole_bytes=SIZE, file=file, state="ready", indexed_at=now,
        )  # fmt: skip
    return segment, content


def test_parts_come_whole_and_by_sendfile(world: World, tmp_path: Path) -> None:
    segment, content = put_file(world, tmp_path)
    expires = datetime.now(UTC) + timedelta(minutes=5)
    token = make_token(FootageGrant(world.city.pk, segment.pk, world.viewer.pk, expires, 1000, SIZE, 100))

    with run_gunicorn() as server:

        def get(asked: str, method: str = "GET") -> tuple[int, bytes]:
            head = f"{method} /footage/{token}/a.mp4 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            status, answer = server.send(f"{head}Range: {asked}\r\n\r\n".encode())
            return status, answer.partition(b"\r\n\r\n")[2]

        assert get("bytes=1000-") == (206, content[1000:])
        assert get("bytes=5000000-5999999") == (206, content[5_000_000:6_000_000])
        assert get("bytes=-7") == (206, content[-7:])
        assert get("bytes=1000-", "HEAD") == (200, b"")
        for _ in range(20):  # places are given back
            assert get("bytes=2000-2099") == (206, content[2000:2100])
        line = HTTPConnection("127.0.0.1", server.port, timeout=20)
        socket = None
        for _ in range(3):  # on one connection, which lasts
            line.request("GET", f"/footage/{token}/a.mp4", headers={"Range": "bytes=2000-2099"})
            answer = line.getresponse()
            assert (answer.status, answer.read()) == (206, content[2000:2100])
            assert line.sock is not None
            assert socket in (None, line.sock)
            socket = line.sock
        line.close()
