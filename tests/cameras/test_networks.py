"""Camera addresses are judged when they are typed, by the API and the admin alike."""

import socket
from ipaddress import ip_address

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import override_settings

from cameras.networks import check_source, own_services
from cities.errors import InvalidInput
from cities.models import City
from ffmpeg.networks import TEXTS, Address, Refusal
from ffmpeg.sources import parse_source_url
from tests.cities.test_admin import staff
from tests.world import ApiClient, World

CAMERAS = "/api/v1/cameras"

HOSTILE = [
    "file:///etc/passwd",
    "concat:a|b",
    "gopher://10.0.0.5/",
    "unix:/tmp/x",
    "udp://10.0.0.5:5000",
    "srt://10.0.0.5:9000",
    "whep://10.0.0.5/x",
    "rpiCamera://0",
    "http://127.0.0.1:9997/v3/paths/list",
    "rtsp://127.0.0.1:6379",
    "http://[::1]/x",
    "http://[::ffff:127.0.0.1]/x",
    "http://[::ffff:7f00:1]/x",
    "http://0.0.0.0/x",
    "http://[::]/x",
    "http://2130706433/x",
    "http://0x7f000001/x",
    "http://0177.0.0.1/x",
    "http://127.1/x",
    "http://127.0.0.1./x",
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/x",
    "http://[fe80::1%25eth0]/x",
    "http://localhost/x",
    "http://localhost./x",
    "http://LOCALHOST/x",
    "http://①②⑦.⓪.⓪.①/x",
    "rtsp://ok@127.0.0.1/x",
    "rtsp://127.0.0.1@127.0.0.1/x",
    "rtsp://10.0.0.5@127.0.0.1/x",
    "rtsp://10.0.0.5#@127.0.0.1/x",
    "rtsp://10.0.0.5\\@127.0.0.1/x",
    "rtsp://$G1/x",
    "rtsp://224.0.0.1/x",
    "rtsp://255.255.255.255/x",
    "rtsp://vms.example:8554/stream_00000000-0000-4000-8000-000000000001",
    "rtsp://10.0.0.2:5432/",
]


def fake_lookup(host: str) -> list[Address]:
    names = {"localhost": "127.0.0.1", "localhost.": "127.0.0.1", "vms.example": "10.0.0.2"}
    if host not in names:
        raise socket.gaierror("unknown")
    return [ip_address(names[host])]


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_is_no_cameras_is_refused_at_its_field(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    # A name server's answer must not depend on the machine the test runs on.
    monkeypatch.setattr("cameras.networks.lookup_within", fake_lookup)
    monkeypatch.setattr(check_source, "__defaults__", (fake_lookup,))
    with override_settings(VMS_OWN_SERVICES=[("10.0.0.2", 5432), ("127.0.0.1", 6379)]):
        answer = ApiClient(world.owner, world.city).send("POST", CAMERAS, {"name": "Bridge", "source_url": url})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["source_url"]


def test_the_admin_refuses_in_the_readers_words(world: World) -> None:
    form = {"name": "Bridge", "city": world.city.pk, "location": "", "source_url": "rtsp://127.0.0.1/x"}
    answer = staff(world.owner).post("/admin/cameras/camera/add/", form)
    assert answer.context["adminform"].form.errors["source_url"] == [TEXTS[Refusal.LOOPBACK]]


def test_a_change_is_judged_like_an_addition(world: World) -> None:
    client = ApiClient(world.owner, world.city)
    assert client.send("PATCH", f"{CAMERAS}/{world.camera.pk}", {"source_url": "rtsp://127.0.0.1/x"}).status_code == 400
    assert client.get(f"{CAMERAS}/{world.camera.pk}").json()["source_url"] == "rtsp://10.0.0.5/live"


def test_a_city_narrows_where_its_cameras_are(world: World) -> None:
    city = world.city
    city.camera_networks = ["10.20.0.0/16"]
    check_source(city, parse_source_url("rtsp://10.20.0.5/a"))
    with pytest.raises(InvalidInput) as refused:
        check_source(city, parse_source_url("rtsp://10.0.0.5/a"))
    assert (refused.value.field, refused.value.message) == ("source_url", TEXTS[Refusal.NOT_LISTED])


def test_one_bad_answer_among_good_ones_is_enough(world: World) -> None:
    def both(host: str) -> list[Address]:
        return [ip_address("8.8.8.8"), ip_address("127.0.0.1")]

    with pytest.raises(InvalidInput):
        check_source(world.city, parse_source_url("rtsp://rebound.example/a"), both)


def test_a_name_that_nobody_knows_yet_is_left_to_the_ingest(world: World) -> None:
    check_source(world.city, parse_source_url("rtsp://camera-not-there-yet.example/a"), fake_lookup)


def test_the_services_of_settings_and_media_servers_are_ours() -> None:
    texts = ["http://mediamtx:9997 rtsp://mediamtx:8554 rtsp://vms.example rtsp:// http://vms.example:8888 "]
    with override_settings(VMS_OWN_SERVICES=[("10.0.0.2", 5432)]):
        assert own_services(texts) == (
            ("10.0.0.2", 5432),
            ("mediamtx", 8554),
            ("mediamtx", 9997),
            ("vms.example", 554),
            ("vms.example", 8888),
        )


@pytest.mark.parametrize("network", ["10.0.0.1/8", "10.0.0.0/33", "everything", "10.0.0.0 - 10.0.0.9"])
def test_what_is_no_network_is_refused_by_the_form_and_by_the_database(world: World, network: str) -> None:
    world.city.camera_networks = [network]
    with pytest.raises(ValidationError):
        world.city.full_clean()
    with pytest.raises(Exception, match="cidr"), transaction.atomic():
        world.city.save()


def test_a_list_has_an_end(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        City.objects.filter(pk=world.city.pk).update(camera_networks=["10.0.0.0/8"] * 65)


def test_platform_administrators_alone_choose_the_networks(world: World) -> None:
    page = f"/admin/cities/city/{world.city.pk}/change/"
    form = {"name": "Aurora", "time_zone": "America/Sao_Paulo", "camera_networks": "127.0.0.0/8, 10.20.0.0/16"}
    assert staff(world.owner).post(page, form).status_code == 403
    administrator = staff(world.operator, is_superuser=True)
    assert administrator.post(page, form | {"camera_networks": "10.0.0.1/8"}).status_code == 200
    assert administrator.post(page, form).status_code == 302
    assert City.objects.get(pk=world.city.pk).camera_networks == ["127.0.0.0/8", "10.20.0.0/16"]
