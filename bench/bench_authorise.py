"""How long MediaMTX waits for our answer when somebody wants to publish or watch: it takes nobody else meanwhile."""

import base64
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bench.database import use_test_database
from bench.report import Report, describe_machine
from cameras.models import Camera, MediaServer
from cities.models import City, Membership, Role, User
from cities.scope import every_city
from streams.access.passwords import publish_password
from streams.access.services import give_live_token
from tests.real import find_free_ports, wait_until
from vms.launcher.plan import WEB_MEMORY, WEB_THREADS

GOAL_MS = 5.0
CAMERAS, QUESTIONS = 10_000, 500


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    count = QUESTIONS // 5 if quick else QUESTIONS
    machine = describe_machine()
    with use_test_database() as postgres:
        cases = _make_questions(count)
        with _web() as port:
            for questions in cases.values():
                _ask_all(port, questions[:50])
            taken = {name: _ask_all(port, questions) for name, questions in cases.items()}
    text = _write(taken, f"{CAMERAS:,} cameras, {count} questions each. {machine}, Postgres {postgres}.")
    return Report(text, met=quick or all(_p99(times) <= GOAL_MS for times in taken.values()))


def _make_questions(count: int) -> dict[str, list[bytes]]:
    """Give questions about `count` different cameras: all with the answer yes, and some with no."""
    city = City.objects.create(name="Bench")
    server = MediaServer.objects.create(name="bench")
    user = User.objects.create_user("bench")
    with every_city("the benchmark's only city"):
        Membership.objects.create(user=user, city=city, role=Role.VIEWER)
        cameras = [Camera(city=city, media_server=server, name=f"camera {number}") for number in range(CAMERAS)]
        Camera.objects.bulk_create(cameras, batch_size=1_000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE cameras_camera")
    chosen, now = cameras[:: CAMERAS // count], timezone.now() + timedelta(minutes=5)
    return {
        "watch with a token": [
            _write_question("read", camera, query=f"token={give_live_token(camera, user, now=now)}")
            for camera in chosen
        ],
        "watch without a token (nothing is asked of the database)": [
            _write_question("read", camera) for camera in chosen
        ],
        "publish with a camera's password": [
            _write_question("publish", camera, user="camera-1", password=publish_password(camera.pk, 1))
            for camera in chosen
        ],
    }


def _write_question(action: str, camera: Camera, **said: str) -> bytes:
    return json.dumps(
        {"action": action, "path": camera.stream_id, "ip": "10.0.0.1", "protocol": "rtsp", **said}
    ).encode()


@contextmanager
def _web() -> Generator[int, None, None]:
    """Run the web server as `make run` does, on this benchmark's database; give its port."""
    [port] = find_free_ports(1)
    parts = urlsplit(settings.DATABASE_URL)
    environ = {
        **WEB_MEMORY,
        **os.environ,
        "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
        "DJANGO_SETTINGS_MODULE": "vms.settings",
        "VMS_MEDIA_SECRET": settings.VMS_MEDIA_SECRET,
        "VMS_SECRET_KEY": settings.SECRET_KEY,
        "VMS_LOG_LEVEL": "WARNING",
    }
    options = ["--worker-class", "gthread", "--workers", "1", "--threads", str(WEB_THREADS)]
    argv = [sys.executable, "-m", "gunicorn", "vms.wsgi:application", *options, "--no-control-socket"]
    argv += ["--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as web:
        try:
            wait_until(lambda: _answers(port), "web answers", 60)
            yield port
        finally:
            web.terminate()


def _answers(port: int) -> bool:
    try:
        return _ask(port, b"{}") == http.client.BAD_REQUEST
    except OSError:
        return False


def _ask_all(port: int, questions: list[bytes]) -> list[float]:
    """Ask one after another, as MediaMTX does; give the seconds each answer took."""
    taken = []
    for question in questions:
        began = time.perf_counter()
        status = _ask(port, question)
        taken.append(time.perf_counter() - began)
        assert status in {http.client.NO_CONTENT, http.client.UNAUTHORIZED}, status
    return taken


def _ask(port: int, question: bytes) -> int:
    """Ask over a new connection: MediaMTX keeps none."""
    secret = base64.b64encode(f"mediamtx:{settings.VMS_MEDIA_SECRET}".encode()).decode()
    connection_ = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection_.request("POST", "/media/authorise", question, {"Authorization": f"Basic {secret}"})
        return connection_.getresponse().status
    finally:
        connection_.close()


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98] * 1e3


def _write(taken: dict[str, list[float]], machine: str) -> str:
    lines = ["| question, over HTTP, each on a new connection | median ms | p99 ms | worst ms |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {statistics.median(times) * 1e3:.1f} | {_p99(times):.1f} | {max(times) * 1e3:.1f} |"
        for name, times in taken.items()
    ]
    met = all(_p99(times) <= GOAL_MS for times in taken.values())
    return "\n".join([*lines, "", f"- p99, goal ≤ {GOAL_MS:.0f} ms: {'met' if met else 'missed'}", "", machine])
