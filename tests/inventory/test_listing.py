"""The list of cameras: who sees which, what it says of each, and what it costs the database."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from cameras.groups.services import make_group, narrow_member
from cameras.models import Camera, CameraGroup, MediaServer
from cities.models import City, Membership
from cities.scope import city_scope
from inventory.views import listing
from recording.models import Gap, RecordingSession
from tests.inventory.conftest import signed_in
from tests.world import World, give_source

AddCameras = Callable[[int], list[Camera]]
SECRETS = ("Secret harbour", "Boreal", "hunter2")


def names_in(page: str, *names: str) -> list[str]:
    return [name for name in names if name in page]


def test_a_member_sees_their_city_and_nothing_of_another(world: World) -> None:
    page = signed_in(world.viewer).get("/cameras").content.decode()
    assert names_in(page, "Market square", f"/cameras/{world.camera.pk}", *SECRETS) == [
        "Market square",
        f"/cameras/{world.camera.pk}",
    ]


def test_a_stranger_sees_their_own_city_only(world: World) -> None:
    page = signed_in(world.stranger).get("/cameras").content.decode()
    assert names_in(page, "Secret harbour", "Market square", "Aurora", "hunter2") == ["Secret harbour"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Market square", "Street 000", "Street 001"]),
        ("?q=street", ["Street 000", "Street 001"]),
        ("?state=online", ["Street 000"]),
        ("?recording=on", ["Street 001"]),
        ("?source=pulled", ["Market square"]),
        ("?source=publishes&state=offline", ["Street 001"]),
        ("?server=0", []),
        ("?server=²&state=nonsense&recording=maybe&source=air", ["Market square", "Street 000", "Street 001"]),
        ("?page=99", ["Market square", "Street 000", "Street 001"]),
    ],
)
def test_it_is_searched_and_filtered(world: World, add_cameras: AddCameras, query: str, found: list[str]) -> None:
    first, second = add_cameras(2)
    with city_scope(world.city.pk):
        Camera.objects.filter(pk=first.pk).update(is_online=True)
        Camera.objects.filter(pk=second.pk).update(recording_enabled=True)
    page = signed_in(world.viewer).get(f"/cameras{query}").content.decode()
    assert names_in(page, "Market square", "Street 000", "Street 001") == found


def test_it_says_the_state_and_the_last_day_in_words(world: World) -> None:
    now = timezone.now()
    with city_scope(world.city.pk):
        own: dict[str, Any] = {"camera": world.camera, "city_id": world.city.pk}
        RecordingSession.objects.create(**own, stream_id="x", started_at=now - timedelta(days=3))
        for hours in (20, 10):
            start = now - timedelta(hours=hours)
            Gap.objects.create(**own, start=start, end=start + timedelta(hours=1), cause="camera_offline")
    page = signed_in(world.viewer).get("/cameras").content.decode()
    assert "of the wished time, 2 gaps" in page
    assert "Offline · never seen" in page
    assert page.count('<rect class="lost"') == 2


def test_who_may_only_look_finds_no_switch_and_no_way_to_change(world: World) -> None:
    page = signed_in(world.viewer).get("/cameras").content.decode()
    assert names_in(page, 'role="switch"', 'id="chosen"', "/cameras/new", "/cameras/import", "/edit") == []
    page = signed_in(world.operator).get("/cameras").content.decode()
    assert names_in(page, 'role="switch"', 'id="chosen"', "/cameras/new", "/edit") == ['role="switch"', 'id="chosen"']


def test_a_page_of_fifty_asks_no_more_than_a_page_of_one(
    world: World, add_cameras: AddCameras, django_assert_num_queries: Any
) -> None:
    client = signed_in(world.operator)
    client.get("/cameras")
    with django_assert_num_queries(12):
        client.get("/cameras")
    add_cameras(60)
    with django_assert_num_queries(12):
        page = client.get("/cameras").content.decode()
    assert page.count("<tr data-camera=") == 50


def group_of(city: City, name: str, *cameras: Camera) -> CameraGroup:
    return make_group(city, name=name, camera_ids=[each.pk for each in cameras], by=None, now=timezone.now())


def test_a_group_is_chosen_in_list_table_and_wall(world: World, add_cameras: AddCameras) -> None:
    first, _ = add_cameras(2)
    client = signed_in(world.viewer)
    with city_scope(world.city.pk):
        group = group_of(world.city, "Schools", first)
    for address in ("/cameras", "/"):
        assert f'<option value="{group.pk}">Schools</option>' in client.get(address).content.decode()
        page = client.get(address, {"group": str(group.pk)}).content.decode()
        assert names_in(page, "Market square", "Street 000", "Street 001") == ["Street 000"]
        assert f'<option value="{group.pk}" selected>Schools</option>' in page
    table = client.get("/cameras.csv", {"group": str(group.pk)}).content.decode()
    assert names_in(table, "Market square", "Street 000", "Street 001") == ["Street 000"]


def test_a_strangers_group_and_one_that_is_none_are_told_to_nobody(world: World) -> None:
    with city_scope(world.other_city.pk):
        foreign = group_of(world.other_city, "Secret schools", world.foreign_camera)
    client = signed_in(world.viewer)
    for address in ("/cameras", "/"):
        page = client.get(address, {"group": str(foreign.pk)}).content.decode()
        assert names_in(page, "Market square", "Secret schools", "Secret harbour", 'id="group"') == []
        assert "Market square" in client.get(address, {"group": "nonsense"}).content.decode()


def test_who_sees_some_cameras_alone_is_told_of_no_group(world: World, add_cameras: AddCameras) -> None:
    first, _ = add_cameras(2)
    with city_scope(world.city.pk):
        group = group_of(world.city, "Schools", first)
        member = Membership.objects.get(user=world.viewer, city=world.city)
        narrow_member(member, [group], by=None, now=timezone.now())
    client = signed_in(world.viewer)
    page = client.get("/cameras").content.decode()
    assert names_in(page, "Street 000", "Market square", "Schools", 'id="group"') == ["Street 000"]
    assert names_in(client.get("/cameras", {"group": str(group.pk)}).content.decode(), "Street 000") == []


def test_it_says_why_not_all_that_fit_can_be_switched(
    world: World, add_cameras: AddCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_cameras(60)
    client = signed_in(world.operator)
    assert "All 61 that fit" in client.get("/cameras").content.decode()
    monkeypatch.setattr(listing, "MOST_AT_ONCE", 60)
    page = client.get("/cameras").content.decode()
    assert names_in(page, "All 61 that fit", "61 fit; look for 60 or fewer") == ["61 fit; look for 60 or fewer"]


def test_only_servers_of_the_city_are_told(world: World) -> None:
    north = MediaServer.objects.create(name="north")
    with city_scope(world.other_city.pk):
        Camera.objects.create(city=world.other_city, media_server=north, name="Pier")
    assert "north" not in signed_in(world.viewer).get("/cameras").content.decode()
    with city_scope(world.city.pk):
        Camera.objects.create(city=world.city, media_server=north, name="Bridge")
    assert "north</option>" in signed_in(world.viewer).get("/cameras").content.decode()


def test_the_table_holds_no_credentials_and_no_formula(world: World) -> None:
    with city_scope(world.city.pk):
        camera = Camera(city=world.city, media_server=world.server, name="=cmd()", location="North;@home")
        give_source(camera, "rtsp://admin:sesame@10.0.0.9/live?token=abcdef")
    answer = signed_in(world.viewer).get("/cameras.csv?q=cmd")
    (row,) = csv.DictReader(StringIO(answer.content.decode()))
    assert (row["name"], row["location"]) == ("'=cmd()", "North;'@home")
    assert row["source_url"] == "rtsp://10.0.0.9/live?token=***"
    assert names_in(answer.content.decode(), "sesame", "abcdef", *SECRETS) == []
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
