"""`writing` is what the disk says; the wish is another matter."""

from datetime import datetime, timedelta

import pytest

from cameras.models import Camera, CameraState
from cities.scope import city_scope
from recording.models import Segment
from recording.writing import Writing, decide_writing, describe_writing
from tests.world import NOW, World

LONG_AGO = NOW - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("last_end", "wished", "state", "verdict"),
    [
        (NOW - timedelta(seconds=10), True, CameraState.ONLINE, Writing(is_writing=True)),
        (NOW - timedelta(seconds=10), False, CameraState.UNKNOWN, Writing(is_writing=True)),
        (LONG_AGO, False, CameraState.ONLINE, Writing(is_writing=False, reason="Recording is switched off.")),
        (LONG_AGO, True, CameraState.OFFLINE, Writing(is_writing=False, reason="The camera is offline.")),
        (
            None,
            True,
            CameraState.UNKNOWN,
            Writing(is_writing=False, reason="The media server does not answer: nothing is known of its pictures."),
        ),
        (
            None,
            True,
            CameraState.ONLINE,
            Writing(is_writing=False, reason="No footage of the last day is known; it shows within 20 seconds."),
        ),
        (
            LONG_AGO,
            True,
            CameraState.ONLINE,
            Writing(is_writing=False, reason="Nothing was written since 2026-01-27T11:55:00+00:00."),
        ),
    ],
)
def test_bytes_decide_and_words_explain(
    last_end: datetime | None, wished: object, state: CameraState, verdict: Writing
) -> None:
    assert decide_writing(last_end, is_open=True, wished=bool(wished), state=state, now=NOW) == verdict


@pytest.mark.parametrize("wished", [True, False])
def test_a_closed_file_is_the_end_only_where_recording_is_off(wished: object) -> None:
    just_now = NOW - timedelta(seconds=2)
    writing = decide_writing(just_now, is_open=False, wished=bool(wished), state=CameraState.ONLINE, now=NOW)
    assert writing.is_writing is wished


def add_segment(camera: Camera, end: datetime, *, state: str = "open", damage: str = "") -> None:
    Segment.objects.create(
        camera=camera,
        city_id=camera.city_id,
        media_server=camera.media_server,
        start=end - timedelta(minutes=1),
        end=end,
        size=10,
        whole_bytes=10,
        file=f"{camera.stream_id}/{end.timestamp()}.mp4",
        state=state,
        damage=damage,
        indexed_at=end,
    )


def test_only_the_cameras_own_sound_footage_counts(world: World, now: datetime) -> None:
    with city_scope(world.other_city.pk):
        add_segment(world.foreign_camera, now)
    with city_scope(world.city.pk):
        add_segment(world.camera, now, state="damaged", damage="empty")
        assert describe_writing(world.camera, now=now).is_writing is False
        add_segment(world.camera, now - timedelta(seconds=5))
        assert describe_writing(world.camera, now=now).is_writing is True
