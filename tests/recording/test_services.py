"""Two people switching one camera at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection

from cameras.models import Camera
from cameras.services import remove_camera
from cities.errors import NotThere
from cities.scope import city_scope
from recording.models import RecordingSession
from recording.services import switch_many, switch_recording
from tests.world import World


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_open_one_session(world: World, now: datetime) -> None:
    def switch_on(_: int) -> object:
        try:
            with city_scope(world.city.pk):
                session = switch_recording(world.camera, on=True, by=None, now=now)
                return session and session.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as people:
        sessions = set(people.map(switch_on, range(8)))
    with city_scope(world.city.pk):
        assert sessions == {RecordingSession.objects.get().pk}


def test_a_camera_that_was_removed_meanwhile_cannot_be_switched_on(world: World, now: datetime) -> None:
    with city_scope(world.city.pk):
        remove_camera(Camera.objects.get(pk=world.camera.pk), by=None, now=now)
        with pytest.raises(NotThere):
            switch_recording(world.camera, on=True, by=None, now=now)
        done = switch_many([world.camera], on=True, by=None, now=now)
        assert (done.cameras, len(done.refusals), RecordingSession.objects.count()) == ([], 1, 0)


def test_a_removed_camera_cannot_be_switched(world: World, now: datetime) -> None:
    world.camera.removed_at = now
    with city_scope(world.city.pk), pytest.raises(NotThere):
        switch_recording(world.camera, on=True, by=None, now=now)
