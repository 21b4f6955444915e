"""The API of holds: what is asked and answered, by whom, and what bad input is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cities.scope import every_city
from recording.holds.keeping import keep_links
from recording.models import Hold, Segment
from tests.recording.holds.conftest import fill
from tests.recording.segments.conftest import START, Shelf
from tests.world import ApiClient, World

pytestmark = pytest.mark.django_db
HOLDS = "/api/v1/holds"


@pytest.fixture
def operator(world: World) -> ApiClient:
    return ApiClient(world.operator, world.city)


@pytest.fixture
def manager(world: World) -> ApiClient:
    return ApiClient(world.owner, world.city)


@pytest.fixture
def footage(world: World, shelf: Shelf) -> list[Segment]:
    """Two minutes of the world's camera with a hole after the first, and some of another city's."""
    fill(shelf, world.foreign_camera, 2)
    fill(shelf, world.camera, 5)
    return fill(shelf, world.camera, 5, first=START + timedelta(minutes=2))


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def body(world: World, **changes: Any) -> dict[str, Any]:
    wish = {"camera_id": str(world.camera.pk), "from": at(6), "to": at(150), "reason": "Robbery"}
    return wish | {"case_number": "12/2026"} | changes


def keep(shelf: Shelf) -> None:
    with every_city("a test stands in for the worker"):
        keep_links(shelf.server, timezone.now())


def test_a_hold_says_what_was_asked_and_what_is_kept(
    world: World, shelf: Shelf, footage: list[Segment], operator: ApiClient
) -> None:
    answer = operator.send("post", HOLDS, body(world))
    made = answer.json()
    assert (answer.status_code, made["state"], made["kept"]) == (201, "securing", [])
    assert made["securing"] == [{"from": at(0), "to": at(60)}, {"from": at(120), "to": at(156)}]
    keep(shelf)
    found = operator.get(f"{HOLDS}/{made['id']}").json()
    assert {name: found[name] for name in ("camera_id", "from", "to", "reason", "case_number", "until", "is_live")} == {
        **body(world),
        "until": None,
        "is_live": True,
    }
    assert (found["created_by"], found["released_at"], found["released_by"]) == ("operator", None, None)
    assert (found["state"], found["securing"]) == ("partly", [])
    assert found["kept"] == [{"from": at(0), "to": at(60)}, {"from": at(120), "to": at(156)}]
    assert found["missing"] == [{"from": at(60), "to": at(120)}]
    with every_city("a test looks at all rows"):
        assert found["held_bytes"] == sum(row.size for row in Segment.objects.exclude(held_file=""))
    assert found["statement"] == (
        "Asked 27 Jan 2026 03:00:06 – 03:02:30 UTC. "
        "Kept 27 Jan 2026 03:00:00 – 03:01:00 UTC; 27 Jan 2026 03:02:00 – 03:02:36 UTC. "
        "Missing 27 Jan 2026 03:01:00 – 03:02:00 UTC."
    )


def test_a_release_is_the_manager_s_idempotent_and_stays_as_history(
    world: World, shelf: Shelf, footage: list[Segment], operator: ApiClient, manager: ApiClient
) -> None:
    address = f"{HOLDS}/{operator.send('post', HOLDS, body(world)).json()['id']}"
    keep(shelf)
    assert operator.delete(address).status_code == 403
    first = manager.delete(address)
    assert (first.status_code, first.json()["state"], first.json()["is_live"]) == (200, "released", False)
    assert (first.json()["kept"], first.json()["released_by"]) == ([], "owner")
    assert manager.delete(address).json() == first.json()
    assert operator.get(address).json()["statement"].endswith("Nothing is held any more.")
    keep(shelf)
    with every_city("a test looks at all rows"):
        assert list(Segment.objects.exclude(held_file="")) == []


def test_holds_are_listed_by_camera_and_by_whether_they_are_in_force(
    world: World, footage: list[Segment], operator: ApiClient, manager: ApiClient
) -> None:
    first = operator.send("post", HOLDS, body(world)).json()["id"]
    second = operator.send("post", HOLDS, body(world, reason="Another")).json()["id"]
    manager.delete(f"{HOLDS}/{first}")

    def listed(query: str) -> list[str]:
        return [hold["id"] for hold in operator.get(f"{HOLDS}{query}").json()["results"]]

    assert listed("") == [second, first]
    assert (listed("?live=true"), listed("?live=false"), listed("?live=")) == ([second], [first], [second, first])
    assert listed(f"?camera_id={world.camera.pk}") == [second, first]
    assert listed(f"?camera_id={world.foreign_camera.pk}") == []
    assert operator.get(f"{HOLDS}?live=maybe").json()["errors"][0]["field"] == "live"
    page = operator.get(f"{HOLDS}?page_size=1").json()
    assert [hold["id"] for hold in operator.get(page["next"]).json()["results"]] == [first]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"from": at(200), "to": at(100)}, ("to", "swapped")),
        ({"to": at(6)}, ("to", "later")),
        ({"from": "2026-01-27T03:00:00"}, ("from", "time zone")),
        ({"from": "yesterday"}, ("from", "wrong format")),
        ({"from": None}, ("from", "null")),
        ({"from": 1}, ("from", "wrong format")),
        ({"from": "9998-01-01T00:00:00Z", "to": "9999-01-01T00:00:00Z"}, ("from", "future")),
        ({"from": "0001-01-01T00:00:00+23:00"}, ("from", "range")),
        ({"to": "9999-01-01T00:00:00Z"}, ("to", "24 hours")),
        ({"from": "2025-01-27T03:00:00Z"}, ("to", "31 days")),
        ({"from": at(70), "to": at(80)}, ("from", "nearest is from 2026-01-27T03:00:48")),
        ({"until": "2026-01-27T04:00:00Z"}, ("until", "past")),
        ({"until": "2126-01-27T04:00:00"}, ("until", "time zone")),
        ({"reason": ""}, ("reason", "blank")),
        ({"reason": "x" * 501}, ("reason", "500")),
        ({"case_number": "x" * 121}, ("case_number", "120")),
        ({"case_number": "\x00"}, ("case_number", "Null")),
        ({"camera_id": "1"}, ("camera_id", "UUID")),
    ],
)
def test_what_is_wrong_is_named(
    world: World, footage: list[Segment], operator: ApiClient, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = operator.send("post", HOLDS, body(world, **changes))
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], fault[1] in error["detail"]) == (400, fault[0], True), error
    with every_city("a test looks at all rows"):
        assert Hold.objects.count() == 0


def test_what_is_missing_is_named(world: World, operator: ApiClient) -> None:
    errors = operator.send("post", HOLDS, {}).json()["errors"]
    assert [error["field"] for error in errors] == ["camera_id", "from", "to", "reason"]


def test_a_foreign_camera_s_footage_cannot_be_held(world: World, footage: list[Segment], operator: ApiClient) -> None:
    answer = operator.send("post", HOLDS, body(world, camera_id=str(world.foreign_camera.pk)))
    assert answer.status_code == 404
    with every_city("a test looks at all rows"):
        assert Hold.objects.count() == 0


def test_the_footage_of_a_removed_camera_can_be_held(
    world: World, footage: list[Segment], operator: ApiClient, manager: ApiClient
) -> None:
    manager.delete(f"/api/v1/cameras/{world.camera.pk}")
    assert operator.send("post", HOLDS, body(world)).status_code == 201


def test_any_time_zone_will_do(world: World, footage: list[Segment], operator: ApiClient) -> None:
    given = body(world, **{"from": "2026-01-27T00:00:06-03:00", "to": "2026-01-27T05:00:30+02:00"})
    made = operator.send("post", HOLDS, given).json()
    assert datetime.fromisoformat(made["from"]) == datetime(2026, 1, 27, 3, 0, 6, tzinfo=UTC)
    assert made["from"] == "2026-01-27T03:00:06Z"
