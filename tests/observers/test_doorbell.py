"""Hooks order looks: one for a burst, never one too few, and none of their troubles reaches MediaMTX."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError

from cameras.models import Camera, CameraOutage, MediaServer
from cameras.server_secrets import make_server_secrets
from cities.scope import every_city
from mediamtx.names import stream_id_for
from observers import doorbell, services, tasks
from observers.doorbell import REST_SECONDS, Doorbell
from observers.observer import Observation
from recording.models import RecordingSession, Segment
from recording.tasks import index_camera_footage
from tests.fakes.mediamtx import FakeMediaMTX
from tests.world import World

SECRET = "a secret of the hooks"

redis_cache: Any = cache


class Orders:
    """Stands in for the task: keeps what was ordered, or refuses."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.refusal: Exception | None = None

    def apply_async(self, arguments: tuple[int], **options: Any) -> None:
        """Take an order."""
        if self.refusal:
            raise self.refusal
        assert options == {"countdown": 0.2, "expires": 9, "retry": False}
        self.made.append(arguments[0])


NOBODY = UUID("7845e7ab-b5dc-42ea-9e03-fdd55e47b47f")


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> Orders:
    made = Orders()
    monkeypatch.setattr(doorbell, "observe_server", made)
    monkeypatch.setattr(doorbell.doorbell, "_rests_until", float("-inf"))
    return made


@pytest.fixture
def send(settings: Any) -> Callable[..., Any]:
    settings.VMS_HOOK_SECRET = SECRET

    def send_hook(
        body: str = "event=online&path=stream_x&source_type=rtspSession&source_id=1",
        *,
        secret: str | None = SECRET,
        address: str = "127.0.0.1",
        kind: str = "application/x-www-form-urlencoded",
        method: str = "POST",
        through: str = "",
    ) -> Any:
        headers = {"X-Forwarded-For": through} if through else {}
        headers |= {} if secret is None else {"X-Hook-Secret": secret}
        return Client(enforce_csrf_checks=True).generic(
            method, "/hooks/mediamtx", body, kind, headers=headers, REMOTE_ADDR=address
        )

    return send_hook


def test_a_hook_orders_a_look_at_the_server_of_its_camera(
    world: World, orders: Orders, send: Callable[..., Any]
) -> None:
    MediaServer.objects.create(name="elsewhere")
    answer = send(f"event=offline&path={world.camera.stream_id}")
    assert (answer.status_code, answer.content) == (202, b"")
    assert orders.made == [world.server.pk]


@pytest.mark.parametrize("path", ["lobby", stream_id_for(NOBODY), "%00", "stream_%F0%9F%92%A9", "a" * 5000])
def test_a_hook_of_no_camera_orders_a_look_at_every_server(
    world: World, orders: Orders, send: Callable[..., Any], path: str
) -> None:
    elsewhere = MediaServer.objects.create(name="elsewhere")
    assert send(f"event=online&path={path}").status_code == 202
    assert orders.made == [world.server.pk, elsewhere.pk]


@pytest.fixture
def really_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every ordered look happen at once, with nothing ever sharing one."""
    for task in (tasks.observe_server, index_camera_footage):
        monkeypatch.setattr(task, "apply_async", lambda arguments, *, task=task, **_options: task(*arguments))
    monkeypatch.setattr(doorbell.doorbell, "_rests_until", float("-inf"))


@pytest.mark.usefixtures("really_looking")
def test_a_forged_or_replayed_hook_changes_nothing(
    world: World, send: Callable[..., Any], fake: FakeMediaMTX, tmp_path: Path
) -> None:
    """Even with the right secret: a hook orders a look, and only what is seen counts."""
    fake.show(world.camera.stream_id)
    MediaServer.objects.update(api_url=fake.url, recordings_root=str(tmp_path))
    services.observe_server(world.server.pk, now=timezone.now())
    before = read_what_hooks_could_change()
    for _ in range(3):
        for event in ("offline", "online", "segment_create", "segment_complete"):
            for camera in (world.camera, world.foreign_camera):
                forged = f"event={event}&path={camera.stream_id}&segment_path=/etc/passwd&segment_duration=1e9"
                assert send(forged).status_code == 202
                assert send(forged, secret="made up").status_code == 401
    assert len(fake.questions) > 10
    assert read_what_hooks_could_change() == before


def read_what_hooks_could_change() -> Any:
    with every_city("this test compares all rows"):
        cameras = list(Camera.objects.order_by("pk").values())
        rows = [list(model.objects.order_by("pk").values()) for model in (CameraOutage, Segment, RecordingSession)]
    return [[{**camera, "last_seen_at": None} for camera in cameras], *rows]


@pytest.fixture
def footage_orders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cameras whose footage was ordered to be looked at."""
    made: list[str] = []

    def take(arguments: tuple[str], **options: Any) -> None:
        assert options == {"countdown": 0.2, "expires": 60, "retry": False}
        made.append(arguments[0])

    monkeypatch.setattr(index_camera_footage, "apply_async", take)
    monkeypatch.setattr(doorbell.doorbell, "_rests_until", float("-inf"))
    return made


@pytest.mark.parametrize("event", ["segment_create", "segment_complete"])
def test_a_segments_hook_orders_one_look_at_its_cameras_footage(
    world: World, orders: Orders, footage_orders: list[str], send: Callable[..., Any], event: str
) -> None:
    body = f"event={event}&path={world.camera.stream_id}&segment_path=%2Fetc%2Fpasswd&segment_duration=1e999"
    assert [send(body).status_code for _ in range(3)] == [202] * 3
    assert (footage_orders, orders.made) == ([str(world.camera.pk)], [])


@pytest.mark.parametrize("path", ["lobby", "..", "stream_x", "a" * 5000])
def test_a_segments_hook_of_no_camera_orders_nothing(
    world: World, orders: Orders, footage_orders: list[str], send: Callable[..., Any], path: str
) -> None:
    assert send(f"event=segment_create&path={path}").status_code == 202
    assert (footage_orders, orders.made) == ([], [])


def test_a_burst_orders_one_look(world: World, orders: Orders) -> None:
    bell = Doorbell()
    for _ in range(200):
        bell.ring(world.camera.stream_id)
    assert orders.made == [world.server.pk]


def test_what_happens_after_a_look_began_orders_another(world: World, orders: Orders) -> None:
    bell = Doorbell()
    bell.ring(world.camera.stream_id)
    services.silence_bell(world.server.pk)
    bell.ring(world.camera.stream_id)
    bell.ring(world.camera.stream_id)
    assert orders.made == [world.server.pk] * 2


def test_a_lost_order_does_not_silence_hooks_for_ever(world: World, orders: Orders) -> None:
    Doorbell().ring(world.camera.stream_id)
    assert 0 < redis_cache.ttl(f"observers:bell:{world.server.pk}") <= services.BELL_SECONDS


@given(st.lists(st.sampled_from(["event", "begin", "list"]), max_size=60))
def test_no_event_is_without_a_look_that_begins_after_it(story: list[str]) -> None:
    """Every interleaving: whoever rings in vain is covered by an ordered look that has not begun."""
    rung, ordered, uncovered = False, 0, 0
    for what in story:
        if what == "event":
            ordered, rung, uncovered = ordered + (not rung), True, uncovered + 1
        elif what == "begin" and ordered:
            ordered, rung, uncovered = ordered - 1, False, 0  # silence_bell, then the list is asked for
        assert uncovered == 0 or ordered > 0


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"secret": None}, (401, "X-Hook-Secret")),
        ({"secret": "wrong"}, (401, "X-Hook-Secret")),
        ({"secret": "wröng"}, (401, "X-Hook-Secret")),
        ({"secret": ""}, (401, "X-Hook-Secret")),
        ({"address": "203.0.113.9"}, (403, "VMS_HOOK_NETWORKS")),
        ({"address": ""}, (403, "VMS_HOOK_NETWORKS")),
        ({"method": "GET"}, (405, "POST")),
        ({"method": "PUT"}, (405, "POST")),
        ({"kind": "application/json"}, (415, "urlencoded")),
        ({"kind": "multipart/form-data; boundary=x"}, (415, "urlencoded")),
        ({"body": "event=online&path=" + "a" * 9000}, (413, "8192 bytes")),
        ({"body": "event=ready&path=a"}, (400, "event must be online, offline, segment_create, segment_complete.")),
        ({"body": "path=a"}, (400, "event must be")),
        ({"body": "event=online"}, (400, "path is missing")),
        ({"body": ""}, (415, "urlencoded")),
        ({"body": "\x00\xff&&&===%zz"}, (400, "event must be")),
    ],
)
def test_what_is_no_hook_of_ours_is_refused(
    world: World, orders: Orders, send: Callable[..., Any], answer: dict[str, Any], detail: tuple[int, str]
) -> None:
    refused = send(**answer)
    assert (refused.status_code, refused["Content-Type"]) == (detail[0], "application/problem+json")
    assert detail[1] in refused.json()["detail"]
    assert orders.made == []


def test_a_further_media_servers_hooks_show_its_own_secret(
    world: World, orders: Orders, send: Callable[..., Any]
) -> None:
    made = make_server_secrets(world.server)
    assert send(secret=made.hook).status_code == 202
    assert send(secret=made.media).status_code == 401


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (("a%20secret+of+the%20hooks", None), 202),
        (("wrong", None), 401),
        (("", None), 401),
        ((SECRET, "wrong"), 401),
    ],
)
def test_the_secret_may_stand_in_the_form(
    world: World, orders: Orders, send: Callable[..., Any], shown: tuple[str, str | None], status: int
) -> None:
    answer = send(f"event=online&path={world.camera.stream_id}&secret={shown[0]}", secret=shown[1])
    assert (answer.status_code, orders.made) == (status, [world.server.pk] if status == 202 else [])


def test_nothing_is_read_for_a_secret_that_is_no_form_of_ours(
    world: World, orders: Orders, send: Callable[..., Any]
) -> None:
    for more in ({"kind": "application/json"}, {"method": "PUT"}, {"body": f"secret={SECRET}&path={'a' * 9000}"}):
        given: dict[str, Any] = {"body": f"event=online&path=x&secret={SECRET}", "secret": None} | more
        assert send(**given).status_code == 401
    assert orders.made == []


def test_a_length_that_is_no_number_is_no_crash(world: World, orders: Orders, send: Callable[..., Any]) -> None:
    client = Client(headers={"X-Hook-Secret": SECRET})
    answer = client.post(
        "/hooks/mediamtx",
        "event=online&path=a",
        content_type="application/x-www-form-urlencoded",
        CONTENT_LENGTH="many",
    )
    assert answer.status_code == 413


def test_a_trusted_network_may_send_hooks(
    world: World, orders: Orders, send: Callable[..., Any], settings: Any
) -> None:
    settings.VMS_HOOK_NETWORKS = [ip_network("10.1.0.0/16")]
    assert send(address="10.1.2.3").status_code == 202
    assert send(address="10.2.2.3").status_code == 403


@pytest.mark.parametrize("through", ["203.0.113.9", "10.1.2.3, 203.0.113.9"])
def test_a_proxy_of_ours_lends_nobody_its_network(
    world: World, orders: Orders, send: Callable[..., Any], settings: Any, through: str
) -> None:
    settings.VMS_HOOK_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("127.0.0.0/8")]
    assert send(through=through).status_code == 403
    assert send(through="203.0.113.9, 10.1.2.3").status_code == 202


@pytest.mark.parametrize(
    "failure", [RedisConnectionError("refused"), OperationalError("gone"), BrokerError("no broker")]
)
def test_troubles_are_told_once_and_hooks_are_taken_all_the_same(
    world: World, orders: Orders, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    clock = [0.0]
    asked: list[int] = []

    def fail(server_id: int) -> bool:
        asked.append(server_id)
        raise failure

    bell = Doorbell(clock=lambda: clock[0])
    with monkeypatch.context() as broken:
        broken.setattr(services, "ring_bell", fail)
        for _ in range(100):
            bell.ring(world.camera.stream_id)
        assert len(asked) == 1  # the others do not wait for what is down
        clock[0] = REST_SECONDS
        bell.ring(world.camera.stream_id)
        assert len(asked) == 2
    clock[0] = 2 * REST_SECONDS
    bell.ring(world.camera.stream_id)
    assert orders.made == [world.server.pk]
    assert [record.levelname for record in caplog.records if record.name == "observers.doorbell"] == ["WARNING"]


def test_a_broker_that_refuses_is_no_error(world: World, orders: Orders, send: Callable[..., Any]) -> None:
    orders.refusal = BrokerError("no broker")
    assert send().status_code == 202


def test_the_task_silences_the_bell_before_it_looks(
    world: World, fake: FakeMediaMTX, monkeypatch: pytest.MonkeyPatch
) -> None:
    MediaServer.objects.update(api_url=fake.url)
    services.ring_bell(world.server.pk)
    rung_during_the_look: list[bool] = []
    fake.script = lambda _fake, _target: rung_during_the_look.append(services.ring_bell(world.server.pk))
    tasks.observe_server(world.server.pk)
    assert rung_during_the_look == [True, False]


def test_a_look_needs_no_redis(world: World, fake: FakeMediaMTX, monkeypatch: pytest.MonkeyPatch) -> None:
    MediaServer.objects.update(api_url=fake.url)
    fake.show(world.camera.stream_id)

    def fail(key: str) -> bool:
        raise RedisConnectionError(key)

    monkeypatch.setattr(cache, "delete", fail, raising=False)
    tasks.observe_server(world.server.pk)
    with every_city("a test"):
        assert Camera.objects.get(pk=world.camera.pk).is_online is True


def test_beats_task_orders_a_look_at_every_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = MediaServer.objects.create(name="elsewhere")
    ordered: list[Any] = []
    monkeypatch.setattr(
        tasks.observe_server, "apply_async", lambda arguments, **options: ordered.append((arguments, options))
    )
    tasks.observe_servers()
    assert ordered == [((world.server.pk,), {"expires": 9}), ((elsewhere.pk,), {"expires": 9})]


def test_a_server_that_was_removed_meanwhile_is_no_error(world: World, now: datetime) -> None:
    assert services.observe_server(world.server.pk + 1, now=now) is None


def test_registered_callbacks_hear_of_every_look(
    world: World,
    fake: FakeMediaMTX,
    now: datetime,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    MediaServer.objects.update(api_url=fake.url)
    told: list[tuple[str, bool]] = []
    monkeypatch.setattr(services.installed_callbacks, "created", [])
    monkeypatch.setattr(services.installed_callbacks, "removed", [])
    services.on_path_created(lambda change: told.append((change.name, change.is_online)))
    services.on_path_removed(lambda change: told.append((change.name, change.is_online)))
    with django_capture_on_commit_callbacks(execute=True):
        fake.show(world.camera.stream_id)
        first = services.observe_server(world.server.pk, now=now)
        fake.show()
        services.observe_server(world.server.pk, now=now + timedelta(seconds=10))
    assert isinstance(first, Observation)
    assert told == [("Market square", True), ("Market square", False)]


def test_the_heartbeat_stays_until_the_next(now: datetime) -> None:
    tasks.note_heartbeat()
    noted = cache.get("beat:heartbeat")
    assert datetime.fromisoformat(noted).tzinfo is not None
    assert redis_cache.ttl("beat:heartbeat") is None
    services.note_heartbeat(now=now)
    assert cache.get("beat:heartbeat") == "2026-01-27T12:00:00+00:00"


def test_the_log_stays_free_of_errors_for_an_unknown_path(
    world: World, orders: Orders, send: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    send("event=offline&path=stream_of_nobody")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
