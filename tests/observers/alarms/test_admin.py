"""The administration of alarms: one's own city's, in words, looked at only."""

import pytest
from django.urls import reverse

from cities.scope import every_city
from observers.models import Alarm
from tests.cities.test_admin import staff
from tests.world import NOW, World

LIST = "/admin/observers/alarm/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def alarms(world: World) -> list[Alarm]:
    """An open one and one that is over, and one of another city."""
    about = {"opened_at": NOW, "last_seen_at": NOW, "detail": f'{{"since": "{NOW.isoformat()}"}}'}
    world.city.time_zone = "America/Sao_Paulo"
    world.city.save()
    with every_city("a test's world spans the cities"):
        return [
            Alarm.objects.create(city=world.city, camera=world.camera, kind="camera_offline", **about),
            Alarm.objects.create(city=world.city, media_server=world.server, kind="mass_loss", closed_at=NOW, **about),
            Alarm.objects.create(city=world.other_city, camera=world.foreign_camera, kind="frozen", **about),
        ]


def test_a_viewer_reads_the_own_citys_alarms_in_its_time(world: World, alarms: list[Alarm]) -> None:
    page = staff(world.viewer).get(LIST).content.decode()
    assert "No picture since 27 Jan 2026 09:00." in page
    assert "over: many cameras offline at once" in page
    assert "Secret harbour" not in page


def test_the_list_is_filtered_by_what_is_open(world: World, alarms: list[Alarm]) -> None:
    client = staff(world.viewer)
    assert "over: many" not in client.get(f"{LIST}?open=1").content.decode()
    assert "No picture since" not in client.get(f"{LIST}?open=0").content.decode()


def test_nobody_edits_an_alarm(world: World, alarms: list[Alarm]) -> None:
    client = staff(world.owner)
    address = reverse("admin:observers_alarm_change", args=[alarms[0].pk])
    page = client.get(address)
    assert (page.status_code, "No picture since" in page.content.decode()) == (200, True)
    assert client.post(address, {"count": 9}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(reverse("admin:observers_alarm_delete", args=[alarms[0].pk])).status_code == 403


def test_a_stranger_finds_none_of_ours(world: World, alarms: list[Alarm]) -> None:
    client = staff(world.stranger)
    assert "Market square" not in client.get(LIST).content.decode()
    assert client.get(reverse("admin:observers_alarm_change", args=[alarms[0].pk])).status_code == 302
