"""What the tests of gaps share: a camera's history in a few words, and a look at its ledger."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from cameras.models import Camera
from cities.scope import every_city
from footage.holes import Hole, pack_holes
from recording.models import Gap, RecordingSession, RecordingStatus, Segment
from tests.world import NOW


@pytest.fixture
def every() -> Iterator[None]:
    """All cities' rows are in sight."""
    with every_city("these tests look at all rows"):
        yield


def ago(minutes: float) -> datetime:
    """Give the moment so many minutes before the fixed one."""
    return NOW - timedelta(minutes=minutes)


def wish(camera: Camera, since: datetime, until: datetime | None = None) -> RecordingSession:
    """Have recording wished."""
    return RecordingSession.objects.create(
        camera=camera,
        city_id=camera.city_id,
        stream_id=camera.stream_id,
        status=RecordingStatus.OFF if until else RecordingStatus.ON,
        started_at=since,
        ended_at=until,
        storage_path="/recordings",
    )


def film(camera: Camera, start: datetime, end: datetime, state: str = "ready", **more: Any) -> Segment:
    """Put a segment into the index."""
    values: dict[str, Any] = {"damage": "torn" if state == "damaged" else ""}
    values |= {"deletion_rule": "age"} if state == "deleting" else {}
    return Segment.objects.create(
        camera=camera,
        city_id=camera.city_id,
        media_server_id=camera.media_server_id,
        start=start,
        end=end,
        size=1000,
        whole_bytes=1000,
        file=f"{camera.stream_id}/{start.isoformat()}.mp4",
        state=state,
        indexed_at=NOW,
        **values | more,
    )


def make_holes(*minutes: tuple[float, float]) -> bytes:
    """Give the holes of a segment, in minutes since its start."""
    return pack_holes(Hole(timedelta(minutes=start), timedelta(minutes=end)) for start, end in minutes)


def film_hours(camera: Camera, start: datetime, hours: float) -> None:
    """Put half-hour segments into the index, each beginning where the one before ends."""
    for number in range(int(hours * 2)):
        begin = start + timedelta(minutes=30 * number)
        film(camera, begin, begin + timedelta(minutes=30))


def ledger(camera: Camera) -> list[tuple[Any, ...]]:
    """Give a camera's gaps as stored."""
    return list(Gap.objects.filter(camera=camera).order_by("start").values_list("start", "end", "cause"))


Ago = Callable[[float], datetime]
