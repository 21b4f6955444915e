"""Timelines over the API: spans, gaps and holds as the screens read them."""

from datetime import datetime, timedelta

import pytest

from cameras.models import Camera
from footage.activity import to_level
from footage.packing import pack_fragments
from footage.reader import Fragment
from recording.models import Gap, Hold
from tests.recording.gaps.conftest import ago, film, make_holes, wish
from tests.world import NOW, ApiClient, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
FROM, TO = ago(300).isoformat(), NOW.isoformat()


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def test_spans_gaps_and_holds(world: World, client: ApiClient) -> None:
    camera = world.camera
    wish(camera, ago(200), ago(100))
    wish(camera, ago(100) + timedelta(seconds=1))
    film(camera, ago(210), ago(180))
    film(camera, ago(180) + timedelta(seconds=2), ago(150))
    film(camera, ago(149), ago(90))
    film(camera, ago(90), ago(80), "damaged")
    film(camera, ago(60), ago(1), "open")
    film(world.foreign_camera, ago(60), ago(1))
    Gap.objects.create(camera=camera, city_id=camera.city_id, start=ago(400), end=ago(299), cause="disk_full")
    Gap.objects.create(camera=camera, city_id=camera.city_id, start=ago(0.5), end=None, cause="camera_offline")
    for until in (None, ago(5)):
        Hold.objects.create(
            camera=camera, city_id=camera.city_id, starts_at=ago(80), ends_at=ago(-10), reason="r", created_at=ago(70),
            until=until,
        )  # fmt: skip
    found = client.get(f"/api/v1/cameras/{camera.pk}/timeline", {"from": FROM, "to": TO, "resolution": "60"}).json()
    assert found.pop("now") > "2026-01-27"
    assert found == {
        "camera_id": str(camera.pk),
        "from": "2026-01-27T07:00:00Z",
        "to": "2026-01-27T12:00:00Z",
        "resolution": 60,
        "spans": [
            [ms(ago(200)), ms(ago(150))],
            [ms(ago(149)), ms(ago(100))],
            [ms(ago(100)) + 1000, ms(ago(90))],
            [ms(ago(60)), ms(ago(1))],
        ],
        "gaps": [[ms(ago(300)), ms(ago(299)), "disk_full"], [ms(ago(0.5)), None, "camera_offline"]],
        "holds": [[ms(ago(80)), ms(NOW)]],
        "activity": [],
        "events": [],
        "codecs": [],
    }


def test_a_hole_inside_a_file_divides_its_span(world: World, client: ApiClient) -> None:
    """Of three minutes and of six seconds; one before what is asked for, one up to its end, one after the session."""
    camera = world.camera
    wish(camera, ago(400), ago(100))
    film(camera, ago(320), ago(250), holes=make_holes((10, 20), (40, 43), (69.9, 70)))
    film(camera, ago(250), ago(90), "open", holes=make_holes((100, 100.1), (149, 151), (152, 155)))
    film(camera, ago(80), ago(70), holes=b"torn")
    found = client.get(f"/api/v1/cameras/{camera.pk}/timeline", {"from": FROM, "to": TO, "resolution": "60"}).json()
    assert found["spans"] == [
        [ms(ago(300)), ms(ago(280))],
        [ms(ago(277)), ms(ago(250.1))],
        [ms(ago(250)), ms(ago(150))],
        [ms(ago(149.9)), ms(ago(101))],
    ]


def test_activity_is_what_is_usual_for_the_camera_and_what_is_more(world: World, client: ApiClient) -> None:
    camera, start = world.camera, ago(60)
    wish(camera, ago(100))
    usual, much = to_level(100_000), to_level(400_000)
    film(camera, start, start + timedelta(seconds=60), activity=bytes([usual, usual, usual, much, 0, usual]))
    film(camera, start + timedelta(seconds=80), start + timedelta(seconds=100), activity=bytes([usual, usual]))
    growing = [Fragment(0, 9, timedelta(seconds=10 * n), timedelta(seconds=10), True, 100_000) for n in range(2)]
    begun = start + timedelta(seconds=100)
    film(camera, begun, begun + timedelta(seconds=20), "open", fragments=pack_fragments(growing))

    def activity(begin: datetime, seconds: int, resolution: int) -> list[int]:
        asked = {"from": begin.isoformat(), "to": (begin + timedelta(seconds=seconds)).isoformat()}
        address = f"/api/v1/cameras/{camera.pk}/timeline"
        numbers: list[int] = client.get(address, asked | {"resolution": str(resolution)}).json()["activity"]
        return numbers

    assert activity(start, 120, 10) == [25, 25, 25, 100, 0, 25, 0, 0, 25, 25, 25, 25]
    assert activity(start, 120, 60) == [100, 25]
    assert activity(start - timedelta(seconds=60), 120, 20) == [0, 0, 0, 25, 100, 25]
    assert activity(start + timedelta(seconds=30), 20, 5) == [100, 100, 0, 0]
    assert activity(start - timedelta(minutes=20), 60, 10) == []
    assert activity(start, 120, 70) == [100, 25]
    assert activity(start, 120, 999_999_990) == [100]


def test_a_bucket_is_no_longer_than_the_time_asked_for(world: World, client: ApiClient) -> None:
    asked = {"from": FROM, "to": TO, "resolution": "999999990"}
    assert client.get(f"/api/v1/cameras/{world.camera.pk}/timeline", asked).json()["resolution"] == 5 * 3600


def test_several_on_one_clock(world: World, client: ApiClient) -> None:
    other = Camera.objects.create(city=world.city, media_server=world.server, name="Other")
    wish(world.camera, ago(100))
    film(world.camera, ago(60), ago(50))
    asked = {"from": FROM, "to": TO, "camera_ids": f"{world.camera.pk},{other.pk}"}
    found = client.get("/api/v1/timeline", asked).json()
    assert (found["from"], found["to"], found["resolution"]) == ("2026-01-27T07:00:00Z", "2026-01-27T12:00:00Z", 18)
    assert {camera_id: each["spans"] for camera_id, each in found["cameras"].items()} == {
        str(world.camera.pk): [[ms(ago(60)), ms(ago(50))]],
        str(other.pk): [],
    }


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"resolution": "0"}, "resolution"),
        ({"resolution": "1"}, "resolution"),
        ({"resolution": "x"}, "resolution"),
        ({"from": ""}, "from"),
        ({"from": TO, "to": FROM}, "to"),
        ({"camera_ids": ""}, "camera_ids"),
        ({"camera_ids": "x"}, "camera_ids"),
        ({"camera_ids": ",".join(["5b5a1c1e-0000-4000-8000-00000000dead"] * 10)}, "camera_ids"),
    ],
)
def test_what_is_wrong_is_named(world: World, client: ApiClient, asked: dict[str, str], field: str) -> None:
    answer = client.get("/api/v1/timeline", {"from": FROM, "to": TO, "camera_ids": str(world.camera.pk)} | asked)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
