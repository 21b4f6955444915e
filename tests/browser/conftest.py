"""A real Chromium before a live server: the pages as people meet them. Screenshots go to screenshots/."""

import os
import shutil
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from cameras.models import Camera, MediaServer
from cities.models import Membership, Role, User
from cities.scope import every_city
from mediamtx.player import install_player
from mediamtx.workshop import find_cache_dir
from observers.status import stream
from streams.access.passwords import publish_password, publish_username
from tests.real import RunningMediaMTX, get_mediamtx_binary, publish, run_mediamtx
from tests.world import World, make_world

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=20_000)


class Requests:
    """How many requests the live server has under way; a stream is one until it ends."""

    def __init__(self) -> None:
        self._under_way = 0
        self._changed = threading.Condition()

    def note_start(self, **_sent: object) -> None:
        """Count one more."""
        self._note(1)

    def note_end(self, **_sent: object) -> None:
        """Count one less."""
        self._note(-1)

    def wait_for_none(self, seconds: float) -> bool:
        """Wait until there is none; False where the time was not enough."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._under_way, seconds)

    def _note(self, by: int) -> None:
        if threading.current_thread() is not threading.main_thread():  # a test's own client asks in the main thread
            with self._changed:
                self._under_way += by
                self._changed.notify_all()


@pytest.fixture(scope="session")
def requests_under_way() -> Generator[Requests, None, None]:
    """Count the live server's requests."""
    requests = Requests()
    request_started.connect(requests.note_start)
    request_finished.connect(requests.note_end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "ROUND_SECONDS", 0.5)
        yield requests
    request_started.disconnect(requests.note_start)
    request_finished.disconnect(requests.note_end)


@pytest.fixture(autouse=True)
def _last_answers(transactional_db: None, requests_under_way: Requests) -> Generator[None, None, None]:
    """Let the last answers of closed pages be given before the tables are emptied; streams end with their session."""
    yield
    Session.objects.all().delete()
    assert requests_under_way.wait_for_none(60)


@pytest.fixture(scope="session", autouse=True)
def _let_django_work_beside_playwright() -> Generator[None, None, None]:
    """Playwright's synchronous interface runs an event loop in our thread, where Django refuses the database."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session", autouse=True)
def _player() -> None:
    """hls.js lies among the static files, as `make run` puts it."""
    install_player(
        settings.VMS_ASSETS / "vendor" / "hls.min.js",
        cache=find_cache_dir(os.environ),
        environ=os.environ,
        report=print,
    )


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser, None, None]:
    """Chromium at VMS_CHROMIUM, else on PATH."""
    program = os.environ.get("VMS_CHROMIUM") or shutil.which("chromium")
    assert program, "no Chromium: install Debian's chromium, or name one in VMS_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mediamtx(
    tmp_path_factory: pytest.TempPathFactory, live_server: "LiveServer"
) -> Generator[RunningMediaMTX, None, None]:
    """The real MediaMTX, which also serves the player and asks the live server who may publish and watch."""
    folder = tmp_path_factory.mktemp("mediamtx")
    with run_mediamtx(get_mediamtx_binary(), folder, authorise_at=door_of(live_server)) as running:
        yield running


@pytest.fixture
def world(transactional_db: None) -> World:
    """The world of every test, committed, so that the live server sees it."""
    return make_world()


@pytest.fixture
def streaming(world: World, mediamtx: RunningMediaMTX) -> Generator[World, None, None]:
    """The world with its camera really publishing to the real MediaMTX."""
    show_server(world, mediamtx)
    with publish(mediamtx.rtsp_port, world.camera.stream_id, credentials=credentials_of(world.camera)):
        show_online(world.camera)
        yield world


@pytest.fixture
def open_as(
    chromium: Browser, live_server: "LiveServer", request: pytest.FixtureRequest
) -> Generator[Callable[..., Page], None, None]:
    """Open a page in a fresh browser, signed in as somebody; at the end no page may have broken its own rules."""
    contexts: list[BrowserContext] = []
    violations: list[str] = []

    def open_page(user: User | None, path: str = "/", **options: object) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)  # type: ignore[arg-type]  # Playwright's own options
        contexts.append(context)
        if user:
            context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": live_server.url}])
        page = context.new_page()
        page.on(
            "console", lambda line: violations.append(line.text) if "Content Security Policy" in line.text else None
        )
        page.on("pageerror", lambda error: violations.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert violations == []


def door_of(live_server: "LiveServer") -> str:
    """Give where MediaMTX asks the live server who may publish and watch."""
    return live_server.url.replace("http://", f"http://mediamtx:{settings.VMS_MEDIA_SECRET}@") + "/media/authorise"


def credentials_of(camera: Camera) -> str:
    """Give what a camera publishes with, as it stands in an address."""
    return f"{publish_username(camera.publish_number)}:{publish_password(camera.pk, camera.publish_number)}"


class LiveServer:
    """What pytest-django's fixture gives."""

    url: str


def session_of(user: User) -> str:
    """Sign somebody in without the form."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def show_online(*cameras: Camera, online: bool = True) -> None:
    """Note what the observer would."""
    with every_city("a test plays the observer"):
        Camera.objects.filter(pk__in=[camera.pk for camera in cameras]).update(is_online=online)


def show_server(world: World, mediamtx: RunningMediaMTX) -> None:
    """Have the world's cameras on the real MediaMTX."""
    addresses = {"public_hls_url": mediamtx.hls_url, "public_webrtc_url": mediamtx.webrtc_url}
    MediaServer.objects.filter(pk=world.server.pk).update(api_url=mediamtx.api_url, **addresses)


def make_staff(user: User, *, superuser: bool = False) -> User:
    """Let somebody into the administration."""
    user.is_staff, user.is_superuser = True, superuser
    user.save()
    return user


def add_member(user: User, world: World) -> None:
    """Give somebody a second city."""
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=user, city=world.other_city, role=Role.VIEWER)


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at."""
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)
