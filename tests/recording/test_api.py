"""The API of recording, as the specification's clients meet it."""

from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from redis import Redis

from cameras.models import Camera
from cities.scope import city_scope
from recording.models import RecordingSession, Storage
from streams.models import Stream
from tests.world import ApiClient, World


@pytest.fixture
def operator(world: World) -> ApiClient:
    return ApiClient(world.operator, world.city)


def address_of(camera: Camera) -> str:
    return f"/api/v1/cameras/{camera.pk}/recording"


def off(world: World) -> dict[str, Any]:
    return {
        "camera_id": str(world.camera.pk),
        "recording": False,
        "storage_path": None,
        "started_at": None,
        "writing": False,
        "not_writing_because": "Recording is switched off.",
    }


def test_recording_is_off_until_it_is_switched_on(world: World, operator: ApiClient) -> None:
    assert operator.get(address_of(world.camera)).json() == off(world)


def test_switching_on_is_idempotent(world: World, operator: ApiClient) -> None:
    before = timezone.now()
    first = operator.put(address_of(world.camera))
    shown = dict(first.json())
    enabled_at = shown.pop("enabled_at")
    assert before <= datetime.fromisoformat(enabled_at) <= timezone.now()
    storage_path = f"/recordings/stream_{world.camera.pk}"
    assert (first.status_code, shown) == (
        200,
        {"camera_id": str(world.camera.pk), "recording": True, "storage_path": storage_path},
    )
    assert operator.put(address_of(world.camera)).json() == first.json()
    assert operator.get(address_of(world.camera)).json() == {
        "camera_id": str(world.camera.pk),
        "recording": True,
        "storage_path": storage_path,
        "started_at": enabled_at,
        "writing": False,
        "not_writing_because": "The camera is offline.",
    }
    with city_scope(world.city.pk):
        session = RecordingSession.objects.get()
        assert (session.started_by, session.city) == (world.operator, world.city)
        assert Stream.objects.get().wished is True
    assert operator.get(f"/api/v1/cameras/{world.camera.pk}").json()["recording_enabled"] is True


def test_switching_off_is_idempotent_and_ends_the_session(world: World, operator: ApiClient) -> None:
    operator.put(address_of(world.camera))
    for _ in range(2):
        answer = operator.delete(address_of(world.camera))
        assert (answer.status_code, answer.json()) == (200, off(world))
    assert operator.get(address_of(world.camera)).json() == off(world)
    with city_scope(world.city.pk):
        assert RecordingSession.objects.get().ended_by == world.operator


def test_switching_on_again_is_a_new_session(world: World, operator: ApiClient) -> None:
    first = operator.put(address_of(world.camera)).json()
    operator.delete(address_of(world.camera))
    assert operator.put(address_of(world.camera)).json()["enabled_at"] > first["enabled_at"]
    with city_scope(world.city.pk):
        assert RecordingSession.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_copy_in_redis_may_be_flushed(world: World, operator: ApiClient) -> None:
    operator.put(address_of(world.camera))
    redis = Redis.from_url(settings.REDIS_URL)
    assert redis.exists(f"recording:{world.camera.pk}") == 1
    shown = operator.get(address_of(world.camera)).json()
    redis.flushdb()
    assert operator.get(address_of(world.camera)).json() == shown
    assert operator.delete(address_of(world.camera)).status_code == 200


def test_a_foreign_camera_cannot_be_switched(world: World, operator: ApiClient) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert operator.send(method, address_of(world.foreign_camera)).status_code == 404
    with city_scope(world.other_city.pk):
        assert Camera.objects.get().recording_enabled is False
        assert RecordingSession.objects.count() == 0


def test_where_only_held_footage_is_left_recording_is_refused_and_the_wish_stays(
    world: World, operator: ApiClient
) -> None:
    operator.put(address_of(world.camera))
    storage = Storage.objects.create(media_server=world.server, refuses_since=timezone.now())
    answer = operator.put(address_of(world.camera))
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert "Release holds or add disk" in answer.json()["detail"]
    state = operator.get(address_of(world.camera)).json()
    assert (state["recording"], state["writing"]) == (True, False)
    assert state["not_writing_because"] == "This media server records nothing: only held footage is left on its disk."
    assert operator.delete(address_of(world.camera)).json()["recording"] is False
    assert operator.put(address_of(world.camera)).status_code == 409
    assert operator.get(address_of(world.camera)).json()["recording"] is False
    storage.delete()
    assert operator.put(address_of(world.camera)).status_code == 200
