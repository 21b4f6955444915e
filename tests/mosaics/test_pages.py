"""The wall in tiles and its mosaics as the server gives them: whose they are, what they hold, what they cost."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.asserts import assertRedirects

from cameras.models import Camera
from cities.models import AuditAction, AuditEntry, City, User
from cities.scope import city_scope, every_city
from mosaics.arrangements import Arrangement, Tile
from mosaics.models import Mosaic
from mosaics.services import create_mosaic
from tests.world import NOW, World


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def add_cameras(world: World, count: int) -> list[Camera]:
    with city_scope(world.city.pk):
        return [
            Camera.objects.create(city=world.city, media_server=world.server, name=f"Street {number:03}")
            for number in range(count)
        ]


def keep(city: City, *cameras: Camera, name: str = "Night shift", first: int = 0) -> Mosaic:
    tiles = [Tile(first + place, camera.pk) for place, camera in enumerate(cameras)]
    with city_scope(city.pk):
        return create_mosaic(city, Arrangement(name, 2, 3, 30, tiles), by=None, now=NOW)


def placed(answer: Any) -> list[tuple[int, str]]:
    return [(place, card.name) for place, card in answer.context["placed"]]


@pytest.mark.parametrize("query", ["layout=2x2", "rows=2&columns=2"])
def test_a_layout_places_the_cameras_by_name(world: World, query: str) -> None:
    add_cameras(world, 2)
    answer = signed_in(world.viewer).get(f"/?{query}&q=street")
    assert placed(answer) == [(0, "Street 000"), (1, "Street 001")]
    assert 'data-layout="2x2"' in answer.content.decode()
    assert "?q=street&amp;layout=3x3" in answer.content.decode()


def test_a_layout_that_means_nothing_is_the_list(world: World) -> None:
    answer = signed_in(world.viewer).get("/?layout=9x9")
    assert (answer.context["layout"], placed(answer)) == (None, [(0, "Market square")])


def test_more_cameras_than_a_wall_holds_are_cut_off_and_that_is_said(world: World) -> None:
    with city_scope(world.city.pk):
        Camera.objects.bulk_create(
            Camera(city=world.city, media_server=world.server, name=f"Street {number:04}") for number in range(205)
        )
    answer = signed_in(world.viewer).get("/?layout=4x4")
    assert len(placed(answer)) == 200
    assert "The first 200 cameras by name" in answer.content.decode()


def test_a_mosaic_is_opened_with_its_places_layout_and_rotation(world: World) -> None:
    (street,) = add_cameras(world, 1)
    mosaic = keep(world.city, street, world.camera, first=4)
    answer = signed_in(world.viewer).get(f"/?mosaic={mosaic.pk}")
    page = answer.content.decode()
    assert placed(answer) == [(4, "Street 000"), (5, "Market square")]
    assert [
        mark for mark in ('data-layout="2x3"', 'data-revision="1"', 'value="30" selected') if mark not in page
    ] == []
    assert 'data-layout="1x2"' in signed_in(world.viewer).get(f"/?mosaic={mosaic.pk}&layout=1x2").content.decode()


def test_who_may_save_and_who_may_only_look(world: World) -> None:
    assert "data-save-dialog" not in signed_in(world.viewer).get("/?layout=2x2").content.decode()
    assert "data-save-dialog" in signed_in(world.operator).get("/?layout=2x2").content.decode()


def test_a_foreign_mosaic_is_no_other_than_one_that_is_gone(world: World) -> None:
    foreign = keep(world.other_city, world.foreign_camera, name="Secret wall")
    client = signed_in(world.owner)
    for mosaic_id in (foreign.pk, uuid4(), "nonsense"):
        answer = client.get(f"/?mosaic={mosaic_id}")
        assertRedirects(answer, "/", fetch_redirect_response=False)
        page = client.get("/").content.decode()
        assert "This mosaic is not there any more." in page
        assert [word for word in ("Secret", str(foreign.pk)) if word in page] == []


def test_names_of_mosaics_are_never_markup(world: World) -> None:
    mosaic = keep(world.city, world.camera, name="<script>alert(1)</script>")
    for path in ("/", f"/?mosaic={mosaic.pk}"):
        assert "<script>alert" not in signed_in(world.operator).get(path).content.decode()


def test_the_wall_costs_the_same_for_one_mosaic_and_three(world: World, django_assert_max_num_queries: Any) -> None:
    client, costs = signed_in(world.viewer), []
    one, *more = (world.camera, *add_cameras(world, 2))
    small, large = keep(world.city, one), None
    client.get("/")
    for path in ("/", f"/?mosaic={small.pk}", "/?layout=2x2"):
        with django_assert_max_num_queries(20) as queries:
            client.get(path)
        costs.append(len(queries))
    large = keep(world.city, one, *more, name="Large")
    keep(world.city, *more, name="Other")
    for path in ("/", f"/?mosaic={large.pk}", "/?layout=2x2"):
        with django_assert_max_num_queries(20) as queries:
            client.get(path)
        costs.append(len(queries))
    assert costs[:3] == costs[3:]


def test_cards_are_given_to_the_citys_members_only(world: World) -> None:
    ids = {"ids": f"{world.camera.pk},{world.foreign_camera.pk},nonsense,{uuid4()}"}
    page = signed_in(world.viewer).get("/wall/cards", ids).content.decode()
    assert (page.count("data-camera="), "Market square" in page, "Secret" in page) == (1, True, False)
    assert 'role="switch"' not in page
    assert 'role="switch"' in signed_in(world.operator).get("/wall/cards", ids).content.decode()
    assert Client().get("/wall/cards", ids).status_code == 401


def test_who_puts_a_camera_on_the_wall_is_written_down(world: World) -> None:
    signed_in(world.viewer).get("/wall/cards", {"ids": str(world.camera.pk)})
    with every_city("a test looks at what was written"):
        assert AuditEntry.objects.filter(action=AuditAction.LIVE_VIEWED, actor="viewer").count() == 1


def test_the_page_may_reach_the_media_servers_of_the_city_only(world: World) -> None:
    policy = signed_in(world.viewer).get("/?layout=1x1&q=nothing")["Content-Security-Policy"]
    assert "connect-src 'self' http://vms.example:8888 http://vms.example:8889;" in policy


def test_the_live_addresses_are_of_webrtc_and_hls(world: World) -> None:
    live = signed_in(world.viewer).get(f"/cameras/{world.camera.pk}/live").json()
    path = f"/stream_{world.camera.pk}"
    assert live["webrtc_url"].startswith(f"http://vms.example:8889{path}/whep?token=")
    assert live["hls_url"].startswith(f"http://vms.example:8888{path}/index.m3u8?token=")
