"""The pages of played footage: what they show, to whom, and at what price."""

from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera
from cities.models import AuditAction, AuditEntry, User
from cities.scope import every_city
from streams import live
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def look(user: User, path: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(path)


def test_a_camera_s_page_says_what_is_known_without_any_script(world: World) -> None:
    text = look(world.viewer, f"/cameras/{world.camera.pk}").content.decode()
    assert "<h1>Market square</h1>" in text
    assert "Recording off" in text
    assert "Your role may not hold footage" in text
    assert "Your role may not hold footage" not in look(world.operator, f"/cameras/{world.camera.pk}").content.decode()


@pytest.mark.parametrize("which", ["foreign", "none"])
def test_a_foreign_camera_is_as_little_there_as_none(world: World, which: str) -> None:
    camera = world.foreign_camera.pk if which == "foreign" else uuid4()
    answer = look(world.owner, f"/cameras/{camera}")
    assert (answer.status_code, "Secret harbour" in answer.content.decode()) == (404, False)


def test_cameras_that_are_not_there_are_left_out_of_the_replay(world: World) -> None:
    path = f"/replay?camera={world.foreign_camera.pk}&camera=nonsense&camera={uuid4()}&camera={world.camera.pk}"
    answer = look(world.owner, path)
    assert [place.name for place in answer.context["places"]] == ["Market square"]
    assert "Secret harbour" not in answer.content.decode()


def add_cameras(world: World, count: int) -> list[Camera]:
    with every_city("a test's world spans the cities"):
        return [
            Camera.objects.create(city=world.city, media_server=world.server, name=f"Gate {number}")
            for number in range(count)
        ]


def test_nine_are_the_most(world: World) -> None:
    cameras = "&".join(f"camera={each.pk}" for each in add_cameras(world, 11))
    answer = look(world.owner, f"/replay?{cameras}")
    assert [place.name for place in answer.context["places"]] == [f"Gate {number}" for number in range(9)]
    assert answer.context["offered"] == []


def test_cameras_are_found_by_name_and_added(world: World) -> None:
    first = add_cameras(world, 3)[0]
    answer = look(world.owner, f"/replay?camera={world.camera.pk}&q=gate%200")
    assert answer.context["offered"] == [(first, f"/replay?camera={world.camera.pk}&camera={first.pk}")]


def test_what_no_name_can_hold_is_left_out_of_a_search(world: World) -> None:
    first = add_cameras(world, 3)[0]
    answer = look(world.owner, "/replay?q=%20gate%00%200%0a")
    assert (answer.status_code, answer.context["text"]) == (200, "gate 0")
    assert [camera for camera, _ in answer.context["offered"]] == [first]


def test_more_cameras_cost_no_more_queries(world: World) -> None:
    cameras = add_cameras(world, 3)
    client = Client()
    client.force_login(world.owner)
    client.get("/replay")  # what a first request alone asks for
    counts = []
    for chosen in (cameras[:1], cameras):
        with CaptureQueriesContext(connection) as queries:
            client.get("/replay?" + "&".join(f"camera={each.pk}" for each in chosen))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_live_picture_is_noted_a_moment_of_the_past_is_not(world: World) -> None:
    with every_city("a test plays the observer"):
        Camera.objects.update(is_online=True)
    look(world.viewer, f"/cameras/{world.camera.pk}?at=2026-01-27T12:00:00Z")
    look(world.viewer, f"/cameras/{world.camera.pk}")
    with every_city("a test looks at what was written"):
        noted = AuditEntry.objects.filter(action=AuditAction.LIVE_VIEWED).values_list("actor", "facts")
        assert list(noted) == [("viewer", {"cameras": 1})]


def test_without_the_player_the_page_says_what_is_missing(world: World) -> None:
    with patch.object(live, "static", side_effect=ValueError("no such file in the manifest")):
        text = look(world.viewer, f"/cameras/{world.camera.pk}").content.decode()
    assert "The player for footage (hls.js) could not be got" in text
    assert "vms.example:8888/player/hls.min.js" in text  # live pictures take the media server's
