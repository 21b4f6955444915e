"""The list of cameras: who sees which, what it says of each, and what it costs the database."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from cameras.models import Camera, MediaServer
from cities.scope import city_scope
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
    with django_assert_num_queries(11):
        client.get("/cameras")
    add_cameras(60)
    with django_assert_num_queries(11):
        page = client.get("/cameras").content.decode()
    assert page.count("<tr data-camera=") == 50


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
        camera = Camera(city=world.city, media_server=world.server, name="=cmd()", location="@home")
        give_source(camera, "rtsp://admin:sesame@10.0.0.9/live?token=abcdef")
    answer = signed_in(world.viewer).get("/cameras.csv?q=cmd")
    (row,) = csv.DictReader(StringIO(answer.content.decode()))
    assert (row["name"], row["location"]) == ("'=cmd()", "'@home")
    assert row["source_url"] == "rtsp://10.0.0.9/live?token=***"
    assert names_in(answer.content.decode(), "sesame", "abcdef", *SECRETS) == []
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("text/csv; charset=utf-8", "no-store")
