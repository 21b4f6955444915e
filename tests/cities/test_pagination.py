"""Pages with cursors: every row once, forwards and backwards, while rows come and go."""

from base64 import b64encode
from typing import Any

import pytest

from cameras.models import Camera
from cities.scope import city_scope
from streams.services import wish_stream
from tests.world import NOW, ApiClient, World

LISTS = ["/api/v1/cameras", "/api/v1/streams"]


@pytest.fixture
def many(world: World) -> World:
    """A city of 8 cameras with streams, whose names sort unlike their making."""
    with city_scope(world.city.pk):
        Camera.objects.update(name="Câmera 0")
        for number in (5, 3, 7, 1, 6, 2, 4):
            Camera.objects.create(city=world.city, media_server=world.server, name=f"Câmera {number} & 'ção'")
        for camera in Camera.objects.all():
            wish_stream(camera, now=NOW)
    return world


def ids_of(page: Any) -> list[str]:
    return [row.get("camera_id") or row["id"] for row in page["results"]]


def walk(client: ApiClient, address: str, direction: str) -> list[list[str]]:
    pages = []
    while address:
        page = client.get(address).json()
        pages.append(ids_of(page))
        address = page[direction]
        assert address is None or address.startswith("http://testserver/api/v1/")
    return pages


@pytest.mark.parametrize("address", LISTS)
def test_all_rows_come_once_forwards_and_backwards(many: World, address: str) -> None:
    client = ApiClient(many.viewer, many.city)
    everything = ids_of(client.get(address).json())
    assert len(everything) == 8
    forwards = walk(client, f"{address}?page_size=3", "next")
    assert forwards == [everything[:3], everything[3:6], everything[6:]]
    last = f"{address}?page_size=3"
    while (following := client.get(last).json()["next"]) is not None:
        last = following
    assert walk(client, last, "previous") == list(reversed(forwards))


def test_a_page_turned_while_rows_go_repeats_and_skips_nothing(many: World) -> None:
    client = ApiClient(many.owner, many.city)
    first = client.get("/api/v1/cameras?page_size=3").json()
    everything = ids_of(client.get("/api/v1/cameras").json())
    assert client.delete(f"/api/v1/cameras/{everything[0]}").status_code == 204
    assert ids_of(client.get(first["next"]).json()) == everything[3:6]


def test_filters_go_along_with_the_pages(many: World) -> None:
    client = ApiClient(many.viewer, many.city)
    first = client.get("/api/v1/cameras?page_size=2&search=%C3%A7%C3%A3o&recording=false").json()
    assert (len(first["results"]), first["previous"]) == (2, None)
    assert len(walk(client, "/api/v1/cameras?page_size=2&search=%C3%A7%C3%A3o&recording=false", "next")) == 4


@pytest.mark.parametrize(("asked", "given"), [("", 8), ("1", 1), ("0005", 5), ("500", 8), ("999999", 8)])
def test_the_page_size_is_bounded(many: World, asked: str, given: int) -> None:
    assert len(ApiClient(many.viewer, many.city).get(f"/api/v1/cameras?page_size={asked}").json()["results"]) == given


def cursor(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("page_size", value) for value in ("0", "-1", "x", "1.5", "٣", "1e3", "9" * 20, "%00")],
        *[("cursor", value) for value in ("x", "%00", "é", cursor("p=%00"), cursor("o=-1"), cursor("r=x"), "====")],
    ],
)
def test_a_bad_value_is_named(world: World, name: str, value: str) -> None:
    for address in LISTS:
        answer = ApiClient(world.viewer, world.city).get(f"{address}?{name}={value}")
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [name])


def test_a_made_up_cursor_shows_nothing_of_others(many: World) -> None:
    for text in ("p=A", "p=", "r=1&p=zzz", "o=99999999", "p=%F0%9F%8E%A5", "r=1"):
        answer = ApiClient(many.viewer, many.city).get("/api/v1/cameras", {"cursor": cursor(text)})
        assert answer.status_code == 200
        assert "Secret harbour" not in answer.content.decode()
