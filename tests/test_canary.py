"""Secrets that must be found nowhere: cameras with canaries in their addresses go through everything that there is.

Searched are every answer and page, every log file, every key of Redis, every row of Postgres, and command lines and
environments of the programs that the ingest starts; as written, in base64 and in hexadecimal.
"""

import base64
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from redis import Redis

from cameras.models import Camera
from cities.models import City
from cities.scope import every_city
from recording.services import switch_recording
from streams.models import Stream, StreamState
from streams.services import wish_stream
from tests.cities.test_admin import staff
from tests.real import RunningMediaMTX, find_free_ports, publish, run_program, wait_until
from tests.world import NOW, ApiClient, World
from vms.hiding import HidingFormatter

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

# Backwards, because an error report quotes the code around, and that must not be what is found.
PASSWORD, WRONG, USER, TOKEN = (
    text[::-1] for text in ("4f8c2d-yranaC", "7b1e9a-yranaC", "3c5d7e-yranaC", "9e2a4b-yranaC")
)
CANARIES = (PASSWORD, WRONG, USER, TOKEN)
CAMERAS, ADMIN = "/api/v1/cameras", "/admin/cameras/camera/"


def disguises(canary: str) -> list[str]:
    """Give the ways in which a canary may stand in a text: plain, in hexadecimal, and in base64 wherever it begins."""
    raw = canary.encode()
    in_base64 = [base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] + 2 : -4].decode() for shift in range(3)]
    return [canary, raw.hex(), *in_base64]


@dataclass
class Search:
    """Everything the system wrote, by where."""

    texts: dict[str, str] = field(default_factory=dict)

    def add(self, where: str, text: str | bytes) -> None:
        known = self.texts.get(where, "")
        self.texts[where] = known + (text.decode("utf-8", errors="replace") if isinstance(text, bytes) else text)

    def add_files(self, *files: Path) -> None:
        for file in files:
            self.add(str(file), file.read_bytes())

    def add_redis(self) -> None:
        redis = Redis.from_url(settings.REDIS_URL)
        readers = {
            b"string": redis.get,
            b"list": lambda key: redis.lrange(key, 0, -1),
            b"hash": redis.hgetall,
            b"set": redis.smembers,
            b"zset": lambda key: redis.zrange(key, 0, -1),
        }
        for key in redis.scan_iter():
            self.add("Redis", f"{key!r} {readers[redis.type(key)](key)!r}\n")  # type: ignore[index]  # never a coroutine here

    def add_postgres(self) -> None:
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT row_to_json(each)::text FROM "{table}" each')  # noqa: S608 -- a name that Postgres gave
                self.add(f"table {table}", "\n".join(row[0] for row in cursor.fetchall()))

    def add_processes(self, parent: int) -> None:
        for process in [psutil.Process(parent), *psutil.Process(parent).children(recursive=True)]:
            try:
                self.add("processes", f"{process.cmdline()} {process.environ()}\n")
            except psutil.Error:
                continue

    def find(self) -> list[tuple[str, str]]:
        """Give (where, which canary) of every finding."""
        return [
            (where, canary)
            for where, text in self.texts.items()
            for canary in CANARIES
            if any(disguise.lower() in text.lower() for disguise in disguises(canary))
        ]


@dataclass
class Site:
    """A camera behind a password on the street, our MediaMTX, one ingest, and this process's log as it is written."""

    world: World
    port: int
    ours: RunningMediaMTX
    log: Path
    ingest: subprocess.Popen[bytes]
    ingest_log: Path

    def url(self, password: str) -> str:
        return f"rtsp://{USER}:{password}@127.0.0.1:{self.port}/cam?token={TOKEN}"


@pytest.fixture
def site(world: World, real_mediamtx: RunningMediaMTX, mediamtx_binary: Path, tmp_path: Path) -> Iterator[Site]:
    [port] = find_free_ports(1)
    world.server.rtsp_url = real_mediamtx.rtsp_url
    world.server.save()
    City.objects.update(camera_networks=["127.0.0.0/8"])
    with ExitStack() as ends:
        start_street(port, mediamtx_binary, tmp_path, ends)
        log = tmp_path / "web.log"
        ends.enter_context(logging_to(log))
        ingest_log = tmp_path / "ingest.log"
        yield Site(world, port, real_mediamtx, log, start_ingest(ingest_log, ends), ingest_log)


def start_street(port: int, binary: Path, folder: Path, ends: ExitStack) -> None:
    publisher = "{user: any, permissions: [{action: publish}]}"
    reader = f"{{user: {USER}, pass: {PASSWORD}, permissions: [{{action: read}}]}}"
    off = "".join(f"{server}: no\n" for server in ("rtmp", "hls", "webrtc", "srt", "moq"))
    config, log = folder / "street.yml", folder / "street.log"
    config.write_text(
        f"rtspAddress: 127.0.0.1:{port}\nrtspTransports: [tcp]\n{off}"
        f"authInternalUsers: [{publisher}, {reader}]\npaths: {{all_others: }}\n"
    )
    ends.enter_context(run_program([binary, config], ends.enter_context(log.open("wb")), {}))
    wait_until(lambda: "listeners on" in log.read_text(), "the street listens")


def start_ingest(log: Path, ends: ExitStack) -> subprocess.Popen[bytes]:
    database = urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}"))
    environ = {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "vms.settings", "VMS_LOG_LEVEL": "DEBUG"}
    argv: list[str | Path] = [sys.executable, settings.BASE_DIR / "manage.py", "ingest", "--name", "canary"]
    return ends.enter_context(run_program(argv, ends.enter_context(log.open("wb")), environ))


class logging_to:  # noqa: N801 -- used like a function
    """Have this process's log written to a file as production writes it, everything of it."""

    def __init__(self, file: Path) -> None:
        # As the settings format whatever runs in production.
        (console,) = [each for each in logging.getLogger().handlers if isinstance(each.formatter, HidingFormatter)]
        self.handler = logging.FileHandler(file)
        self.handler.setFormatter(console.formatter)

    def __enter__(self) -> None:
        self.level, root = logging.getLogger().level, logging.getLogger()
        root.addHandler(self.handler)
        root.setLevel(logging.DEBUG)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.handler)
        logging.getLogger().setLevel(self.level)
        self.handler.close()


def use_api(site: Site, search: Search) -> list[str]:
    """Add a camera that accepts and one that refuses, read and change them; give their ids."""
    client = ApiClient(site.world.owner, site.world.city)
    ids = []
    for name, password in (("accepts", PASSWORD), ("refuses", WRONG)):
        answer = client.send("POST", CAMERAS, {"name": name, "source_url": site.url(password)})
        assert answer.status_code == 201, answer.content
        search.add("API", answer.content)
        ids.append(answer.json()["id"])
    address, page = f"{CAMERAS}/{ids[0]}", {"Accept": "text/html"}
    bad = {"name": "x" * 200, "source_url": site.url(PASSWORD)}
    for answer in (
        client.get(CAMERAS),
        client.get(address),
        client.send("PATCH", address, {"location": "North"}),
        client.send("PUT", address, {"name": "accepts", "source_url": site.url(PASSWORD)}),
        client.send("POST", CAMERAS, bad),
        client.send("POST", CAMERAS, {"name": "y", "source_url": f"{site.url(PASSWORD)}#"}),
        client.send("POST", CAMERAS, {"name": "y", "source_url": f"file://{USER}:{PASSWORD}@x/?token={TOKEN}"}),
        client.generic("POST", CAMERAS, f'{{"source_url": "{site.url(PASSWORD)}', "application/json"),
        client.get(address, headers=page),
        client.post(CAMERAS, bad, headers=page),
        client.get("/api/v1/streams"),
        client.get("/health"),
    ):
        search.add("API", answer.content)
    return ids


def use_admin(site: Site, search: Search, camera_id: str) -> None:
    client, form = staff(site.world.owner), {"name": "accepts", "location": "", "city": str(site.world.city.pk)}
    change = f"{ADMIN}{camera_id}/change/"
    good = client.post(change, form | {"source_url": site.url(PASSWORD)})
    assert good.status_code == 302
    refused = client.post(change, form | {"name": "", "source_url": site.url(PASSWORD)})
    assert refused.status_code == 200
    for answer in (
        good,
        refused,
        client.post(change, form | {"source_url": f"{site.url(PASSWORD)}#x"}),
        client.get(change),
        client.get(ADMIN),
        client.get(f"{ADMIN}{camera_id}/history/"),
        client.get("/admin/"),
        client.get("/"),
    ):
        search.add("admin", answer.content)


def break_everything(site: Site, search: Search, monkeypatch: pytest.MonkeyPatch, camera_id: str) -> None:
    """Fail in the middle of saving an address, by the API and by the admin, for everybody and for a developer."""

    def fail(camera: Camera, fields: Any) -> None:
        raise RuntimeError(f"forced, while saving {site.url(PASSWORD)}")

    with monkeypatch.context() as broken:
        broken.setattr("cameras.services._save_camera", fail)
        for debug in (False, True):
            broken.setattr(settings, "DEBUG", debug)
            api = ApiClient(site.world.owner, site.world.city)
            admin: Client = staff(site.world.owner)
            api.raise_request_exception = admin.raise_request_exception = False
            form = {"name": "accepts", "location": "", "source_url": f"{site.url(PASSWORD)}&x=1"}
            for answer in (
                api.send("PATCH", f"{CAMERAS}/{camera_id}", form),
                api.post(CAMERAS, form, headers={"Accept": "text/html"}),
                admin.post(f"{ADMIN}{camera_id}/change/", form),
            ):
                assert answer.status_code == 500
                search.add(f"failure with DEBUG={debug}", answer.content)


def gather(site: Site, search: Search) -> None:
    services = [file for file in settings.VMS_DATA.rglob("*.log") if file.is_file()]
    search.add_files(site.log, site.ingest_log, site.ours.log, site.ours.config, *services)
    search.add_redis()
    search.add_postgres()


def test_a_cameras_secrets_are_found_nowhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search()
    ids = use_api(site, search)
    use_admin(site, search, ids[0])
    with every_city("a test looks at all rows"):
        cameras = [Camera.objects.get(pk=key) for key in ids]
        for camera in cameras:
            wish_stream(camera, now=NOW)
            switch_recording(camera, on=True, by=site.world.owner, now=NOW)

        def went_as_it_should() -> bool:
            search.add_processes(site.ingest.pid)
            accepted, refused = (Stream.objects.get(camera=camera) for camera in cameras)
            return accepted.state == StreamState.LIVE and refused.problem_kind == "unauthorized"

        with publish(site.port, "cam"):
            wait_until(went_as_it_should, "one picture is live, the other refused", 60)
    break_everything(site, search, monkeypatch, ids[0])
    use_api_again = ApiClient(site.world.owner, site.world.city).get("/api/v1/streams")
    search.add("API", use_api_again.content)
    gather(site, search)
    assert search.find() == []
    assert [
        where for where in ("API", "admin", "Redis", "processes", "table cameras_camera") if not search.texts.get(where)
    ] == []
    assert (
        "forced, while saving rtsp://***@" in search.texts[str(site.log)],
        "ffmpeg" in search.texts["processes"],
    ) == (True, True)


def test_the_search_finds_what_is_planted(world: World, tmp_path: Path) -> None:
    search, file = Search(), tmp_path / "some.log"
    file.write_text(f"pulling rtsp://x:{PASSWORD}@10.0.0.5\n")
    Redis.from_url(settings.REDIS_URL).rpush("tasks", base64.b64encode(f'{{"args": ["{WRONG}"]}}'.encode()))
    with every_city("a test sets the scene"):
        Camera.objects.filter(pk=world.camera.pk).update(location=f"behind {USER.encode().hex()}")
    child = subprocess.Popen([sys.executable, "-c", "input()", TOKEN], stdin=subprocess.PIPE, env={"SECRET": PASSWORD})
    wait_until(lambda: TOKEN in str(psutil.Process(child.pid).cmdline()), "the child is what it will be")
    search.add_processes(child.pid)
    child.communicate()
    search.add_files(file)
    search.add_redis()
    search.add_postgres()
    assert sorted(search.find()) == sorted(
        [
            (str(file), PASSWORD),
            ("Redis", WRONG),
            ("table cameras_camera", USER),
            ("processes", PASSWORD),
            ("processes", TOKEN),
        ]
    )


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_a_canary_is_found_in_base64_wherever_it_begins(before: str) -> None:
    search = Search({"somewhere": base64.b64encode(f"{before}{PASSWORD} and more".encode()).decode()})
    assert search.find() == [("somewhere", PASSWORD)]
