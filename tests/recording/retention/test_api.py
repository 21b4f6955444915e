"""The API of retention: promises and what was deleted, as clients meet them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cameras.models import Camera
from cities.models import City
from cities.scope import every_city
from recording.gaps.spans import Span
from recording.models import Deletion, RetentionPolicy, Segment
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.records import seal_deletion_records
from tests.world import NOW, ApiClient, World

CITY = "/api/v1/retention"
DEFAULT = {"days": 7, "max_days": None, "quota_bytes": None}


@pytest.fixture
def manager(world: World) -> ApiClient:
    return ApiClient(world.owner, world.city)


def address_of(camera: Camera) -> str:
    return f"/api/v1/cameras/{camera.pk}/retention"


def policies() -> int:
    with every_city("a test counts all rows"):
        return RetentionPolicy.objects.count()


def make_segment(world: World, size: int) -> Segment:
    with every_city("a test writes a row"):
        return Segment.objects.create(
            camera=world.camera,
            city=world.city,
            media_server=world.server,
            start=NOW,
            end=NOW,
            size=size,
            whole_bytes=0,
            file=f"{world.camera.stream_id}/2026-01-27_12-00-00-000000.mp4",
            state="ready",
            indexed_at=NOW,
        )


def test_seven_days_are_promised_until_somebody_chooses(world: World, manager: ApiClient) -> None:
    assert manager.get(CITY).json() == DEFAULT | {"is_default": True, "plans": [7, 15, 30]}
    assert manager.get(address_of(world.camera)).json() == DEFAULT | {
        "camera_id": str(world.camera.pk),
        "is_own": False,
    }


def test_what_is_left_out_stays_and_null_takes_it_away(manager: ApiClient) -> None:
    first = manager.send("put", CITY, {"days": 15, "max_days": 30, "quota_bytes": 10**12}).json()
    assert first == {"days": 15, "max_days": 30, "quota_bytes": 10**12, "is_default": False, "plans": [7, 15, 30]}
    assert manager.send("put", CITY, {"days": 20}).json() == first | {"days": 20}
    without = manager.send("put", CITY, {"days": 20, "max_days": None, "quota_bytes": None}).json()
    assert without == DEFAULT | {"days": 20, "is_default": False, "plans": [7, 15, 30]}
    assert manager.get(CITY).json() == without


def test_a_cameras_promise_beats_its_citys_until_it_is_dropped(world: World, manager: ApiClient) -> None:
    manager.send("put", CITY, {"days": 15})
    own = manager.send("put", address_of(world.camera), {"days": 30, "max_days": 60}).json()
    assert own == {
        "camera_id": str(world.camera.pk),
        "days": 30,
        "max_days": 60,
        "quota_bytes": None,
        "is_own": True,
    }
    for _ in range(2):
        dropped = manager.send("delete", address_of(world.camera))
        assert (dropped.status_code, dropped.json()["days"], dropped.json()["is_own"]) == (200, 15, False)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "days", "required"),
    ({"days": 0}, "days", "from 1 to 3650"),
    ({"days": -1}, "days", "from 1 to 3650"),
    ({"days": 3651}, "days", "from 1 to 3650"),
    ({"days": 10**30}, "days", "from 1 to 3650"),
    ({"days": None}, "days", "null"),
    ({"days": "many"}, "days", "integer"),
    ({"days": 1.5}, "days", "integer"),
    ({"days": True}, "days", "integer"),
    ({"days": 7, "max_days": 6}, "max_days", "less than the promised days"),
    ({"days": 7, "max_days": 0}, "max_days", "from 1 to 3650"),
    ({"days": 7, "max_days": 3651}, "max_days", "from 1 to 3650"),
    ({"days": 7, "quota_bytes": 0}, "quota_bytes", "1 MB"),
    ({"days": 7, "quota_bytes": -5}, "quota_bytes", "1 MB"),
    ({"days": 7, "quota_bytes": 999_999}, "quota_bytes", "1 MB"),
    ({"days": 7, "quota_bytes": 10**18 + 1}, "quota_bytes", "1 EB"),
    ({"days": 7, "quota_bytes": 4_999_999}, "quota_bytes", "largest segment"),
]


@pytest.mark.parametrize(("body", "field", "words"), WRONG, ids=str)
def test_what_cannot_be_meant_is_refused_by_field_and_changes_nothing(
    world: World, manager: ApiClient, body: dict[str, Any], field: str, words: str
) -> None:
    make_segment(world, 5_000_000)
    for address in (CITY, address_of(world.camera)):
        answer = manager.send("put", address, body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
        assert words in answer.json()["errors"][0]["detail"]
    assert policies() == 0


def test_a_smaller_promise_must_fit_the_maximum_that_stays(manager: ApiClient) -> None:
    manager.send("put", CITY, {"days": 7, "max_days": 10})
    assert manager.send("put", CITY, {"days": 11}).json()["errors"][0]["field"] == "max_days"
    assert manager.get(CITY).json()["days"] == 7


def test_a_quota_of_just_the_largest_segment_is_enough(world: World, manager: ApiClient) -> None:
    make_segment(world, 5_000_000)
    assert manager.send("put", CITY, {"days": 7, "quota_bytes": 5_000_000}).status_code == 200


def test_lowering_a_promise_deletes_nothing_in_the_request(world: World, manager: ApiClient) -> None:
    row = make_segment(world, 5_000_000)
    manager.send("put", CITY, {"days": 1, "max_days": 1, "quota_bytes": 5_000_000})
    with every_city("a test looks at the row"):
        assert Segment.objects.get(pk=row.pk).state == "ready"


def test_an_operator_may_not_change_a_promise(world: World) -> None:
    operator = ApiClient(world.operator, world.city)
    for address in (CITY, address_of(world.camera)):
        assert operator.send("put", address, {"days": 1}).status_code == 403
    assert policies() == 0


def test_a_foreign_camera_gets_no_promise(world: World, manager: ApiClient) -> None:
    for method in ("get", "put", "delete"):
        assert manager.send(method, address_of(world.foreign_camera), {"days": 1}).status_code == 404
    assert policies() == 0


@pytest.fixture
def deleted(world: World) -> World:
    """Two rules took from both cities on the 27th; the own camera's name is a spreadsheet's trap."""
    moment = datetime(2026, 1, 27, 12, tzinfo=UTC)
    with every_city("a test writes deletions of both cities"):
        Camera.objects.filter(pk=world.camera.pk).update(name="=cmd()")
        rows = [
            Deleted(camera.pk, camera.city_id, moment, moment + timedelta(minutes=1), 10, rule, is_early)
            for camera in (world.camera, world.foreign_camera)
            for rule, is_early in (("age", False), ("watermark", True))
        ]
        note_deletions(rows, moment)
        seal_deletion_records(datetime(2026, 1, 29, tzinfo=UTC))
    return world


def test_deletions_are_listed_by_day(deleted: World, manager: ApiClient) -> None:
    answer = manager.get("/api/v1/deletions").json()
    record = answer["results"][0]
    assert (record["day"], record["segments"], record["bytes"], record["early_segments"]) == ("2026-01-27", 2, 20, 1)
    assert (record["previous_digest"], record["signed_off_at"], record["signed_off_by"]) == ("", None, None)
    assert (len(record["digest"]), len(record["signature"]), answer["next"]) == (64, 64, None)


def test_a_days_deletions_are_lines_of_json(deleted: World, manager: ApiClient) -> None:
    answer = manager.get("/api/v1/deletions/2026-01-27")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.content.decode().splitlines()]
    moment, end = "2026-01-27T09:00:00-03:00", "2026-01-27T09:01:00-03:00"
    assert lines == [
        {
            "camera_id": str(deleted.camera.pk),
            "camera": "=cmd()",
            "rule": rule,
            "is_early": is_early,
            "start": moment,
            "end": end,
            "segments": 1,
            "bytes": 10,
            "last_at": moment,
            "spans": [f"{moment}/{end}"],
            "damaged": [],
        }
        for rule, is_early in (("age", False), ("watermark", True))
    ]


def test_a_days_deletions_are_a_table_that_no_spreadsheet_runs(deleted: World, manager: ApiClient) -> None:
    answer = manager.get("/api/v1/deletions/2026-01-27.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="deletions-2026-01-27.csv"'
    lines = answer.content.decode().splitlines()
    assert lines[0] == "camera_id,camera,rule,is_early,start,end,segments,bytes,last_at,spans,damaged"
    assert lines[1].startswith(f"{deleted.camera.pk},'=cmd(),age,False,2026-01-27T09:00:00-03:00,")
    assert lines[1].endswith(",2026-01-27T09:00:00-03:00/2026-01-27T09:01:00-03:00,")
    assert len(lines) == 3


def test_where_only_the_first_and_last_moment_were_kept_no_stretches_are_told(
    deleted: World, manager: ApiClient
) -> None:
    with every_city("a row of before"):
        Deletion.objects.update(spans=None, damaged=None)
    answers = [manager.get(f"/api/v1/deletions/2026-01-27{end}").content.decode() for end in ("", ".csv")]
    line = json.loads(answers[0].splitlines()[0])
    assert (line["spans"], line["damaged"]) == (None, None)
    assert answers[1].splitlines()[1].endswith("-03:00,,")


def test_damaged_files_that_went_are_told(deleted: World, manager: ApiClient) -> None:
    with every_city("as if it had been damaged"):
        Deletion.objects.update(spans=[], damaged=[Span(NOW, NOW)])
    answers = [manager.get(f"/api/v1/deletions/2026-01-27{end}").content.decode() for end in ("", ".csv")]
    moment = "2026-01-27T09:00:00-03:00"
    assert json.loads(answers[0].splitlines()[0])["damaged"] == [f"{moment}/{moment}"]
    assert answers[1].splitlines()[1].endswith(f",,{moment}/{moment}")


@pytest.mark.parametrize("day", ["2026-01-26", "yesterday", "2026-02-30", "99999-01-01"])
def test_a_day_without_deletions_is_not_there(deleted: World, manager: ApiClient, day: str) -> None:
    assert [manager.get(f"/api/v1/deletions/{day}{end}").status_code for end in ("", ".csv")] == [404, 404]


def test_a_stranger_sees_his_own_citys_deletions_only(deleted: World) -> None:
    stranger = ApiClient(deleted.stranger, deleted.other_city)
    text = stranger.get("/api/v1/deletions/2026-01-27").content.decode()
    assert (str(deleted.camera.pk) in text, str(deleted.foreign_camera.pk) in text) == (False, True)
    assert City.objects.count() == 2
