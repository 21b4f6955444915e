"""The list of cameras and the status page as people meet them: two languages, phone and desk, light and dark."""

from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cameras.models import Camera, MediaServer
from cities.scope import city_scope, every_city
from inventory import working
from inventory.models import Errand
from observers.models import Alarm
from observers.services import note_heartbeat
from observers.status import stream
from recording.models import Forecast, Gap, RecordingSession, Storage
from tests.browser.conftest import shoot, show_online
from tests.real import RunningMediaMTX, get_mediamtx_binary, publish, run_mediamtx, wait_until
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DARK = {"color_scheme": "dark"}
BRAZIL = {"locale": "pt-BR"}


@pytest.fixture
def city(world: World) -> World:
    """A city with a day behind it: gaps, an alarm, a disk that is too small."""
    now = timezone.now()
    note_heartbeat(now=now)
    MediaServer.objects.filter(pk=world.server.pk).update(snapshot_at=now, version="v1.20.1", started=now)
    Storage.objects.create(media_server=world.server, total_bytes=2 * 10**12, free_bytes=3 * 10**11, measured_at=now)
    places = [("Praça da Sé — entrada norte", "Centro"), ("Viaduto do Chá", "Vale do Anhangabaú, poste 14")]
    places += [("Terminal Bandeira, plataforma 3", "Bela Vista"), ("Ponte Estaiada", ""), ("Largo São Bento", "Centro")]
    with city_scope(world.city.pk):
        cameras = [
            Camera.objects.create(
                city=world.city, media_server=world.server, name=name, location=place, source_url="rtsp://10.0.0.7/live"
            )
            for name, place in places
        ]
        for number, camera in enumerate(cameras[:4]):
            own: dict[str, Any] = {"camera": camera, "city_id": world.city.pk}
            begun = now - timedelta(hours=30 if number < 3 else 9)
            RecordingSession.objects.create(**own, stream_id=camera.stream_id, started_at=begun)
            Camera.objects.filter(pk=camera.pk).update(recording_enabled=True, last_seen_at=now)
            for gap in range(number):
                start = now - timedelta(hours=4 + 5 * gap)
                end = start + timedelta(minutes=37 * number)
                Gap.objects.create(**own, start=start, end=end, cause="camera_offline" if gap else "deleted")
        show_online(cameras[0], cameras[2], cameras[4])
        alarm = {"opened_at": now - timedelta(minutes=25), "last_seen_at": now}
        since = f'{{"since": "{now - timedelta(minutes=25):%Y-%m-%dT%H:%M:%S+00:00}"}}'
        Alarm.objects.create(camera=cameras[1], city=world.city, kind="camera_offline", detail=since, **alarm)
        short = '{"yields": 11.2, "promised": 30}'
        Alarm.objects.create(media_server=world.server, city=world.city, kind="disk_forecast", detail=short, **alarm)
        sizes = {"bytes_per_day": 86 * 10**9, "footage_bytes": 9 * 10**11, "held_bytes": 10**9, "room_bytes": 10**12}
        Forecast.objects.create(
            city=world.city, media_server=world.server, yields_days=11.2, promised_days=30, measured_at=now, **sizes
        )
    return world


def test_the_list_on_desk_and_phone(city: World, open_as: OpenAs) -> None:
    page = open_as(city.owner, "/cameras", **DESK)
    expect(page.locator("tr[data-camera]")).to_have_count(6)
    shoot(page, "cameras-desk")
    shoot(open_as(city.owner, "/cameras", **DESK, **BRAZIL, **DARK), "cameras-desk-pt-dark")
    phone = open_as(city.owner, "/cameras", **PHONE, **BRAZIL)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(phone, "cameras-phone-pt")


def test_recording_is_switched_without_a_reload(city: World, open_as: OpenAs) -> None:
    page = open_as(city.operator, "/cameras", **DESK)
    page.evaluate("window.stays = true")
    row = page.locator("tr[data-camera]", has_text="Market square")
    row.get_by_role("switch").click()
    expect(row.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    expect(row.locator("[data-recording-text]")).to_contain_text("Recording on")
    assert page.evaluate("window.stays") is True
    show_online(city.camera)
    expect(row.locator("[data-state-text]")).to_have_text("Online")


def test_several_are_switched_and_taken_back(city: World, open_as: OpenAs) -> None:
    page = open_as(city.operator, "/cameras", **DESK)
    page.get_by_label("All on this page").check()
    expect(page.locator("[data-chosen]")).to_have_text("6 chosen")
    page.get_by_role("button", name="Switch recording on").click()
    expect(page.get_by_role("status")).to_contain_text("2 cameras were switched.")
    shoot(page, "cameras-switched")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Taken back")


def test_a_table_is_imported(city: World, open_as: OpenAs) -> None:
    page = open_as(city.owner, "/cameras/import", **DESK)
    shoot(page, "import")
    table = "name,location,source_url,password\nNew gate,North,rtsp://10.0.0.8/live,sesame\nLargo São Bento,Metrô,,\n"
    page.locator("#file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": table.encode()})
    expect(page.locator("#table")).to_have_value(table)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This would change")
    shoot(page, "import-diff")
    page.get_by_role("button", name="Import exactly this").click()
    expect(page.get_by_role("status").first).to_contain_text("2 cameras were imported.")
    page = open_as(city.owner, "/cameras/import", **DESK, **BRAZIL)
    page.locator("#table").fill("name,source_url\n,rtsp://10.0.0.8/\nPortão,ftp://10.0.0.9/")
    page.locator("form.panel button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    shoot(page, "import-mistakes-pt")


def play_worker(city: World) -> None:
    """Do what a worker would, once something is ordered."""
    with city_scope(city.city.pk):
        waiting = Errand.objects.filter(done_at=None).values_list("pk", flat=True)
        wait_until(waiting.all().exists, "an errand is there")
        for pk in list(waiting):
            working.run_errand(pk, now=timezone.now())


@pytest.fixture
def street(tmp_path: Path) -> Generator[RunningMediaMTX, None, None]:
    """A MediaMTX that stands for a camera on this machine."""
    with run_mediamtx(get_mediamtx_binary(), tmp_path) as running, publish(running.rtsp_port, "gate"):
        yield running


def test_the_connection_is_tested_before_a_camera_is_added(
    city: World, street: RunningMediaMTX, open_as: OpenAs
) -> None:
    city.city.camera_networks = ["127.0.0.0/8"]
    city.city.save()
    page = open_as(city.owner, "/cameras/new", **DESK)
    page.get_by_label("Name", exact=True).fill("North gate")
    page.get_by_label("Address", exact=True).fill("rtsp://127.0.0.1:9/live")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.locator("[data-said]")).to_contain_text("Looking at the camera")
    play_worker(city)
    expect(page.locator("[data-said]")).to_contain_text("refused the connection")
    shoot(page, "add-camera-refused")
    page.get_by_label("Address", exact=True).fill(f"rtsp://127.0.0.1:{street.rtsp_port}/gate")
    page.get_by_role("button", name="Test the connection").click()
    play_worker(city)
    expect(page.locator("[data-said]")).to_contain_text("The camera answers")
    expect(page.locator("[data-fact=codec]")).to_contain_text("H264")
    assert page.locator("[data-picture] img").evaluate("image => image.naturalWidth") > 100
    shoot(page, "add-camera-answers")
    page.get_by_role("button", name="Add the camera").click()
    expect(page.get_by_role("status").first).to_contain_text("North gate was added.")


def test_the_status_page_follows_what_happens(city: World, open_as: OpenAs) -> None:
    page = open_as(city.owner, "/status", **DESK)
    expect(page.locator("[data-listening]")).to_have_text("Live")
    expect(page.locator(".alarm")).to_have_count(2)
    shoot(page, "status-desk")
    page.evaluate("window.stays = true")
    with every_city("a test plays the observer"):
        Alarm.objects.all().update(closed_at=timezone.now())
    note_heartbeat(now=timezone.now())
    expect(page.locator("[data-section=alarms]")).to_contain_text("No alarm is open.")
    assert page.evaluate("window.stays") is True


def test_the_planned_end_of_a_stream_is_no_lost_connection(
    city: World, open_as: OpenAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LONGEST_SECONDS", 1.0)
    page = open_as(city.viewer, "/login/", **DESK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/status/events" in request.url else None)
    page.goto("/status")
    listening = page.locator("[data-listening]")
    expect(listening).to_have_text("Live")
    listening.evaluate(
        "element => { window.said = [];"
        " new MutationObserver(() => window.said.push(element.textContent)).observe(element, { childList: true }); }"
    )
    with every_city("a test plays the observer"):
        Alarm.objects.all().update(closed_at=timezone.now())
    wait_until(lambda: page.evaluate("1") == 1 and len(asked) >= 3, "the page listened three times", 20)
    expect(page.locator("[data-section=alarms]")).to_contain_text("No alarm is open.")
    assert page.evaluate("window.said") == []


def test_the_status_page_in_portuguese_on_a_phone_and_in_the_dark(city: World, open_as: OpenAs) -> None:
    page = open_as(city.viewer, "/status", **PHONE, **BRAZIL, **DARK)
    expect(page.locator(".alarm")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "status-phone-pt-dark")


def test_without_events_the_page_asks_from_time_to_time(city: World, open_as: OpenAs) -> None:
    page = open_as(city.viewer, "/login/", **DESK)
    page.route("**/status/events*", lambda route: route.fulfill(status=503, body="{}"))
    page.goto("/status")
    expect(page.locator("[data-listening]")).to_have_text("Asked every ten seconds")


def test_the_list_says_what_is_removed_and_that_it_has_no_connection(city: World, open_as: OpenAs) -> None:
    page = open_as(city.operator, "/cameras", **DESK)
    row = page.locator(f"tr[data-camera='{city.camera.pk}']")
    expect(row.locator("[data-state-text]")).to_contain_text("Offline")
    with every_city("a test removes a camera"):
        Camera.objects.filter(pk=city.camera.pk).update(removed_at=timezone.now())
    expect(row.locator("[data-state-text]")).to_have_text("Removed from the city")
    expect(row.get_by_role("switch")).to_be_hidden()
    page.route("**/wall/states*", lambda route: route.abort())
    expect(page.locator("[data-connection]")).to_contain_text("No connection to the VMS since")
    page.unroute("**/wall/states*")
    expect(page.locator("[data-connection]")).to_be_hidden()
    page.context.clear_cookies()
    expect(page.locator("[data-connection]")).to_have_text("You are signed out. Reload the page and sign in again.")
