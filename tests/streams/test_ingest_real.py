"""`manage.py ingest` for real: real MediaMTX on both sides, real ffmpeg, real signals."""

import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cameras.models import Camera
from cities.models import City
from cities.scope import every_city
from mediamtx.client import MediaMTXClient
from mediamtx.config import render_street_config
from streams.access.tokens import LASTS, Action, read_token
from streams.models import Stream, StreamState
from streams.services import wish_stream
from tests.real import (
    RunningMediaMTX,
    answers,
    find_free_ports,
    get_mediamtx_binary,
    publish,
    run_mediamtx,
    run_program,
    wait_until,
)
from tests.world import NOW, World, give_source

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

PASSWORD = "geheim@7"
MANAGE = settings.BASE_DIR / "manage.py"
AUTHENTICATION = """
authMethod: internal
authInternalUsers:
  - {user: any, pass: "", ips: [], permissions: [{action: publish}]}
  - {user: operator, pass: "geheim@7", ips: [], permissions: [{action: read}]}
"""


@dataclass
class Ingest:
    """One ingest process and what it wrote."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def programs(self) -> list[psutil.Process]:
        """Its ffmpegs."""
        return psutil.Process(self.process.pid).children()


@dataclass
class Site:
    """A street of cameras behind a password, our MediaMTX, and as many ingests as wanted."""

    world: World
    street_port: int
    ours: RunningMediaMTX
    folder: Path
    ends: ExitStack

    def add(self, path: str, *, password: str = PASSWORD) -> Camera:
        camera = Camera(city=self.world.city, media_server=self.world.server, name=path)
        give_source(camera, self.url(path, password))
        wish_stream(camera, now=NOW)
        return camera

    def url(self, path: str, password: str = PASSWORD) -> str:
        return f"rtsp://operator:{quote(password)}@127.0.0.1:{self.street_port}/{path}"

    def start_ingest(self, name: str, *, stall: int = 15, lease: int = 15) -> Ingest:
        log = self.folder / f"{name}.log"
        parts = urlsplit(settings.DATABASE_URL)
        environ = {
            "DATABASE_URL": urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")),
            "DJANGO_SETTINGS_MODULE": "vms.settings",
            "VMS_INGEST_STALL_SECONDS": str(stall),
            "VMS_INGEST_LEASE_SECONDS": str(lease),
        }
        output = self.ends.enter_context(log.open("wb"))
        argv: list[str | Path] = [sys.executable, MANAGE, "ingest", "--name", name]
        return Ingest(self.ends.enter_context(run_program(argv, output, environ)), log)


@pytest.fixture
def site(world: World, real_mediamtx: RunningMediaMTX, mediamtx_binary: Path, tmp_path: Path) -> Iterator[Site]:
    [port] = find_free_ports(1)
    config, log = tmp_path / "street.yml", tmp_path / "street.log"
    config.write_text(render_street_config(rtsp_address=f"127.0.0.1:{port}") + AUTHENTICATION)
    use_media_server(world, real_mediamtx)
    City.objects.update(camera_networks=["127.0.0.0/8"])
    with every_city("the ingest spans the cities"), ExitStack() as ends:
        ends.enter_context(run_program([mediamtx_binary, config], ends.enter_context(log.open("wb")), {}))
        wait_until(lambda: listens(port), "the street listens")
        yield Site(world, port, real_mediamtx, tmp_path, ends)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def use_media_server(world: World, running: RunningMediaMTX) -> None:
    world.server.rtsp_url = running.rtsp_url
    world.server.save()


def row(camera: Camera) -> Stream:
    return Stream.objects.get(camera=camera)


def is_live(camera: Camera) -> bool:
    return row(camera).state == StreamState.LIVE


def wait_for_kind(camera: Camera, kind: str, seconds: float) -> None:
    wait_until(lambda: row(camera).problem_kind == kind, f"{kind}, not {row(camera).problem_kind}", seconds)


def has_picture(client: MediaMTXClient, camera: Camera) -> bool:
    return camera.stream_id in client.list_paths().online_names


def carriers_of(camera: Camera) -> list[int]:
    """Give the processes on this machine that publish this camera's picture."""
    return [process.pid for process in psutil.process_iter() if camera.stream_id in " ".join(read_arguments(process))]


def read_arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_cameras_picture_arrives_breaks_and_comes_back(site: Site) -> None:
    camera, ingest = site.add("cam-1"), site.start_ingest("only")
    with publish(site.street_port, "cam-1"):
        wait_until(lambda: is_live(camera), "the picture is live")
        wait_until(lambda: has_picture(site.ours.client, camera), "MediaMTX has the picture")
        arguments = [argument for process in psutil.process_iter() for argument in read_arguments(process)]
        assert [argument for argument in arguments if "geheim" in argument] == []
    wait_until(lambda: row(camera).state == StreamState.RETRYING, "the break is noticed")
    assert row(camera).problem != ""
    with publish(site.street_port, "cam-1"):
        wait_until(lambda: is_live(camera), "the picture is back")
    assert "geheim" not in ingest.log.read_text()


def test_our_ingest_shows_a_token_where_the_media_server_asks(site: Site, live_server: Any) -> None:
    door = live_server.url.replace("http://", f"http://mediamtx:{settings.VMS_MEDIA_SECRET}@") + "/media/authorise"
    folder = site.folder / "asking"
    folder.mkdir()
    camera = site.add("cam-1")
    with run_mediamtx(get_mediamtx_binary(), folder, authorise_at=door) as asking, publish(site.street_port, "cam-1"):
        use_media_server(site.world, asking)
        ingest = site.start_ingest("only")
        wait_until(lambda: is_live(camera), "the picture is live")
        wait_until(lambda: has_picture(asking.client, camera), "MediaMTX has the picture")
        [shown] = [argument for argument in read_arguments(ingest.programs[0]) if "token=" in argument]
        assert "token=" not in ingest.log.read_text()
        # A minute later it opens nothing any more, and the picture goes on all the same.
        grant = read_token(shown.partition("token=")[2])
        assert grant is not None
        assert grant.expires_at - timezone.now() <= LASTS[Action.PUBLISH]


def test_a_wrong_password_is_named_in_words(site: Site) -> None:
    camera, ingest = site.add("cam-1", password="wrong%pass"), site.start_ingest("only")
    with publish(site.street_port, "cam-1"):
        wait_for_kind(camera, "unauthorized", 20)
        assert "password" in row(camera).problem
        give_source(camera, site.url("cam-1"))
        wait_until(lambda: is_live(camera), "the right password is tried at once", 8)
    log = ingest.log.read_text()
    assert ("wrong%" in log, "wrong%25" in log, " ERROR " in log) == (False, False, False)


def test_a_camera_that_redirects_into_our_own_media_server_is_ended(site: Site) -> None:
    """No ffmpeg can be told not to follow RTSP's redirects; the look at its connections ends it."""
    foreign = site.world.foreign_camera
    with (
        publish(site.ours.rtsp_port, foreign.stream_id),
        redirect_rtsp(f"{site.ours.rtsp_url}/{foreign.stream_id}") as hostile,
    ):
        wait_until(lambda: has_picture(site.ours.client, foreign), "the foreign picture is there")
        camera = Camera(city=site.world.city, media_server=site.world.server, name="hostile")
        give_source(camera, f"rtsp://127.0.0.1:{hostile}/cam")
        wish_stream(camera, now=NOW)
        ingest = site.start_ingest("only")
        wait_for_kind(camera, "address_refused", 30)
        wait_until(lambda: ingest.programs == [], "nothing is carried", 5)


@contextmanager
def redirect_rtsp(target: str) -> Iterator[int]:
    """Stand for a camera that answers every request by a redirect; give its port."""

    class Redirector(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: {target}\r\n\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Redirector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_frozen_source_is_stalled(site: Site) -> None:
    camera = site.add("cam-1")
    site.start_ingest("only", stall=3)
    with publish(site.street_port, "cam-1") as source:
        wait_until(lambda: is_live(camera), "the picture is live")
        source.send_signal(signal.SIGSTOP)
        wait_for_kind(camera, "stalled", 9)
        source.send_signal(signal.SIGCONT)


def test_a_killed_ingest_is_taken_over_and_leaves_no_ffmpeg(site: Site) -> None:
    cameras = [site.add("cam-1"), site.add("cam-2")]
    first = site.start_ingest("first")
    with publish(site.street_port, "cam-1"), publish(site.street_port, "cam-2"):
        wait_until(lambda: all(is_live(camera) for camera in cameras), "both are live")
        second = site.start_ingest("second")
        orphans = [program.pid for program in first.programs]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in orphans), "no orphan is left", 3)
        wait_until(lambda: all(taken_over(camera) for camera in cameras), "both are taken over", 30)
        assert [len(carriers_of(camera)) for camera in cameras] == [1, 1]
        assert all(has_picture(site.ours.client, camera) for camera in cameras)
        assert len(second.programs) == 2


def taken_over(camera: Camera) -> bool:
    return is_live(camera) and row(camera).lease_owner.startswith("second#")


def test_a_stopped_ingest_gives_back_at_once_and_exits_well(site: Site) -> None:
    camera, ingest = site.add("cam-1"), site.start_ingest("only")
    with publish(site.street_port, "cam-1"):
        wait_until(lambda: is_live(camera), "the picture is live")
        ingest.process.send_signal(signal.SIGTERM)
        assert ingest.process.wait(6) == 0
    assert (row(camera).lease_owner, row(camera).state) == ("", StreamState.STOPPED)
    assert carriers_of(camera) == []
    assert "Traceback" not in ingest.log.read_text()


def test_everything_is_back_after_mediamtx_was_killed(site: Site, mediamtx_binary: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    with run_mediamtx(mediamtx_binary, folder) as killed:
        use_media_server(site.world, killed)
        cameras = [site.add(f"cam-{number}") for number in (1, 2, 3)]
        site.start_ingest("only")
        with publish(site.street_port, "cam-1"), publish(site.street_port, "cam-2"), publish(site.street_port, "cam-3"):
            wait_until(lambda: all(is_live(camera) for camera in cameras), "all are live")
            killed.process.send_signal(signal.SIGKILL)
            for camera in cameras:
                wait_for_kind(camera, "media_server", 10)
            assert {row(camera).failures for camera in cameras} == {0}
            with restarted(mediamtx_binary, killed) as back:
                wait_until(lambda: all(has_picture(back.client, camera) for camera in cameras), "all are back", 30)


@contextmanager
def restarted(binary: Path, dead: RunningMediaMTX) -> Iterator[RunningMediaMTX]:
    """Start a dead MediaMTX again, on the same ports."""
    with dead.log.open("ab") as output, run_program([binary, dead.config], output, {"TZ": "UTC"}) as process:
        client = MediaMTXClient(dead.api_url)
        wait_until(lambda: answers(client), "MediaMTX answers again")
        yield replace(dead, process=process, client=client)
