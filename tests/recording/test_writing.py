"""`writing` is what the disk says; the wish is another matter."""

from datetime import datetime, timedelta

import pytest

from cameras.models import Camera, CameraState
from cities.scope import city_scope
from recording import off_switch
from recording.models import Segment, Storage
from recording.off_switch import OffState, Outcome
from recording.writing import Obstacles, Writing, decide_obstacle, decide_writing, describe_writing, find_obstacles
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


@pytest.mark.parametrize(
    ("state", "obstacles", "reason"),
    [
        (
            CameraState.OFFLINE,
            Obstacles(is_refused=True, is_full=True),
            "This media server records nothing: only held footage is left on its disk.",
        ),
        (CameraState.OFFLINE, Obstacles(is_full=True), ""),
        (CameraState.ONLINE, Obstacles(is_full=True, config_problem="x"), "The disk of its media server is full."),
        (CameraState.ONLINE, Obstacles(config_problem="no rights."), "The configuration is not applied: no rights."),
        (CameraState.ONLINE, Obstacles(), ""),
    ],
)
def test_what_keeps_a_media_server_from_writing_is_told(state: CameraState, obstacles: Obstacles, reason: str) -> None:
    assert decide_obstacle(obstacles, state) == reason


def test_a_refusal_is_told_only_while_nothing_is_written(world: World, now: datetime) -> None:
    Storage.objects.create(media_server=world.server, refuses_since=now)
    with city_scope(world.city.pk):
        told = [describe_writing(world.camera, now=now).reason]
        world.camera.recording_enabled = True
        told.append(describe_writing(world.camera, now=now).reason)
        add_segment(world.camera, now - timedelta(seconds=5))
        told.append(describe_writing(world.camera, now=now).reason)
    refused = "This media server records nothing: only held footage is left on its disk."
    assert told == ["Recording is switched off.", refused, ""]


def test_obstacles_are_those_of_the_cameras_own_media_server(world: World, now: datetime, settings) -> None:
    assert find_obstacles(world.camera, now) == Obstacles()
    storage = Storage.objects.create(
        media_server=world.server, total_bytes=10**12, free_bytes=10**6, measured_at=now, refuses_since=now
    )
    off_switch._note(Outcome(OffState.REFUSED, "it is not ours"))
    settings.MEDIAMTX_API_URL = world.server.api_url
    assert find_obstacles(world.camera, now) == Obstacles(
        is_refused=True, is_full=True, config_problem="it is not ours"
    )
    storage.refuses_since = None
    storage.save()
    settings.MEDIAMTX_API_URL = "http://10.0.0.1:9997"
    assert find_obstacles(world.camera, now) == Obstacles(is_full=True)
    assert find_obstacles(world.camera, now + timedelta(minutes=11)) == Obstacles()
