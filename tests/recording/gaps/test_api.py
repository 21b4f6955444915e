"""Footage, gaps and coverage over the API: what they say, and how they refuse."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import DataError, connection, transaction

from cameras.models import Camera
from cities.scope import OutsideScope, city_scope
from recording.gaps import api as gaps_api
from recording.gaps.api import MEASURED
from recording.gaps.footage import FootageSpan, list_footage_spans
from recording.models import Gap
from tests.recording.gaps.conftest import ago, film, film_hours, make_holes, wish
from tests.world import NOW, ApiClient, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
MakeClient = Callable[..., ApiClient]
DAY = {"from": "2026-01-26T12:00:00Z", "to": "2026-01-27T12:00:00Z"}


@pytest.fixture
def client(world: World) -> ApiClient:
    return ApiClient(world.viewer, world.city)


def gap(camera: Camera, start: Any, end: Any, cause: str = "camera_offline") -> Gap:
    return Gap.objects.create(camera=camera, city_id=camera.city_id, start=start, end=end, cause=cause)


def spans_of(world: World, start: Any, end: Any) -> list[tuple[Any, Any, str]]:
    return [(each.start, each.end, each.state) for each in list_footage_spans(world.camera, start, end)]


def test_what_may_be_replayed_is_footage_within_sessions(world: World) -> None:
    wish(world.camera, ago(100), ago(70))
    wish(world.camera, ago(50))
    film(world.camera, ago(120), ago(90))
    film(world.camera, ago(90), ago(60))
    film(world.camera, ago(60), ago(55))
    film(world.camera, ago(40), ago(30), "damaged")
    film(world.camera, ago(30), ago(20), "deleting")
    film(world.camera, ago(20), ago(1), "open")
    film(world.foreign_camera, ago(45), ago(40))
    assert spans_of(world, ago(200), NOW) == [
        (ago(100), ago(90), "ready"),
        (ago(90), ago(70), "ready"),
        (ago(20), ago(1), "open"),
    ]
    assert spans_of(world, ago(95), ago(80)) == [(ago(95), ago(90), "ready"), (ago(90), ago(80), "ready")]
    assert spans_of(world, ago(90), ago(90 - 1e-3)) == [(ago(90), ago(90 - 1e-3), "ready")]


def test_a_segment_in_two_sessions_is_two_spans(world: World) -> None:
    wish(world.camera, ago(100), ago(80))
    wish(world.camera, ago(70))
    film(world.camera, ago(90), ago(60))
    assert list_footage_spans(world.camera, ago(200), NOW) == [
        FootageSpan(ago(90), None, ago(80), "ready"),
        FootageSpan(ago(90), ago(70), ago(60), "ready"),
    ]


def test_replayable_footage_is_asked_for_by_one_prepared_and_bounded_statement(world: World) -> None:
    for minutes in (100, 90, 80):
        list_footage_spans(world.camera, ago(minutes), NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%recording_segment%'")
        ((statement,),) = cursor.fetchall()
    assert "segment.start >= $" in statement


def test_the_question_sees_what_its_transaction_wrote_and_fails_as_django_says(world: World) -> None:
    wish(world.camera, ago(100))
    film(world.camera, ago(90), ago(60))
    assert len(list_footage_spans(world.camera, ago(100), NOW)) == 1
    with pytest.raises(DataError), transaction.atomic():
        list_footage_spans(world.camera, ago(100), NOW, most=-1)
    assert len(list_footage_spans(world.camera, ago(100), NOW)) == 1


def test_a_camera_out_of_scope_is_refused(world: World) -> None:
    with city_scope(world.other_city.pk), pytest.raises(OutsideScope):
        list_footage_spans(world.camera, ago(100), NOW)


def test_footage_is_told_without_its_holes(world: World, client: ApiClient) -> None:
    wish(world.camera, ago(200), ago(100))
    film(world.camera, ago(210), ago(150), holes=make_holes((5, 12), (20, 30)))
    film(world.camera, ago(150), ago(90), "open", holes=make_holes((45, 55)))
    film(world.camera, ago(80), ago(70), holes=b"torn")
    page = client.get(f"/api/v1/cameras/{world.camera.pk}/footage", DAY).json()
    spans = [(each["start"], each["end"], each["segment_start"], each["state"]) for each in page["results"]]
    told = [
        (198, 190, 210, "ready"),
        (180, 150, 210, "ready"),
        (150, 105, 150, "open"),
    ]
    assert spans == [(*(f"{ago(minutes):%Y-%m-%dT%H:%M:%SZ}" for minutes in edges), state) for *edges, state in told]


def test_footage_comes_in_pages(world: World, client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    wish(world.camera, ago(60 * 5))
    film_hours(world.camera, ago(60 * 5), 2.5)
    monkeypatch.setattr(gaps_api, "MOST_SPANS", 3)
    page = client.get(f"/api/v1/cameras/{world.camera.pk}/footage", DAY).json()
    assert (len(page["results"]), page["previous"]) == (3, None)
    assert page["results"][0] == {
        "start": "2026-01-27T07:00:00Z",
        "end": "2026-01-27T07:30:00Z",
        "segment_start": "2026-01-27T07:00:00Z",
        "state": "ready",
    }
    rest = client.get(page["next"].removeprefix("http://testserver")).json()
    assert ([each["start"][11:16] for each in rest["results"]], rest["next"]) == (["08:30", "09:00"], None)


def test_gaps_of_the_city_and_of_a_camera(world: World, client: ApiClient) -> None:
    gap(world.camera, ago(300), ago(200), "disk_full")
    gap(world.camera, ago(100), None)
    gap(world.foreign_camera, ago(100), None)
    rows = client.get("/api/v1/gaps").json()["results"]
    assert rows[0] == {
        "camera_id": str(world.camera.pk),
        "camera": "Market square",
        "start": "2026-01-27T10:20:00Z",
        "end": None,
        "cause": "camera_offline",
    }
    assert [row["cause"] for row in rows] == ["camera_offline", "disk_full"]
    narrow = {"from": ago(300).isoformat(), "to": ago(101).isoformat()}
    of_camera = f"/api/v1/cameras/{world.camera.pk}/gaps"
    for address in ("/api/v1/gaps", of_camera):
        assert [row["cause"] for row in client.get(address, narrow).json()["results"]] == ["disk_full"]
        assert len(client.get(address, {"from": ago(50).isoformat()}).json()["results"]) == 1
        assert len(client.get(address, {"to": ago(250).isoformat()}).json()["results"]) == 1
        assert len(client.get(address, {"cause": "disk_full"}).json()["results"]) == 1
    page = client.get("/api/v1/gaps", {"page_size": 1}).json()
    following = client.get(page["next"].removeprefix("http://testserver")).json()
    assert [row["cause"] for row in following["results"]] == ["disk_full"]


def test_coverage_of_a_camera_by_the_city_s_days(world: World, client: ApiClient) -> None:
    """The city lies three hours west of Greenwich: its day begins at 03:00 UTC."""
    wish(world.camera, ago(60 * 12))
    gap(world.camera, ago(60 * 10), ago(60 * 8))
    gap(world.camera, ago(60), ago(30), "deleted")
    found = client.get(f"/api/v1/cameras/{world.camera.pk}/coverage", DAY).json()
    periods = found.pop("periods")
    assert found == {
        "camera_id": str(world.camera.pk),
        "camera": "Market square",
        "wished_seconds": 43200.0,
        "covered_seconds": 34200.0,
        "percent": 79.16,
        "recorded_percent": 83.33,
        "missing_seconds": {"camera_offline": 7200.0, "deleted": 1800.0},
    }
    assert [(each["period"], each["start"], each["end"], each["percent"]) for each in periods] == [
        ("2026-01-26", "2026-01-26T12:00:00Z", "2026-01-27T03:00:00Z", 66.66),
        ("2026-01-27", "2026-01-27T03:00:00Z", "2026-01-27T12:00:00Z", 83.33),
    ]
    assert [each["missing_seconds"] for each in periods] == [
        {"camera_offline": 3600.0},
        {"camera_offline": 3600.0, "deleted": 1800.0},
    ]


def test_coverage_of_the_city_by_month_and_as_a_table(world: World, client: ApiClient) -> None:
    Camera.objects.filter(pk=world.camera.pk).update(name="=1+1", created_at=ago(60 * 24 * 90))
    Camera.objects.filter(pk=world.foreign_camera.pk).update(created_at=ago(60 * 24 * 90))
    wish(world.camera, ago(60 * 12))
    wish(world.foreign_camera, ago(60 * 12))
    asked = {"from": "2025-12-01T03:00:00Z", "to": "2026-02-01T03:00:00Z", "by": "month"}
    (row,) = client.get("/api/v1/coverage", asked).json()["results"]
    assert [(each["period"], each["percent"]) for each in row["periods"]] == [("2025-12", None), ("2026-01", 100.0)]
    answer = client.get("/api/v1/coverage.csv", asked)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(StringIO(answer.content.decode())))
    assert [(line["camera"], line["period"], line["percent"]) for line in lines] == [
        ("'=1+1", "2025-12", ""),
        ("'=1+1", "2026-01", "100.0"),
    ]


def test_a_flood_of_coverage_is_held_by_what_it_costs_and_others_are_unharmed(
    world: World, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MEASURED, "burst", 20)
    monkeypatch.setattr(MEASURED, "rate", 0.1)
    MEASURED.forget()
    Camera.objects.filter(pk=world.camera.pk).update(created_at=ago(60 * 24 * 90))
    month = {"from": "2026-01-01T03:00:00Z", "to": "2026-02-01T03:00:00Z"}
    one = f"/api/v1/cameras/{world.camera.pk}/coverage"
    assert [client.get(path, month).status_code for path in ("/api/v1/coverage.csv", one, "/api/v1/coverage")] == [
        *(200, 429, 429)
    ]
    held = client.get("/api/v1/coverage.csv", month)
    assert (held["Content-Type"], 115 <= int(held["Retry-After"]) <= 120) == ("application/problem+json", True)
    assert ApiClient(world.operator, world.city).get("/api/v1/coverage.csv", month).status_code == 200


def test_what_was_never_wished_has_no_percentage(world: World, client: ApiClient) -> None:
    found = client.get(f"/api/v1/cameras/{world.camera.pk}/coverage", DAY).json()
    assert (found["wished_seconds"], found["percent"], found["missing_seconds"]) == (0.0, None, {})
    far = {"from": "2100-01-01T00:00:00Z", "to": "2100-01-02T00:00:00Z"}
    assert client.get(f"/api/v1/cameras/{world.camera.pk}/coverage", far).json()["percent"] is None


BAD = [
    ({"from": "yesterday"}, "from"),
    ({"to": "2026-01-27"}, "to"),
    ({"from": "2026-01-27T12:00:00"}, "from"),
    ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
    ({"to": "9999-12-31T23:59:59-12:00"}, "to"),
    ({"from": "2026-13-01T00:00:00Z"}, "from"),
    ({"from": DAY["to"], "to": DAY["from"]}, "to"),
    ({"from": DAY["to"], "to": DAY["to"]}, "to"),
    ({"from": "2024-12-01T00:00:00Z", "to": DAY["to"]}, "from"),
    ({"from": "\x00", "to": DAY["to"]}, "from"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
@pytest.mark.parametrize("what", ["footage", "gaps", "coverage"])
def test_a_bad_time_is_named(world: World, client: ApiClient, what: str, asked: dict[str, str], field: str) -> None:
    for address in (f"/api/v1/cameras/{world.camera.pk}/{what}", f"/api/v1/{what}"):
        answer = client.get(address, asked)
        if address.endswith("v1/footage"):
            continue
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("coverage?by=week", "by"),
        ("coverage.csv?by=hour", "by"),
        ("gaps?cause=bad", "cause"),
        ("coverage.csv?to=x", "to"),
    ],
)
def test_a_bad_choice_is_named(client: ApiClient, address: str, field: str) -> None:
    answer = client.get(f"/api/v1/{address}")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_a_plus_that_arrives_as_a_blank_is_understood(client: ApiClient) -> None:
    assert client.get("/api/v1/gaps?from=2026-01-27T12:00:00+03:00").status_code == 200


@pytest.mark.parametrize("what", ["footage", "gaps", "coverage"])
def test_a_stranger_finds_nothing(world: World, what: str) -> None:
    wish(world.camera, ago(60))
    stranger = ApiClient(world.stranger, world.other_city)
    assert stranger.get(f"/api/v1/cameras/{world.camera.pk}/{what}").status_code == 404


def test_the_shortest_wish_counts_until_what_is_known(world: World) -> None:
    wish(world.camera, NOW - timedelta(seconds=10))
    assert list_footage_spans(world.camera, ago(100), NOW) == []
