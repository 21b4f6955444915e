"""Everything that changes what is watched, recorded or kept leaves its entry, once, with who and from where."""

from typing import Any

import pytest
from django.test import Client

from cameras.models import Camera
from cities.models import AuditEntry
from cities.scope import every_city
from recording.models import DeletionRecord, Segment
from streams.services import wish_stream
from tests.world import NOW, ApiClient, World

ELSEWHERE = "203.0.113.9"


def deeds() -> list[tuple[str, str, str]]:
    with every_city("this test looks at all chains"):
        return [(row.action, row.actor, row.subject) for row in AuditEntry.objects.order_by("city_id", "number")]


@pytest.fixture
def api(world: World) -> ApiClient:
    return ApiClient(world.owner, world.city)


def test_switching_is_noted_where_it_switched(world: World, api: ApiClient) -> None:
    address = f"/api/v1/cameras/{world.camera.pk}/recording"
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        api.send(method, address)
    camera = "Market square"
    assert deeds() == [
        ("stream_wished", "owner", camera),
        ("recording_on", "owner", camera),
        ("recording_off", "owner", camera),
    ]


def test_a_camera_s_life_is_noted(world: World, api: ApiClient) -> None:
    made = api.send(
        "POST", "/api/v1/cameras", {"name": "Bridge", "source_url": "rtsp://op:s3cret@10.0.0.7/live"}
    ).json()
    api.send("PATCH", f"/api/v1/cameras/{made['id']}", {"name": "Old bridge"})
    api.send("DELETE", f"/api/v1/cameras/{made['id']}")
    assert [(action, subject) for action, _by, subject in deeds()] == [
        ("camera_added", "Bridge"),
        ("camera_changed", "Old bridge"),
        ("camera_removed", "Old bridge"),
    ]
    with every_city("this test looks for what must not be there"):
        assert [entry.pk for entry in AuditEntry.objects.all() if "s3cret" in str(entry.facts)] == []


def test_promises_and_holds_are_noted_with_their_reason(world: World, api: ApiClient) -> None:
    with every_city("a test makes footage"):
        Segment.objects.create(
            camera=world.camera,
            city=world.city,
            media_server=world.server,
            start=NOW,
            end=NOW,
            size=1,
            whole_bytes=1,
            file="x",
            state="ready",
            indexed_at=NOW,
        )
        Segment.objects.update(end=NOW.replace(minute=30))
    body: dict[str, Any] = {"camera_id": str(world.camera.pk), "reason": "Robbery", "case_number": "7/26"}
    hold = api.send("POST", "/api/v1/holds", body | {"from": "2026-01-27T12:00:00Z", "to": "2026-01-27T12:10:00Z"})
    api.send("DELETE", f"/api/v1/holds/{hold.json()['id']}")
    api.send("PUT", "/api/v1/retention", {"days": 15})
    with every_city("this test looks at all entries"):
        found = list(AuditEntry.objects.order_by("number").values_list("action", "reason", "address"))
    assert found == [
        ("hold_made", "Robbery", "127.0.0.1"),
        ("hold_released", "Robbery", "127.0.0.1"),
        ("policy_changed", "", "127.0.0.1"),
    ]


def test_watching_the_wall_is_noted_with_the_number_of_pictures(world: World) -> None:
    client = Client(REMOTE_ADDR=ELSEWHERE)
    client.force_login(world.viewer)
    client.get("/")
    with every_city("this test looks at all entries"):
        entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.address, entry.facts) == (
        "live_viewed",
        "viewer",
        ELSEWHERE,
        {"cameras": 1},
    )
    assert entry.subject == "Market square"


@pytest.mark.parametrize("door", ["/api/v1/streams", "/api/v1/streams/{}", "/cameras/{}/live", "/cameras/{}"])
def test_whoever_is_given_the_address_of_a_live_picture_is_noted_with_its_camera(world: World, door: str) -> None:
    with every_city("a test sets the scene"):
        wish_stream(world.camera, now=NOW)
        Camera.objects.update(is_online=True)
    client = ApiClient(world.viewer, world.city) if "api" in door else Client()
    client.force_login(world.viewer)
    for _ in range(2):
        assert client.get(door.format(world.camera.pk)).status_code == 200
    assert deeds()[1:] == [("live_viewed", "viewer", "Market square")]


def test_several_live_pictures_are_noted_at_once_and_only_those_that_were_not(world: World) -> None:
    client = Client()
    client.force_login(world.viewer)
    client.get(f"/cameras/{world.camera.pk}/live")
    with every_city("a test sets the scene"):
        for name in ("Bridge", "Avenue"):
            Camera.objects.create(city=world.city, media_server=world.server, name=name)
    client.get("/")
    with every_city("this test looks at all entries"):
        entries = list(AuditEntry.objects.order_by("number").values_list("subject", "facts"))
    assert entries == [("Market square", {"cameras": 1}), ("", {"cameras": 2, "names": ["Avenue", "Bridge"]})]


def test_signing_a_record_off_is_noted(world: World) -> None:
    from recording.retention.records import sign_off  # noqa: PLC0415 -- only here

    with every_city("a test makes a record"):
        record = DeletionRecord.objects.create(
            city=world.city,
            day=NOW.date(),
            segments=1,
            bytes=1,
            early_segments=0,
            digest="d",
            signature="s",
            sealed_at=NOW,
        )
        sign_off(record, by=world.owner, now=NOW)
    assert deeds() == [("deletions_signed_off", "owner", "")]
