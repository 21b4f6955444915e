"""The wall of cameras as people meet it: real pictures, states, switches, two languages, phone and desk."""

import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta

import imageio_ffmpeg
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cameras.models import Camera, MediaServer
from cities.models import Membership
from cities.scope import every_city
from ffmpeg.failures import explain_failure
from streams.models import Stream, StreamState
from tests.browser.conftest import add_member, credentials_of, shoot, show_online, show_server
from tests.real import RunningMediaMTX, run_program, wait_until
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
DESK = {"viewport": {"width": 1440, "height": 900}}
PLAYS = "id => { const video = document.querySelector(`[data-camera='${id}'] video`); return video.currentTime > 1.5; }"


def card_of(page: Page, camera: Camera):
    return page.locator(f"[data-camera='{camera.pk}']")


def fill_city(world: World) -> dict[str, Camera]:
    """Cameras in every state; one on a media server that does not answer."""
    away = MediaServer.objects.create(
        name="north",
        api_url="http://127.0.0.1:1",
        rtsp_url="rtsp://127.0.0.1:1",
        public_rtsp_url="rtsp://127.0.0.1:1",
        public_hls_url="http://127.0.0.1:1",
        public_webrtc_url="http://127.0.0.1:1",
        recordings_root="/recordings",
        reach=MediaServer.Reach.UNREACHABLE,
        reach_changed_at=timezone.now() - timedelta(minutes=4),
    )
    now, made = timezone.now(), {}
    with every_city("a test's world spans the cities"):
        for name, place, server in [
            ("Praça da Sé — entrada norte", "Centro", world.server),
            ("Viaduto do Chá", "Vale do Anhangabaú, poste 14", world.server),
            ("Terminal Bandeira, plataforma 3", "Bela Vista", world.server),
            ("Ponte Estaiada", "Marginal Pinheiros", away),
        ]:
            made[name] = Camera.objects.create(
                city=world.city, media_server=server, name=name, location=place, source_url="rtsp://10.0.0.7/live"
            )
        Camera.objects.filter(pk=made["Viaduto do Chá"].pk).update(
            last_seen_at=now - timedelta(hours=3), recording_enabled=True
        )
        Stream.objects.create(
            camera=made["Viaduto do Chá"],
            city=world.city,
            wished_at=now,
            state=StreamState.RETRYING,
            problem=explain_failure("Connection refused", 1).text,
        )
    return made


def test_a_card_really_plays_and_says_so_when_the_camera_leaves_and_returns(streaming: World, open_as: OpenAs) -> None:
    page = open_as(streaming.operator, **DESK)
    page.wait_for_function(PLAYS, arg=str(streaming.camera.pk), timeout=40_000)
    card = card_of(page, streaming.camera)
    expect(card).to_have_attribute("data-picture", "playing")
    show_online(streaming.camera, online=False)
    expect(card.locator("[data-state-text]")).to_contain_text("Offline")
    expect(card.locator("[data-headline]")).to_contain_text("Offline")
    expect(card.locator("[data-words]")).to_be_visible()
    show_online(streaming.camera)
    expect(card).to_have_attribute("data-picture", "playing", timeout=40_000)


def test_every_state_has_its_words(streaming: World, open_as: OpenAs) -> None:
    cameras = fill_city(streaming)
    page = open_as(streaming.operator, **DESK)
    page.wait_for_function(PLAYS, arg=str(streaming.camera.pk), timeout=40_000)
    expect(card_of(page, cameras["Viaduto do Chá"]).locator("[data-state-text]")).to_contain_text("Offline · last seen")
    expect(card_of(page, cameras["Viaduto do Chá"]).locator("[data-why]")).to_contain_text("refused the connection")
    expect(card_of(page, cameras["Ponte Estaiada"]).locator("[data-state-text]")).to_contain_text("Unknown since")
    expect(page.locator("[data-notices]")).to_contain_text("does not answer")
    shoot(page, "wall-light")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("wall-dark", {"color_scheme": "dark", **DESK}),
        ("wall-390", {"viewport": {"width": 390, "height": 844}}),
        ("wall-360-dark", {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}),
        ("wall-1920", {"viewport": {"width": 1920, "height": 1080}}),
    ],
)
def test_the_wall_fits_every_screen(streaming: World, open_as: OpenAs, name: str, options: dict[str, object]) -> None:
    fill_city(streaming)
    add_member(streaming.owner, streaming)
    page = open_as(streaming.owner, **options)
    page.wait_for_function("document.querySelectorAll('[data-picture]').length > 0")
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")
    expect(page.locator("[data-picture='playing']").first).to_be_visible(timeout=40_000)
    shoot(page, name)


def test_the_wall_speaks_portuguese(streaming: World, open_as: OpenAs) -> None:
    fill_city(streaming)
    page = open_as(streaming.operator, **DESK)
    page.get_by_role("button", name="Português (Brasil)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Câmeras")
    expect(card_of(page, streaming.camera).locator("[data-state-text]")).to_have_text("No ar")
    expect(page.get_by_text("A câmera recusou a conexão")).to_be_visible()
    page.wait_for_function(PLAYS, arg=str(streaming.camera.pk), timeout=40_000)
    shoot(page, "wall-pt-br")


def test_by_keyboard_alone_one_finds_a_camera_and_switches_its_recording(streaming: World, open_as: OpenAs) -> None:
    fill_city(streaming)
    page = open_as(streaming.operator, **DESK)
    page.locator("#q").focus()
    page.keyboard.type("market")
    page.keyboard.press("Enter")
    expect(page.locator("[data-camera]")).to_have_count(1)
    switch = page.get_by_role("switch", name="Recording of Market square")
    expect(switch).to_have_attribute("aria-checked", "false")
    for _step in range(40):
        if switch.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(page.locator("[data-announce]")).to_contain_text("Market square: Recording")
    expect(page.locator("[data-count='recording']")).to_have_text("2")
    with every_city("a test looks at what was written"):
        assert Camera.objects.get(pk=streaming.camera.pk).recording_enabled is True
    assert switch.evaluate("element => element === document.activeElement") is True


def test_a_viewer_sees_the_recording_but_no_switch(streaming: World, open_as: OpenAs) -> None:
    page = open_as(streaming.viewer, **DESK)
    expect(card_of(page, streaming.camera).locator("[data-recording-text]")).to_have_text("Recording off")
    expect(page.get_by_role("switch")).to_have_count(0)


def test_pictures_can_be_paused_and_are_for_who_wants_little_motion(streaming: World, open_as: OpenAs) -> None:
    page = open_as(streaming.viewer, reduced_motion="reduce", **DESK)
    expect(card_of(page, streaming.camera).locator("[data-headline]")).to_have_text("Live pictures are paused.")
    page.get_by_role("button", name="Pause pictures").click()
    page.wait_for_function(PLAYS, arg=str(streaming.camera.pk), timeout=40_000)


def test_without_a_picture_there_are_words_never_a_black_box(streaming: World, open_as: OpenAs) -> None:
    cameras = fill_city(streaming)
    silent = cameras["Terminal Bandeira, plataforma 3"]
    show_online(silent)  # the observer says so, yet nothing publishes
    page = open_as(streaming.operator, **DESK)
    headline = card_of(page, silent).locator("[data-headline]")
    expect(headline).to_have_text("The picture is interrupted; trying again.")
    expect(headline).to_be_visible()


def test_a_format_that_the_browser_cannot_show_is_named(
    world: World, mediamtx: RunningMediaMTX, open_as: OpenAs
) -> None:
    show_server(world, mediamtx)
    with publish_h265(mediamtx.rtsp_port, world.camera):
        show_online(world.camera)
        page = open_as(world.viewer, **DESK)
        headline = card_of(page, world.camera).locator("[data-headline]")
        if page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L30.90\"')"):
            page.wait_for_function(PLAYS, arg=str(world.camera.pk), timeout=40_000)
        else:
            expect(headline).to_contain_text("This browser cannot show this video format", timeout=40_000)
            expect(headline).to_be_visible()


@contextmanager
def publish_h265(rtsp_port: int, camera: Camera) -> Generator[None, None, None]:
    """Publish a small H.265 picture."""
    source = ["-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10", "-t", "90"]
    coding = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=10:log-level=none"]
    address = f"rtsp://{credentials_of(camera)}@127.0.0.1:{rtsp_port}/{camera.stream_id}"
    target = ["-f", "rtsp", "-rtsp_transport", "tcp", address]
    with run_program([imageio_ffmpeg.get_ffmpeg_exe(), *source, *coding, *target], subprocess.DEVNULL, {}):
        yield


def test_a_lost_connection_is_told_and_heals(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, **DESK)
    page.route("**/wall/states*", lambda route: route.abort())
    expect(page.locator("[data-connection]")).to_contain_text("No connection to the VMS since")
    page.unroute("**/wall/states*")
    expect(page.locator("[data-connection]")).to_be_hidden()


def test_a_removed_camera_is_said_to_be_so(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, **DESK)
    card = card_of(page, world.camera)
    with every_city("a test removes a camera"):
        Camera.objects.filter(pk=world.camera.pk).update(removed_at=timezone.now())
    expect(card.locator("[data-state-text]")).to_have_text("Removed from the city")
    expect(card.locator("[data-headline]")).to_have_text("Removed from the city")
    expect(card.get_by_role("switch")).to_be_hidden()
    expect(page.locator("[data-announce]")).to_have_text("Market square: Removed from the city")


def test_who_is_no_member_any_more_is_told_so(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, **DESK)
    with every_city("a test takes somebody out"):
        Membership.objects.filter(user=world.operator).delete()
    expect(page.locator("[data-connection]")).to_have_text(
        "You are signed out, or no member any more. Reload the page."
    )


def test_what_went_wrong_with_a_switch_stays_to_be_read(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, **DESK)
    page.route("**/cameras/*/recording", lambda route: route.abort())
    states: list[str] = []
    page.on("response", lambda answer: states.append(answer.url) if "/wall/states" in answer.url else None)
    page.get_by_role("switch", name="Recording of Market square").click()
    text = card_of(page, world.camera).locator("[data-recording-text]")
    expect(text).to_have_text("Switching the recording failed; nothing was changed. Try again.")
    seen = len(states)
    wait_until(lambda: page.evaluate("1") == 1 and len(states) >= seen + 2, "two states came", 20)
    expect(text).to_have_text("Switching the recording failed; nothing was changed. Try again.")


def test_a_switch_works_after_signing_in_anew_in_another_tab(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, **DESK)
    page.context.clear_cookies(name="sessionid")
    other = page.context.new_page()
    other.goto("/login/")
    other.get_by_label("User name").fill("operator")
    other.get_by_label("Password").fill("a long password")
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", name="Market square")).to_be_visible()
    page.bring_to_front()
    switch = page.get_by_role("switch", name="Recording of Market square")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")


def test_without_javascript_the_switch_works_too(world: World, open_as: OpenAs) -> None:
    page = open_as(world.operator, java_script_enabled=False, **DESK)
    page.get_by_role("switch", name="Recording of Market square").click()
    expect(page.get_by_text("Recording of Market square is on.")).to_be_visible()
    expect(page.get_by_role("switch", name="Recording of Market square")).to_have_attribute("aria-checked", "true")


def test_signing_in_by_the_form_leads_to_the_wall(world: World, open_as: OpenAs) -> None:
    page = open_as(None, **DESK)
    shoot(page, "login")
    page.get_by_label("User name").fill("viewer")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("User name").fill("viewer")
    page.get_by_label("Password").fill("a long password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Market square")).to_be_visible()


def test_a_city_without_cameras_says_what_to_do_next(world: World, open_as: OpenAs) -> None:
    with every_city("a test empties the world"):
        Camera.objects.all().update(removed_at=timezone.now())
    page = open_as(world.owner, **DESK)
    expect(page.get_by_role("link", name="Add a camera")).to_be_visible()
    shoot(page, "wall-empty")
