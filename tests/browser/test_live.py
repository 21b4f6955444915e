"""Live pictures as the browser gets them: by WebRTC, by HLS where that does not get through, sixteen at once."""

import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import imageio_ffmpeg
import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from cameras.models import Camera, MediaServer
from cities.models import Membership
from cities.scope import city_scope, every_city
from streams.access.revoking import end_revoked_sessions
from tests.browser.conftest import credentials_of, shoot, show_online, show_server
from tests.real import RunningMediaMTX, run_program, wait_until
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.integration]

OpenAs = Callable[..., Page]
DESK = {"viewport": {"width": 1440, "height": 900}}
AWAY = "/account"
FRAMES = """() => [...document.querySelectorAll('[data-camera]')].map(
    card => card.querySelector('video').getVideoPlaybackQuality().totalVideoFrames)"""
PLAYING = "count => document.querySelectorAll('[data-camera][data-picture=playing]').length === count"


def add_street(world: World, count: int) -> list[Camera]:
    with city_scope(world.city.pk):
        return [
            Camera.objects.create(city=world.city, media_server=world.server, name=f"Street {number:02}")
            for number in range(count)
        ]


@contextmanager
def publish_all(rtsp_port: int, cameras: list[Camera]) -> Generator[None, None, None]:
    """Publish one small moving picture, encoded once, as each of the cameras."""
    source = ["-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10", "-t", "120"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"]
    targets = [
        f"[f=rtsp:rtsp_transport=tcp]rtsp://{credentials_of(camera)}@127.0.0.1:{rtsp_port}/{camera.stream_id}"
        for camera in cameras
    ]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), *source, *coding, "-map", "0:v", "-f", "tee", "|".join(targets)]
    with run_program(list(argv), subprocess.DEVNULL, {}):
        show_online(*cameras)
        yield


@contextmanager
def publish_blinking(rtsp_port: int, camera: Camera) -> Generator[None, None, None]:
    """Publish a picture that is white in even seconds of the clock on the wall and black in odd ones."""
    blinking = "color=black:size=320x180:rate=20,drawbox=c=white:t=fill:enable='lt(mod(time(0),2),1)'"
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "20", "-pix_fmt", "yuv420p"]
    address = f"rtsp://{credentials_of(camera)}@127.0.0.1:{rtsp_port}/{camera.stream_id}"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", "-f", "lavfi", "-i", blinking, "-t", "60"]
    argv += [*coding, "-f", "rtsp", "-rtsp_transport", "tcp", address]
    with run_program(list(argv), subprocess.DEVNULL, {}):
        show_online(camera)
        yield


WHITENINGS = """() => new Promise(resolve => {
    const video = document.querySelector('[data-camera] video'), canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext('2d', { willReadFrequently: true }), found = [];
    let wasWhite = null;
    const look = () => {
        pen.drawImage(video, 0, 0, 1, 1);
        const isWhite = pen.getImageData(0, 0, 1, 1).data[0] > 128;
        if (isWhite && wasWhite === false) found.push((Date.now() / 1000) % 2);
        wasWhite = isWhite;
        if (found.length === 5) resolve(found);
        else video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
})"""
"""How many seconds after an even second of the clock the picture turned white, five times."""


def webrtc_sessions(mediamtx: RunningMediaMTX) -> int:
    return len([each for each in mediamtx.client.list_sessions() if each.kind == "webrtcsessions"])


def open_with(open_as: OpenAs, world: World, answer: Callable[[Route], None]) -> Page:
    """Open the wall where WHEP answers so."""
    page = open_as(world.viewer, AWAY, **DESK)
    page.route("**/whep*", answer)
    page.goto("/")
    return page


def assert_frames_come(page: Page, each: int) -> None:
    before = page.evaluate(FRAMES)
    page.wait_for_timeout(3000)
    advanced = [now - then for then, now in zip(before, page.evaluate(FRAMES), strict=True)]
    assert [frames for frames in advanced if frames < each] == [], advanced


def test_sixteen_tiles_play_by_webrtc_within_seconds(world: World, mediamtx: RunningMediaMTX, open_as: OpenAs) -> None:
    show_server(world, mediamtx)
    cameras = [world.camera, *add_street(world, 15)]
    with publish_all(mediamtx.rtsp_port, cameras):
        wait_until(lambda: len(mediamtx.client.list_paths().online_names) == 16, "all cameras publish")
        began = time.monotonic()
        page = open_as(world.operator, "/?layout=4x4", **DESK)
        page.wait_for_function(PLAYING, arg=16, timeout=30_000)
        assert time.monotonic() - began < 15
        assert page.locator("[data-camera][data-transport=webrtc]").count() == 16
        assert_frames_come(page, each=8)
        shoot(page, "wall-16")
        page.keyboard.press("2")
        expect(page.locator("[data-camera]")).to_have_count(4)
        wait_until(lambda: webrtc_sessions(mediamtx) == 4, "what is out of sight is not sent")


def test_a_picture_comes_by_webrtc_in_less_than_three_seconds_and_says_so(
    streaming: World, open_as: OpenAs, mediamtx: RunningMediaMTX
) -> None:
    page = open_as(streaming.viewer, AWAY, **DESK)
    wait_until(lambda: streaming.camera.stream_id in mediamtx.client.list_paths().online_names, "the camera publishes")
    began = time.monotonic()
    page.goto("/")
    page.wait_for_function(PLAYING, arg=1, timeout=10_000)
    assert time.monotonic() - began < 3
    transport = page.locator("[data-transport-text]")
    expect(transport).to_have_text("WebRTC")
    expect(transport).to_have_attribute("title", "Live by WebRTC: less than a second late")
    assert_frames_come(page, each=8)


def test_what_happens_is_seen_in_less_than_a_second(world: World, mediamtx: RunningMediaMTX, open_as: OpenAs) -> None:
    show_server(world, mediamtx)
    with publish_blinking(mediamtx.rtsp_port, world.camera):
        page = open_as(world.viewer, **DESK)
        page.wait_for_function(PLAYING, arg=1, timeout=20_000)
        expect(page.locator("[data-transport-text]")).to_have_text("WebRTC")
        late = sorted(page.evaluate(WHITENINGS))
        assert late[2] < 1, late


@pytest.mark.parametrize(
    "answer",
    [lambda route: route.abort(), lambda route: route.fulfill(status=400), lambda route: route.fulfill(status=500)],
    ids=["unreached", "refused", "failing"],
)
def test_where_webrtc_does_not_get_through_hls_plays_and_says_so(
    streaming: World, open_as: OpenAs, answer: Callable[[Route], None]
) -> None:
    page = open_with(open_as, streaming, answer)
    page.wait_for_function(PLAYING, arg=1, timeout=20_000)
    transport = page.locator("[data-transport-text]")
    expect(transport).to_have_text("HLS")
    expect(transport).to_have_attribute("title", "Live by HLS: some seconds late, because WebRTC does not get through")
    assert_frames_come(page, each=8)


def test_an_answer_without_a_picture_gives_way_to_hls_within_ten_seconds(streaming: World, open_as: OpenAs) -> None:
    page = open_with(open_as, streaming, lambda route: route.fulfill(status=201, body="v=0\r\nno picture"))
    page.wait_for_function(PLAYING, arg=1, timeout=20_000)
    expect(page.locator("[data-transport-text]")).to_have_text("HLS")


def test_after_a_media_server_was_away_its_pictures_come_by_webrtc_again(streaming: World, open_as: OpenAs) -> None:
    page = open_as(streaming.viewer, AWAY, **DESK)
    for address in ("**/whep*", "**/*.m3u8*"):
        page.route(address, lambda route: route.abort())
    page.goto("/")
    expect(page.locator("[data-headline]")).to_have_text("The picture is interrupted; trying again.")
    page.unroute_all()
    page.wait_for_function(PLAYING, arg=1, timeout=20_000)
    expect(page.locator("[data-transport-text]")).to_have_text("WebRTC")


def test_a_camera_that_is_not_there_is_not_asked_for_by_hls(streaming: World, open_as: OpenAs) -> None:
    silent = add_street(streaming, 1)[0]
    show_online(silent)  # the observer says so, yet nothing publishes
    page = open_as(streaming.viewer, AWAY, **DESK)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "m3u8" in request.url else None)
    page.goto("/?q=street")
    expect(page.locator("[data-headline]")).to_have_text("The picture is interrupted; trying again.")
    assert asked == []


def test_who_leaves_says_so_and_who_hides_the_page_too(
    streaming: World, open_as: OpenAs, mediamtx: RunningMediaMTX
) -> None:
    page = open_as(streaming.viewer, **DESK)
    page.wait_for_function(PLAYING, arg=1, timeout=20_000)
    assert webrtc_sessions(mediamtx) == 1
    page.keyboard.press("p")
    wait_until(lambda: webrtc_sessions(mediamtx) == 0, "a paused picture is not sent", seconds=3)
    page.keyboard.press("p")
    page.wait_for_function(PLAYING, arg=1, timeout=20_000)
    page.goto(AWAY)
    wait_until(lambda: webrtc_sessions(mediamtx) == 0, "a page that is left is not sent to", seconds=3)


def test_who_loses_the_right_to_watch_loses_the_picture(
    streaming: World, open_as: OpenAs, mediamtx: RunningMediaMTX
) -> None:
    page = open_as(streaming.viewer, **DESK)
    page.wait_for_function(PLAYING, arg=1, timeout=20_000)
    server = MediaServer.objects.get(pk=streaming.server.pk)
    with every_city("the sweep looks at all sessions"):
        assert end_revoked_sessions(server, timezone.now()) == 0
        Membership.objects.filter(user=streaming.viewer).delete()
        assert end_revoked_sessions(server, timezone.now()) == 1
    wait_until(lambda: webrtc_sessions(mediamtx) == 0, "the session is ended", seconds=3)
    expect(page.locator("[data-words]")).to_be_visible()
    page.wait_for_timeout(3000)
    assert webrtc_sessions(mediamtx) == 0
