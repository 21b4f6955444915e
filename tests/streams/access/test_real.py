"""Media access with the real MediaMTX, which asks the real application: who gets in, who does not, who is put out."""

import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import imageio_ffmpeg
import pytest
from django.conf import settings
from django.utils import timezone

from cameras.models import Camera
from cities.models import Membership, User
from cities.scope import every_city
from streams.access.passwords import publish_password
from streams.access.revoking import end_revoked_sessions
from streams.access.services import give_live_token, renew_publish_password
from streams.access.tokens import Action, make_token
from tests.real import RunningMediaMTX, publish, run_mediamtx, wait_until
from tests.world import World

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def name_door(url: str) -> str:
    return url.replace("http://", f"http://mediamtx:{settings.VMS_MEDIA_SECRET}@") + "/media/authorise"


@pytest.fixture
def mediamtx(world: World, live_server: Any, mediamtx_binary: Path, tmp_path: Path) -> Iterator[RunningMediaMTX]:
    """A MediaMTX that asks our live server."""
    with run_mediamtx(mediamtx_binary, tmp_path, authorise_at=name_door(live_server.url)) as running:
        world.server.api_url = running.api_url
        world.server.save()
        yield running


def credentials_of(camera: Camera) -> str:
    return f"camera-{camera.publish_number}:{publish_password(camera.pk, camera.publish_number)}"


def is_online(running: RunningMediaMTX, camera: Camera) -> bool:
    return camera.stream_id in running.client.list_paths().online_names


def is_refused(running: RunningMediaMTX, camera: Camera, credentials: str = "", name: str = "") -> bool:
    """Whether ffmpeg gives up publishing by itself, because it was refused."""
    with publish(running.rtsp_port, name or camera.stream_id, credentials=credentials) as publisher:
        return publisher.wait(30) != 0 and not running.client.list_paths().paths


def token_for(camera: Camera, user: User, *, ago: timedelta = timedelta(0)) -> str:
    return give_live_token(camera, user, now=timezone.now() - ago)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 -- our own servers on loopback
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, ""


def playlist(running: RunningMediaMTX, camera: Camera, token: str) -> tuple[int, str]:
    return get(f"{running.hls_url}/{camera.stream_id}/index.m3u8?token={token}")


def media_playlist(running: RunningMediaMTX, camera: Camera, token: str) -> str:
    """Give the address at which a player that was let in goes on."""
    status, text = playlist(running, camera, token)
    assert status == 200
    [line] = [line for line in text.splitlines() if line.endswith("m3u8") or ".m3u8?" in line]
    return urljoin(f"{running.hls_url}/{camera.stream_id}/index.m3u8", line)


def reads_by_rtsp(running: RunningMediaMTX, camera: Camera, query: str) -> bool:
    url = f"{running.rtsp_url}/{camera.stream_id}{query}"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url]
    done = subprocess.run([*argv, "-frames:v", "1", "-f", "null", "-"], capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def begin_webrtc(running: RunningMediaMTX, camera: Camera, query: str) -> int:
    """Give the status of an offer that is none: 400 once one is let in."""
    url = f"{running.webrtc_url}/{camera.stream_id}/whep{query}"
    request = urllib.request.Request(url, b"v=0\r\n", {"Content-Type": "application/sdp"}, method="POST")  # noqa: S310 -- as above
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)  # noqa: S310 -- our own servers on loopback
    return refused.value.code


def test_only_a_cameras_own_password_publishes(world: World, mediamtx: RunningMediaMTX) -> None:
    camera, own = world.camera, credentials_of(world.camera)
    assert is_refused(mediamtx, camera)
    assert is_refused(mediamtx, camera, "camera-1:wrong")
    assert is_refused(mediamtx, world.foreign_camera, own)
    assert is_refused(mediamtx, camera, own, name="harbour")
    with publish(mediamtx.rtsp_port, camera.stream_id, credentials=own):
        wait_until(lambda: is_online(mediamtx, camera), "its own password publishes")
    assert settings.VMS_MEDIA_SECRET not in mediamtx.log.read_text()


def test_nobody_displaces_who_publishes(world: World, mediamtx: RunningMediaMTX) -> None:
    camera, own = world.camera, credentials_of(world.camera)
    with publish(mediamtx.rtsp_port, camera.stream_id, credentials=own) as first:
        wait_until(lambda: is_online(mediamtx, camera), "the first publishes")
        with publish(mediamtx.rtsp_port, camera.stream_id, credentials=own) as second:
            assert second.wait(30) != 0
        assert first.poll() is None
        assert is_online(mediamtx, camera)


def test_only_a_members_token_watches(world: World, mediamtx: RunningMediaMTX) -> None:
    camera, right = world.camera, token_for(world.camera, world.viewer)
    wrong = {
        "none": "",
        "made up": "x.y",
        "expired": token_for(camera, world.viewer, ago=timedelta(minutes=3)),
        "of another camera": token_for(world.foreign_camera, world.viewer),
        "of a stranger": token_for(camera, world.stranger),
        "of the ingest": make_token(Action.PUBLISH, camera.pk, None, now=timezone.now()),
    }
    with publish(mediamtx.rtsp_port, camera.stream_id, credentials=credentials_of(camera)):
        wait_until(lambda: is_online(mediamtx, camera), "there is a picture")
        assert {why: playlist(mediamtx, camera, token)[0] for why, token in wrong.items()} == dict.fromkeys(wrong, 401)
        address = media_playlist(mediamtx, camera, right)
        status, text = get(address)
        segment = re.findall(r"^[^#].*mp4.*$", text, re.MULTILINE)[-1]
        assert (status, get(urljoin(address, segment))[0]) == (200, 200)
        assert get(address.partition("?")[0])[0] == 401
        queries = (f"?token={right}", "", f"?token={wrong['expired']}")
        assert [reads_by_rtsp(mediamtx, camera, query) for query in queries] == [True, False, False]
        assert [begin_webrtc(mediamtx, camera, query) for query in queries] == [400, 401, 401]


def test_who_loses_the_right_is_put_out(world: World, mediamtx: RunningMediaMTX) -> None:
    camera = world.camera
    with (
        publish(mediamtx.rtsp_port, camera.stream_id, credentials=credentials_of(camera)) as publisher,
        every_city("the sweep spans the cities"),
    ):
        wait_until(lambda: is_online(mediamtx, camera), "there is a picture")
        goes = media_playlist(mediamtx, camera, token_for(camera, world.viewer))
        stays = media_playlist(mediamtx, camera, token_for(camera, world.operator))
        assert end_revoked_sessions(world.server, timezone.now()) == 0
        Membership.objects.filter(user=world.viewer).delete()
        assert end_revoked_sessions(world.server, timezone.now()) == 1
        assert (get(goes)[0], get(stays)[0]) == (401, 200)
        User.objects.filter(pk=world.operator.pk).update(is_active=False)
        assert end_revoked_sessions(world.server, timezone.now()) == 1
        assert (get(stays)[0], publisher.poll()) == (401, None)
        renew_publish_password(camera, by=None, now=timezone.now())
        assert end_revoked_sessions(world.server, timezone.now()) == 1
        assert publisher.wait(30) != 0
        assert end_revoked_sessions(world.server, timezone.now()) == 0


def test_a_watcher_by_rtsp_is_put_out(world: World, mediamtx: RunningMediaMTX) -> None:
    camera = world.camera
    url = f"{mediamtx.rtsp_url}/{camera.stream_id}?token={token_for(camera, world.viewer)}"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-rtsp_transport", "tcp", "-i", url]
    with (
        publish(mediamtx.rtsp_port, camera.stream_id, credentials=credentials_of(camera)),
        every_city("the sweep spans the cities"),
    ):
        wait_until(lambda: is_online(mediamtx, camera), "there is a picture")
        with subprocess.Popen([*argv, "-f", "null", "-"], stderr=subprocess.DEVNULL) as watcher:
            wait_until(lambda: any(s.state == "read" for s in mediamtx.client.list_sessions()), "somebody watches")
            Membership.objects.filter(user=world.viewer).delete()
            assert end_revoked_sessions(world.server, timezone.now()) == 1
            watcher.wait(30)


class Relay:
    """Stands before our live server until it is closed, as if the application went down."""

    def __init__(self, url: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = urllib.request.Request(url + self.path, body, dict(self.headers.items()), method="POST")  # noqa: S310 -- as above
                try:
                    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 -- our own servers on loopback
                        status = answer.status
                except urllib.error.HTTPError as error:
                    status = error.code
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_with_the_application_down_what_runs_goes_on_and_nobody_new_gets_in(
    world: World, live_server: Any, mediamtx_binary: Path, tmp_path: Path
) -> None:
    camera, relay = world.camera, Relay(live_server.url)
    with (
        run_mediamtx(mediamtx_binary, tmp_path, authorise_at=name_door(relay.url)) as running,
        publish(running.rtsp_port, camera.stream_id, credentials=credentials_of(camera)) as publisher,
    ):
        wait_until(lambda: is_online(running, camera), "there is a picture")
        token = token_for(camera, world.viewer)
        address = media_playlist(running, camera, token)
        [file] = wait_for_files(running, camera)
        relay.close()
        size = file.stat().st_size
        wait_until(lambda: file.stat().st_size > size, "the recording grows", 15)
        assert (get(address)[0], publisher.poll(), is_online(running, camera)) == (200, None, True)
        assert playlist(running, camera, token)[0] == 401
        other, own = world.foreign_camera, credentials_of(world.foreign_camera)
        with publish(running.rtsp_port, other.stream_id, credentials=own) as refused:
            assert refused.wait(30) != 0
        assert not is_online(running, other)
        assert settings.VMS_MEDIA_SECRET not in running.log.read_text()


def wait_for_files(running: RunningMediaMTX, camera: Camera) -> list[Path]:
    folder = running.recordings / camera.stream_id
    wait_until(lambda: any(file.stat().st_size for file in folder.glob("*.mp4")), "a recording begins", 30)
    return list(folder.glob("*.mp4"))
