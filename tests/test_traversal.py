"""Every string of somebody else's that could become a path or a program's argument: each stays the text that it is."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as configured
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from cameras.models import Camera
from cities.scope import city_scope
from ffmpeg.commands import relay_command
from ffmpeg.errors import UnsafeSource
from ffmpeg.sources import parse_source_url
from footage.layout import is_segment_name
from mediamtx.names import camera_id_from
from recording.holds.links import HeldSegment, drop_link, make_link, restore_file
from recording.models import RecordingSession
from tests.two_cities import furnish
from tests.world import ApiClient, World

FILE = "2026-01-27_11-30-00-000000.mp4"
STREAM = "stream_5b5a1c1e-0000-4000-8000-00000000dead"
LINK = ".held/00/7.mp4"

TRICKS = [
    *("..", "../", "../" * 20 + "etc/passwd", "/etc/passwd", "/proc/self/environ", "~", "~root/.ssh/id_rsa"),
    *("%2e%2e%2f%2e%2e%2fetc/passwd", "%252e%252e%252fetc%252fpasswd", "..%c0%af..%c0%afetc/passwd", "..\\..\\secret"),
    *("..;/secret", "....//secret", "./secret", "secret/.", "secret.", "secret ", "secret%00.mp4", "․․／secret"),
    *("．．/secret", "file:///etc/passwd", "a" * 5000, "-rf", "$(id)", "`id`", "|id", "secret\n", "\u202e4pm"),
]
NUL = "secret\x00.mp4"

ARGUMENTS = [
    *("-vf movie=/etc/passwd", "drawtext=textfile=/etc/passwd", "-f tee /tmp/x", "-/filter:v /etc/passwd", "-i"),
    *("tcp:10.0.0.5", "concat:/etc/passwd|x", "subfile,,start,0,end,9,,:/etc/passwd", "-report", "-progress /tmp/x"),
    *("-attach /etc/passwd", "-dump_attachment:t", "[" * 5000, "'; option safe 0", "x'\noption safe 0\n", "pipe:0"),
]


@pytest.mark.parametrize("trick", [*TRICKS, NUL])
def test_no_trick_is_the_name_of_a_segment_or_of_a_camera_s_path(trick: str) -> None:
    for name in (trick, f"{trick}/{FILE}", f"{trick}{FILE}", f"{FILE}{trick}", f"{FILE}/{trick}"):
        assert not is_segment_name(name)
    for name in (trick, f"{trick}/{STREAM}", f"{STREAM}/{trick}", f"{STREAM}{trick}"):
        assert camera_id_from(name) is None


@pytest.mark.parametrize("trick", [*TRICKS, NUL])
@pytest.mark.parametrize("place", ["file", "folder", "link"])
def test_a_row_that_leads_elsewhere_is_neither_held_nor_given_back_nor_let_go(
    tmp_path: Path, trick: str, place: str
) -> None:
    root, victim = tmp_path / "recordings", tmp_path / "secret"
    (root / STREAM).mkdir(parents=True)
    victim.write_text("secret")
    names = {
        "file": (f"{STREAM}/{trick}", LINK),
        "folder": (f"{trick}/{FILE}", LINK),
        "link": (f"{STREAM}/{FILE}", trick),
    }
    file, link = names[place]
    (root / STREAM / FILE).write_text("footage")
    for work in (make_link, restore_file):
        with pytest.raises(OSError, match="is no"):
            work(root, HeldSegment(7, file, link))
    if place == "link":
        with pytest.raises(OSError, match="is no"):
            drop_link(root, link)
    assert (victim.read_text(), victim.stat().st_nlink) == ("secret", 1)
    assert sorted(path.name for path in root.rglob("*")) == sorted([STREAM, FILE])


def test_a_footage_name_that_is_a_link_to_elsewhere_is_not_held(tmp_path: Path) -> None:
    root, victim = tmp_path / "recordings", tmp_path / "secret"
    (root / STREAM).mkdir(parents=True)
    victim.write_text("secret")
    (root / STREAM / FILE).symlink_to(victim)
    with pytest.raises(OSError, match="no regular file"):
        make_link(root, HeldSegment(7, f"{STREAM}/{FILE}", LINK))
    assert victim.stat().st_nlink == 1


@pytest.mark.parametrize("trick", TRICKS)
def test_static_files_end_at_their_folder(tmp_path: Path, trick: str) -> None:
    inside = tmp_path / "static"
    inside.mkdir()
    (inside / "ours.css").write_text("ours")
    (tmp_path / "secret").write_text("secret")
    with override_settings(STATIC_ROOT=str(inside), WHITENOISE_USE_FINDERS=False, WHITENOISE_AUTOREFRESH=True):
        serve = WhiteNoiseMiddleware(lambda _: HttpResponse(status=404))
        assert ask_for(serve, "/static/ours.css") == 200
        for path in (f"/static/{trick}", f"/static/../{trick}", f"/static/{quote(trick)}", f"/static//{trick}"):
            assert ask_for(serve, path) in {302, 404}, path


def ask_for(serve: Any, path: str) -> int:
    request = RequestFactory().get("/")
    request.path_info = path
    return int(serve(request).status_code)


def test_static_files_are_read_once_at_start() -> None:
    """Which leaves no path to build from a request at all; the test above shows the other way safe too."""
    assert getattr(configured, "WHITENOISE_AUTOREFRESH", False) is False


@pytest.mark.parametrize("trick", TRICKS)
def test_addresses_take_no_trick(world: World, trick: str) -> None:
    furnish(world)
    api, browser = ApiClient(world.owner, world.city), Client()
    browser.force_login(world.owner)
    for text in {trick, quote(trick, safe="")} - {".."}:
        encoded = quote(text, safe="%/")
        for path in (f"/api/v1/deletions/{encoded}", f"/api/v1/deletions/{encoded}.csv", f"/api/v1/holds/{encoded}"):
            answer = api.get(path)
            assert answer.status_code in {400, 404}, path
            assert "Content-Disposition" not in answer.headers
        assert api.get("/api/v1/footage", {"file": text}).status_code == 404
    assert browser.get("/coverage", {"month": trick}).status_code == 400
    assert browser.post("/language", {"language": trick, "next": trick}).status_code in {302, 204}
    chosen = browser.post("/city", {"city": trick})
    assert chosen.status_code == 404


@pytest.mark.parametrize("trick", [*(trick for trick in TRICKS if len(trick) < 120), *ARGUMENTS[:6]])
def test_a_camera_s_name_and_place_never_reach_a_path(world: World, trick: str) -> None:
    api = ApiClient(world.owner, world.city)
    made = api.send("post", "/api/v1/cameras", {"name": f"x{trick}", "location": trick})
    if made.status_code == 400:
        assert json.loads(made.content)["errors"][0]["field"] in {"name", "location"}
        return
    camera_id = made.json()["id"]
    api.send("put", f"/api/v1/cameras/{camera_id}/recording")
    with city_scope(world.city.pk):
        camera = Camera.objects.get(pk=camera_id)
        session = RecordingSession.objects.get(camera=camera)
    assert (camera.stream_id, session.storage_path) == (f"stream_{camera_id}", f"/recordings/stream_{camera_id}")


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_in_place_of_an_address_is_refused(world: World, argument: str) -> None:
    answer = ApiClient(world.owner, world.city).send("post", "/api/v1/cameras", {"name": "Sly", "source_url": argument})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "source_url"


@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("form", ["rtsp://10.0.0.5/{}", "rtsp://user:{}@10.0.0.5/a", "http://10.0.0.5/a.m3u8?x={}"])
def test_an_argument_within_an_address_stays_a_part_of_it(argument: str, form: str) -> None:
    """Either it is refused, or the command differs from a plain one in the address alone."""
    try:
        source = parse_source_url(form.format(argument))
    except UnsafeSource:
        return
    plain = parse_source_url(form.format("plain"))
    command, expected = (
        relay_command(Path("/usr/bin/ffmpeg"), each, "rtsp://127.0.0.1:8554/stream_1", encoders={"libx264"})
        for each in (source, plain)
    )
    differing = [(ours, its) for ours, its in zip(command.argv, expected.argv, strict=True) if ours != its]
    assert [ours for ours, _ in differing if not ours.startswith(("rtsp://", "http://"))] == []
    assert len(str(command.stdin_text).splitlines()) == len(str(expected.stdin_text).splitlines())
    assert "-nostdin" in command.argv
