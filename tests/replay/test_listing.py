"""Files of a time and days of a month over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from cities.models import City
from recording.models import RecordingSession
from replay import listing
from tests.recording.gaps.conftest import ago, film, make_holes, wish
from tests.recording.segments.conftest import START, Shelf
from tests.replay.conftest import shelve, spell
from tests.world import NOW, ApiClient, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def test_files_of_a_time(world: World, client: ApiClient, shelf: Shelf) -> None:
    wish(world.camera, START + 4 * SECOND)
    segment = shelve(shelf, world.camera)
    damaged = shelve(shelf, world.camera, START + 60 * SECOND, fragments=0)
    shelve(shelf, world.foreign_camera)
    asked = {"from": spell(START), "to": spell(START + HOUR)}
    found = client.get(f"/api/v1/cameras/{world.camera.pk}/recordings", asked).json()
    assert found == {
        "results": [
            {
                "start": spell(START + 4 * SECOND),
                "end": spell(START + 12 * SECOND),
                "segment_start": spell(START),
                "state": "ready",
                "bytes": segment.size,
                "codecs": ["avc1"],
            },
            {
                "start": spell(START + 60 * SECOND),
                "end": spell(START + 60 * SECOND),
                "segment_start": spell(START + 60 * SECOND),
                "state": "damaged",
                "bytes": damaged.size,
                "codecs": ["avc1"],
            },
        ],
        "next": None,
    }


def test_files_come_in_pages(world: World, client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    wish(world.camera, ago(300))
    for number in range(5):
        film(world.camera, ago(200 - number), ago(199 - number))
    address, starts = f"/api/v1/cameras/{world.camera.pk}/recordings?from={spell(ago(300))}&to={spell(NOW)}", []
    while address:
        page = client.get(address.removeprefix("http://testserver")).json()
        starts += [row["start"] for row in page["results"]]
        address = page["next"]
    assert starts == [spell(ago(200 - number)) for number in range(5)]


def test_days_of_a_month_in_the_city_s_own_calendar(world: World, client: ApiClient) -> None:
    """In Aurora, three hours west of Greenwich, a day begins at 03:00 UTC."""
    midnight = datetime(2026, 1, 20, 3, tzinfo=UTC)
    wish(world.camera, midnight - HOUR)
    film(world.camera, midnight - 2 * HOUR, midnight + HOUR)
    film(world.camera, midnight + 5 * HOUR, midnight + 6 * HOUR)
    film(world.camera, datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 2, 3, 1, tzinfo=UTC))
    found = client.get(f"/api/v1/cameras/{world.camera.pk}/days", {"month": "2026-01"}).json()
    days = [
        {"day": "2026-01-19", "from": "2026-01-19T03:00:00Z", "to": "2026-01-20T03:00:00Z", "seconds": 3600.0},
        {"day": "2026-01-20", "from": "2026-01-20T03:00:00Z", "to": "2026-01-21T03:00:00Z", "seconds": 7200.0},
    ]
    assert found == {"month": "2026-01", "zone": "America/Sao_Paulo", "days": days}
    asked = {"month": "2026-01", "camera_ids": str(world.camera.pk)}
    assert client.get("/api/v1/days", asked).json() == {
        "month": "2026-01",
        "zone": "America/Sao_Paulo",
        "cameras": {str(world.camera.pk): {"days": days}},
    }


def test_holes_inside_files_are_no_footage_of_a_day(world: World, client: ApiClient) -> None:
    """Twenty minutes around midnight; then half an hour, of which ten minutes lie after the session."""
    midnight = datetime(2026, 1, 20, 3, tzinfo=UTC)
    wish(world.camera, midnight - HOUR, midnight + 2 * HOUR)
    film(world.camera, midnight - HOUR / 2, midnight + HOUR / 2, holes=make_holes((20, 40)))
    film(world.camera, midnight + HOUR, midnight + 3 * HOUR, holes=make_holes((40, 70), (80, 90)))
    found = client.get(f"/api/v1/cameras/{world.camera.pk}/days", {"month": "2026-01"}).json()
    assert [(each["day"], each["seconds"]) for each in found["days"]] == [
        ("2026-01-19", 20 * 60),
        ("2026-01-20", (20 + 40) * 60),
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_is_as_long_as_it_is(world: World, client: ApiClient, day: str, hours: int) -> None:
    City.objects.filter(pk=world.city.pk).update(time_zone="Europe/Berlin")
    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00") - 3 * HOUR
    wish(world.camera, begin)
    for number in range(60):
        film(world.camera, begin + number * HOUR / 2, begin + (number + 1) * HOUR / 2)
    (found,) = [
        each
        for each in client.get(f"/api/v1/cameras/{world.camera.pk}/days", {"month": day[:7]}).json()["days"]
        if each["day"] == day
    ]
    assert found["seconds"] == hours * 3600
    assert datetime.fromisoformat(found["to"]) - datetime.fromisoformat(found["from"]) == hours * HOUR


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "2026-1", "26-01", "9999-01", "2026-01-01"])
def test_what_is_no_month_is_named(world: World, client: ApiClient, month: str) -> None:
    for address in (f"cameras/{world.camera.pk}/days", "days"):
        answer = client.get(f"/api/v1/{address}", {"month": month, "camera_ids": str(world.camera.pk)})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "month")


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 40, "\x00"])
def test_what_is_no_cursor_is_named(world: World, client: ApiClient, cursor: str) -> None:
    asked = {"from": spell(START), "to": spell(START + HOUR), "cursor": cursor}
    answer = client.get(f"/api/v1/cameras/{world.camera.pk}/recordings", asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize("what", ["recordings", "days", "timeline"])
def test_a_stranger_finds_nothing(world: World, what: str) -> None:
    wish(world.camera, ago(60))
    film(world.camera, ago(60), ago(30))
    stranger = ApiClient(world.stranger, world.other_city)
    asked = {"from": spell(ago(90)), "to": spell(NOW), "month": "2026-01"}
    assert stranger.get(f"/api/v1/cameras/{world.camera.pk}/{what}", asked).status_code == 404


@pytest.mark.parametrize("what", ["days", "timeline"])
def test_a_foreign_camera_among_several_is_left_out_as_one_that_never_was(
    world: World, client: ApiClient, what: str
) -> None:
    asked = {"from": spell(ago(90)), "to": spell(NOW), "month": "2026-01"}
    for other in (world.foreign_camera.pk, uuid4()):
        found = client.get(f"/api/v1/{what}", asked | {"camera_ids": f"{world.camera.pk},{other}"}).json()
        assert list(found["cameras"]) == [str(world.camera.pk)]
        assert client.get(f"/api/v1/{what}", asked | {"camera_ids": str(other)}).status_code == 404


@pytest.mark.parametrize(("what", "queries"), [("recordings", 3), ("days", 3), ("timeline", 2)])
def test_as_many_queries_for_three_files_as_for_one(
    world: World, client: ApiClient, what: str, queries: int, django_assert_num_queries: Any
) -> None:
    wish(world.camera, ago(300))
    asked = {"from": spell(ago(300)), "to": spell(NOW), "month": "2026-01"}
    for number in range(3):
        film(world.camera, ago(200 - number), ago(199 - number))
        with django_assert_num_queries(queries):  # who calls, and one or two about the camera
            assert client.get(f"/api/v1/cameras/{world.camera.pk}/{what}", asked).status_code == 200
    assert RecordingSession.objects.count() == 1
