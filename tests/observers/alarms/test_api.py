"""The API of alarms: those of the city alone, newest first, by state, kind and camera."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cities.scope import every_city
from observers.models import Alarm
from tests.observers.alarms.conftest import after
from tests.world import NOW, ApiClient, World

LIST = "/api/v1/alarms"


@pytest.fixture
def alarms(world: World) -> dict[str, Alarm]:
    """Of each city's camera an open one; a closed one, and one about the media server."""
    with every_city("a test's world spans the cities"):
        return {
            "offline": make("camera_offline", 0, camera=world.camera, detail=f'{{"since": "{NOW.isoformat()}"}}'),
            "over": make("frozen", 10, camera=world.camera, closed_at=after(20)),
            "server": make("server_unreachable", 20, city=world.city, media_server=world.server),
            "foreign": make("camera_offline", 30, camera=world.foreign_camera),
        }


def make(kind: str, seconds: float, **about: Any) -> Alarm:
    city = about.pop("city", None) or about["camera"].city
    return Alarm.objects.create(kind=kind, city=city, opened_at=after(seconds), last_seen_at=after(seconds), **about)


@pytest.fixture
def read(world: World, api: Callable[..., ApiClient]) -> Callable[[str], Any]:
    return lambda query: api(world.viewer, world.city).get(LIST + query)


def kinds(answer: Any) -> list[str]:
    return [each["kind"] for each in answer.json()["results"]]


def test_an_alarm_says_what_is_wrong_with_what(world: World, alarms: dict[str, Alarm], read: Any) -> None:
    assert read(f"/{alarms['offline'].pk}").json() == {
        "id": alarms["offline"].pk,
        "kind": "camera_offline",
        "subject": {"type": "camera", "id": str(world.camera.pk), "name": "Market square"},
        "detail": "No picture since 2026-01-27T12:00:00+00:00.",
        "cause": "",
        "opened_at": "2026-01-27T12:00:00Z",
        "last_seen_at": "2026-01-27T12:00:00Z",
        "count": 1,
        "closed_at": None,
    }
    server = read(f"/{alarms['server'].pk}").json()
    assert server["subject"] == {"type": "media_server", "id": str(world.server.pk), "name": "main"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["server_unreachable", "frozen", "camera_offline"]),
        ("?open=true", ["server_unreachable", "camera_offline"]),
        ("?open=false", ["frozen"]),
        ("?open=&kind=", ["server_unreachable", "frozen", "camera_offline"]),
        ("?kind=frozen", ["frozen"]),
        ("?kind=frozen&open=true", []),
        ("?camera_id={own}", ["frozen", "camera_offline"]),
        ("?camera_id={foreign}", []),
    ],
)
def test_the_list_is_newest_first_and_filtered(
    world: World, alarms: dict[str, Alarm], read: Any, query: str, expected: list[str]
) -> None:
    assert kinds(read(query.format(own=world.camera.pk, foreign=world.foreign_camera.pk))) == expected


@pytest.mark.parametrize(
    ("query", "field"), [("?open=yes", "open"), ("?kind=fire", "kind"), ("?camera_id=1", "camera_id")]
)
def test_a_filter_that_means_nothing_is_named(alarms: dict[str, Alarm], read: Any, query: str, field: str) -> None:
    answer = read(query)
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, [field])


def test_the_list_comes_in_pages(world: World, alarms: dict[str, Alarm], api: Callable[..., ApiClient]) -> None:
    client, address, seen = api(world.viewer, world.city), f"{LIST}?page_size=1", []
    while address:
        page = client.get(address).json()
        seen += [each["kind"] for each in page["results"]]
        address = page["next"]
    assert seen == ["server_unreachable", "frozen", "camera_offline"]


def test_many_of_one_moment_are_all_in_the_pages(world: World, api: Callable[..., ApiClient]) -> None:
    with every_city("a test's world spans the cities"):
        for kind in ("frozen", "flapping", "camera_offline", "unstable_clock", "wish_not_met"):
            make(kind, 0, camera=world.camera)
    client, address, seen = api(world.viewer, world.city), f"{LIST}?page_size=2", []
    while address:
        page = client.get(address).json()
        seen += [each["id"] for each in page["results"]]
        address = page["next"]
    assert (len(seen), len(set(seen))) == (5, 5)


def test_a_stranger_finds_nothing_of_ours(
    world: World, alarms: dict[str, Alarm], api: Callable[..., ApiClient]
) -> None:
    client = api(world.stranger, world.other_city)
    assert [each["id"] for each in client.get(LIST).json()["results"]] == [alarms["foreign"].pk]
    for name in ("offline", "server"):
        assert client.get(f"{LIST}/{alarms[name].pk}").status_code == 404
    assert client.get(f"{LIST}/{10**30}").status_code == 404
    assert client.get(f"{LIST}?camera_id={world.camera.pk}").json()["results"] == []


def test_a_camera_that_was_removed_keeps_its_alarms(world: World, alarms: dict[str, Alarm], read: Any) -> None:
    with every_city("a test's world spans the cities"):
        world.camera.removed_at = NOW + timedelta(days=1)
        world.camera.save()
    assert kinds(read(f"?camera_id={world.camera.pk}")) == ["frozen", "camera_offline"]
