"""Timelines over the API: spans, gaps and holds as the screens read them."""

from datetime import datetime, timedelta

import pytest

from recording.models import Gap, Hold
from tests.recording.gaps.conftest import ago, film, wish
from tests.world import NOW, ApiClient, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
FROM, TO = ago(300).isoformat(), NOW.isoformat()


@pytest.fixture
def client(world: World) -> ApiClient:
    return ApiClient(world.viewer, world.city)


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
    found = client.get(f"/api/v1/cameras/{camera.pk}/timeline", {"from": FROM, "to": TO, "resolution": 60}).json()
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
