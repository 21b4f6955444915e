"""Finding cameras on the network: with a camera that speaks ONVIF on this machine, and others that lie."""

import re
import socket
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from cities.errors import NotThere
from cities.scope import city_scope
from inventory.discovery import network, services
from inventory.discovery.messages import Device, read_answer
from inventory.discovery.network import NoAnswer, ask_stream_address, find_devices
from inventory.discovery.services import keep_allowed, order_address_question, order_search, run_address_question
from inventory.discovery.xml import BadXml, parse_xml
from inventory.errands import read_content
from inventory.models import Errand
from tests.inventory.conftest import access_of, signed_in
from tests.world import NOW, World

HERE = ip_address("127.0.0.1")
MATCH = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
    "<e:Body><d:ProbeMatches><d:ProbeMatch><d:Scopes>onvif://www.onvif.org/name/North_Gate%20{extra} "
    "onvif://www.onvif.org/hardware/DS-2CD</d:Scopes><d:XAddrs>{addresses}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
    "</e:Body></e:Envelope>"
)


def match(addresses: str, extra: str = "1") -> bytes:
    return MATCH.format(addresses=addresses, extra=extra).encode()


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, int]]:
    """Something that answers each probe with all of these."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))

        def answer() -> None:
            data, sender = line.recvfrom(65_535)
            assert b"NetworkVideoTransmitter" in data
            for each in answers:
                line.sendto(each, sender)

        threading.Thread(target=answer, daemon=True).start()
        yield line.getsockname()


def test_a_camera_that_answers_is_found_with_its_name_and_hardware() -> None:
    with answering(match("http://[fe80::1]/onvif http://127.0.0.1:8000/onvif/device_service")) as target:
        found = find_devices(target, 0.5)
    assert found == [Device("127.0.0.1", "http://127.0.0.1:8000/onvif/device_service", "North Gate 1", "DS-2CD")]


def test_what_is_no_answer_is_passed_over() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + match("http://127.0.0.1/")
    with answering(b"", b"\xff\x00", b"<broken", bomb, match("http://10.0.0.9/"), match("ftp://127.0.0.1/")) as target:
        assert find_devices(target, 0.5) == []


@pytest.mark.parametrize("encoding", ["gb2312", "shift_jis", "utf-7", "x-nobody-s"])
def test_a_device_with_an_encoding_of_its_own_hides_no_other(encoding: str) -> None:
    odd = f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode()
    with pytest.raises(BadXml):
        parse_xml(odd)
    with answering(odd, match("http://127.0.0.1:8000/")) as target:
        assert [device.service for device in find_devices(target, 0.5)] == ["http://127.0.0.1:8000/"]


@pytest.mark.parametrize(
    "addresses",
    [
        "http://169.254.169.254/",
        "http://127.0.0.1.evil.example/",
        "http://localhost/",
        "file:///etc/passwd",
        "http://[::1",
        "http://127.0.0.1:99999/",
        f"http://127.0.0.1/{'x' * 600}",
        "",
    ],
)
def test_nobody_names_a_service_at_another_address(addresses: str) -> None:
    assert read_answer(match(addresses), HERE) is None


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"<a>" * 100 + b"</a>" * 100,
        b"<a>" + b"<b/>" * 6000 + b"</a>",
        b"<a>" + b" " * 300_000 + b"</a>",
        b"",
        b"<a><b></a>",
    ],
)
def test_hostile_xml_is_refused(data: bytes) -> None:
    with pytest.raises(BadXml):
        parse_xml(data)


def test_only_what_may_be_a_camera_of_the_city_is_shown(world: World) -> None:
    found = [Device(at, f"http://{at}/", "", "") for at in ("10.0.0.5", "10.0.0.6", "127.0.0.1", "192.0.2.1")]
    world.city.camera_networks = ["10.0.0.0/8"]
    with city_scope(world.city.pk):
        kept = keep_allowed(world.city, found)
    assert [(each["address"], each["known"]) for each in kept["devices"]] == [
        ("10.0.0.5", "Market square"),
        ("10.0.0.6", ""),
    ]
    assert kept["elsewhere"] == 2


class Camera(BaseHTTPRequestHandler):
    """Speaks as much ONVIF as is asked of it; the password is sesame."""

    stream = "rtsp://10.0.0.5:554/stream1"
    media = ""
    paths: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.paths.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "GetSystemDateAndTime" in body:
            self._say(
                "<UTCDateTime><Time><Hour>11</Hour><Minute>0</Minute><Second>0</Second></Time>"
                "<Date><Year>2020</Year><Month>1</Month><Day>2</Day></Date></UTCDateTime>"
            )
        elif not self._is_signed(body):
            self._say("<Subcode><Value>ter:NotAuthorized</Value></Subcode>", 400)
        elif "GetCapabilities" in body:
            self._say(f"<Media><XAddr>{self.media}</XAddr></Media>")
        elif "GetProfiles" in body:
            self._say('<Profiles token="main&amp;1"/><Profiles token="sub"/>')
        else:
            assert "<ProfileToken>main&amp;1</ProfileToken>" in body
            self._say(f"<MediaUri><Uri>{self.stream}</Uri></MediaUri>")

    def _is_signed(self, body: str) -> bool:
        told = {
            name: found[1]
            for name in ("Username", "Password", "Nonce", "Created")
            if (found := re.search(rf"<{name}[^>]*>([^<]*)</{name}>", body))
        }
        if told.get("Username") != "admin":
            return False
        assert told["Created"].startswith("2020-01-02T11:00")
        digest = sha1(b64decode(told["Nonce"]) + told["Created"].encode() + b"sesame", usedforsecurity=False).digest()
        return b64decode(told["Password"]) == digest

    def _say(self, text: str, status: int = 200) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(f"<Envelope><Body>{text}</Body></Envelope>".encode())

    def log_message(self, *_told: Any) -> None:
        pass


@pytest.fixture
def camera() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Camera) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/onvif/device_service"
        server.shutdown()


def test_a_camera_tells_the_address_of_its_first_stream_to_who_signs_by_its_own_clock(camera: str) -> None:
    assert ask_stream_address(camera, "admin", "sesame", NOW) == "rtsp://10.0.0.5:554/stream1"


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/câmera/1", "/c%C3%A2mera/1"), ("/a%20b/~c;d=1", "/a%20b/~c;d=1"), ("", "/")],
)
def test_a_path_with_letters_of_any_alphabet_is_asked_as_the_web_spells_it(camera: str, path: str, asked: str) -> None:
    Camera.paths.clear()
    service = camera.replace("/onvif/device_service", path)
    assert ask_stream_address(service, "admin", "sesame", NOW) == "rtsp://10.0.0.5:554/stream1"
    assert set(Camera.paths) == {asked}


def test_a_media_service_elsewhere_is_never_asked(camera: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Camera, "media", "http://169.254.169.254:80/onvif/media")
    assert ask_stream_address(camera, "admin", "sesame", NOW) == "rtsp://10.0.0.5:554/stream1"


def test_a_wrong_password_is_said(camera: str) -> None:
    with pytest.raises(NoAnswer, match="did not accept the user name and password"):
        ask_stream_address(camera, "admin", "wrong", NOW)


def test_a_redirect_is_not_followed(camera: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Camera, "do_POST", lambda self: (self.send_response(302), self.send_header("Location", "/"))[0])
    monkeypatch.setattr(network, "_SILENCE_SECONDS", 0.5)
    with pytest.raises(NoAnswer):
        ask_stream_address(camera, "admin", "sesame", NOW)


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_camera_whose_answer_trickles_in_is_given_up_in_time(begins: bytes) -> None:
    hung_up = threading.Event()

    def trickle() -> None:
        line, _ = listening.accept()
        with line:
            line.settimeout(0.02)
            line.sendall(begins)
            try:
                while True:
                    line.sendall(b"H")
                    with suppress(TimeoutError):
                        if not line.recv(65_535):
                            break
            except OSError:
                pass  # it hung up while we wrote
        hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=trickle, daemon=True).start()
        service = f"http://127.0.0.1:{listening.getsockname()[1]}/onvif"
        with pytest.raises(NoAnswer, match="does not answer by ONVIF"):
            ask_stream_address(service, "", "", NOW, seconds=0.3)
        assert hung_up.wait(10)


def test_all_questions_to_a_camera_have_one_time(camera: str) -> None:
    with pytest.raises(NoAnswer):
        ask_stream_address(camera, "admin", "sesame", NOW, seconds=0)


def search_of(world: World, monkeypatch: pytest.MonkeyPatch, service: str) -> Errand:
    """A search that has found one camera on this machine."""
    world.city.camera_networks = ["127.0.0.0/8", "10.0.0.0/8"]
    world.city.save()
    monkeypatch.setattr(services, "find_devices", lambda: [Device("127.0.0.1", service, "Gate", "X")])
    errand = order_search(access_of(world), timezone.now())
    services.run_search(errand, timezone.now())
    return errand


def test_a_found_camera_is_asked_and_its_credentials_are_forgotten(
    world: World, camera: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    with city_scope(world.city.pk):
        search = search_of(world, monkeypatch, camera)
        asked = order_address_question(
            access_of(world), search, address="127.0.0.1", username="admin", password="sesame", now=now
        )
        assert "sesame" not in asked.content
        run_address_question(asked, now)
        assert read_content(asked) == {"ok": True, "source_url": "rtsp://10.0.0.5:554/stream1"}
        with pytest.raises(NotThere):
            order_address_question(access_of(world), search, address="10.0.0.1", username="", password="", now=now)
    page = signed_in(world.owner).get(f"/cameras/discover/{search.pk}").content.decode()
    assert "1 camera answered" in page
    assert signed_in(world.owner).get(f"/cameras/discover/{search.pk}/address/{asked.pk}").json()["ok"] is True
    assert signed_in(world.stranger).get(f"/cameras/discover/{search.pk}/address/{asked.pk}").status_code == 404


@pytest.mark.parametrize("told", ["rtsp://169.254.169.254/x", "file:///etc/passwd", "", "rtsp://192.0.2.1/"])
def test_a_camera_that_names_another_place_is_not_believed(
    world: World, camera: str, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr(Camera, "stream", told)
    now = datetime.now(UTC)
    with city_scope(world.city.pk):
        search = search_of(world, monkeypatch, camera)
        asked = order_address_question(
            access_of(world), search, address="127.0.0.1", username="admin", password="sesame", now=now
        )
        run_address_question(asked, now)
        assert read_content(asked)["ok"] is False


def test_a_search_whose_worker_was_killed_ends_with_a_word(world: World) -> None:
    with city_scope(world.city.pk):
        search = order_search(access_of(world), timezone.now())
    client, address = signed_in(world.owner), f"/cameras/discover/{search.pk}"
    assert "Searching …" in client.get(address).content.decode()
    with city_scope(world.city.pk):
        Errand.objects.update(made_at=search.made_at - timedelta(minutes=3))
    page = client.get(address).content.decode()
    assert ("or the one that began was ended" in page, 'data-is-done="1"' in page) == (True, True)
    assert client.get(address, headers={"Accept": "application/json"}).json() == {"done": True}


def test_a_network_that_cannot_be_asked_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[Device]:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(services, "find_devices", fail)
    with city_scope(world.city.pk):
        errand = order_search(access_of(world), timezone.now())
        services.run_search(errand, timezone.now())
    page = signed_in(world.owner).get(f"/cameras/discover/{errand.pk}").content.decode()
    assert "cannot ask its network" in page
