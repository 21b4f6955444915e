"""OFF means off: what is decided, what is written, what is left alone, and who is told to look."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection, transaction

from cameras.services import add_camera, remove_camera
from cities.scope import city_scope, every_city
from mediamtx.config import DOCKER_VALUES, render_config
from mediamtx.recording_switch import compose_names, read_off
from recording import off_order, off_switch
from recording.off_switch import OffState, Outcome, Sight, apply_off_switch, decide, read_outcome
from recording.services import switch_many, switch_recording
from recording.tasks import apply_off_switch as task
from tests.fakes.mediamtx import FakeMediaMTX, Reply
from tests.world import World

A = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")
NONE, SOME = frozenset[UUID](), frozenset({A})
WRITTEN_AT = 1_000_000.0


@pytest.mark.parametrize(
    ("sight", "outcome"),
    [
        (Sight(NONE, NONE, NONE, 0), (OffState.IN_FORCE, None)),
        (Sight(SOME, SOME, SOME, 0), (OffState.IN_FORCE, None)),
        (Sight(SOME, NONE, NONE, 60), (OffState.WRITTEN, 1.0)),
        (Sight(SOME, NONE, NONE, 0.5), (OffState.RESTING, 1.5)),
        (Sight(SOME, NONE, SOME, 60), (OffState.WRITTEN, 1.0)),
        (Sight(NONE, SOME, SOME, 2), (OffState.WRITTEN, 1.0)),
        (Sight(SOME, SOME, NONE, 3, answer_age=4), (OffState.RESTING, 0.1)),
        (Sight(SOME, SOME, NONE, 3, answer_age=1), (OffState.NOT_APPLIED, None)),
        (Sight(SOME, SOME, NONE, 0.5), (OffState.RESTING, 1.5)),
        (Sight(SOME, SOME, NONE, 2), (OffState.NOT_APPLIED, None)),
        (Sight(SOME, NONE, NONE, -3600), (OffState.WRITTEN, 1.0)),
    ],
)
def test_what_is_decided(sight: Sight, outcome: tuple[OffState, float | None]) -> None:
    decided = decide(sight)
    assert (decided.state, decided.again_in) == outcome
    assert bool(decided.problem) == (decided.state == OffState.NOT_APPLIED)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "mediamtx.yml"
    path.write_text(render_config(DOCKER_VALUES))
    return path


@pytest.fixture
def fake(world: World, config: Path, settings) -> Iterator[FakeMediaMTX]:
    """A MediaMTX with our file, which has taken up nothing of it yet."""
    server = FakeMediaMTX(script=run_with())
    world.server.api_url = settings.MEDIAMTX_API_URL = server.url
    world.server.save()
    settings.VMS_MEDIAMTX_CONFIG = str(config)
    yield server
    server.stop()


def run_with(*off: UUID) -> Callable[[FakeMediaMTX, str], Reply | None]:
    entries = [{"name": name, "record": False} for name in compose_names(off)] + [
        {"name": "all_others", "record": True}
    ]
    body = json.dumps({"itemCount": len(entries), "items": entries}).encode()
    return lambda _fake, target: Reply(body) if target.startswith("/v3/config/paths/list?") else None


def age(config: Path) -> None:
    """Have the file be older than the rest between two writes."""
    os.utime(config, (WRITTEN_AT, WRITTEN_AT))


def apply(now: datetime) -> OffState:
    with every_city("a test's world spans the cities"):
        return apply_off_switch(now=now).state


def test_cameras_that_are_off_in_any_city_are_written_once(
    fake: FakeMediaMTX, world: World, config: Path, now: datetime
) -> None:
    age(config)
    both = {world.camera.pk, world.foreign_camera.pk}
    assert apply(now) == OffState.WRITTEN
    assert read_off(config.read_text()) == both
    assert apply(now) == OffState.RESTING
    fake.script = run_with(*both)
    before = config.stat().st_mtime_ns
    assert [apply(now), apply(now)] == [OffState.IN_FORCE] * 2
    assert config.stat().st_mtime_ns == before
    assert read_outcome() == Outcome(OffState.IN_FORCE)


def test_a_camera_that_is_recorded_is_taken_out(fake: FakeMediaMTX, world: World, config: Path, now: datetime) -> None:
    with city_scope(world.city.pk):
        switch_recording(world.camera, on=True, by=None, now=now)
    age(config)
    assert apply(now) == OffState.WRITTEN
    assert read_off(config.read_text()) == {world.foreign_camera.pk}


def test_what_mediamtx_did_not_take_up_is_written_again_and_said_once(
    fake: FakeMediaMTX, config: Path, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    age(config)
    apply(now)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            age(config)
            assert apply(now) == OffState.NOT_APPLIED
    assert config.stat().st_mtime > WRITTEN_AT
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    outcome = read_outcome()
    assert outcome is not None
    assert warnings == [f"cameras whose recording is off may be recorded: {outcome.problem}"]


def test_a_removed_camera_stays_off_for_a_while(fake: FakeMediaMTX, world: World, config: Path, now: datetime) -> None:
    with city_scope(world.city.pk):
        remove_camera(world.camera, by=None, now=now)
    with every_city("a test's world spans the cities"):
        found = [off_switch.list_off_cameras(now + timedelta(days=days)) for days in (0, 29, 30)]
    both = {world.camera.pk, world.foreign_camera.pk}
    assert found == [both, both, {world.foreign_camera.pk}]


def test_cameras_of_another_media_server_do_not_stand_in_our_file(
    fake: FakeMediaMTX, world: World, now: datetime
) -> None:
    world.server.api_url = "http://10.0.0.1:9997"
    world.server.save()
    assert apply(now) == OffState.IN_FORCE


def test_without_an_answer_nothing_is_decided(fake: FakeMediaMTX, config: Path, now: datetime) -> None:
    age(config)
    before = config.read_text()
    fake.script = lambda _fake, _target: Reply(b"", status=500)
    assert apply(now) == OffState.UNREACHABLE
    assert config.read_text() == before


@pytest.mark.parametrize(
    "content", [b"", b"paths: {}\n", b"\xff\xfe", b"# MediaMTX v1\npathDefaults:\n  a: 1\npaths:\n"]
)
def test_a_file_that_is_not_ours_is_left_alone(fake: FakeMediaMTX, config: Path, now: datetime, content: bytes) -> None:
    config.write_bytes(content)
    age(config)
    assert apply(now) == OffState.REFUSED
    assert config.read_bytes() == content
    outcome = read_outcome()
    assert outcome is not None
    assert outcome.problem.startswith(f"{config} was left alone: ")


def test_a_missing_file_is_not_made(fake: FakeMediaMTX, config: Path, now: datetime) -> None:
    config.unlink()
    assert apply(now) == OffState.REFUSED
    assert list(config.parent.iterdir()) == []


def test_a_mediamtx_that_is_not_ours_is_not_asked(fake: FakeMediaMTX, settings, now: datetime) -> None:
    settings.VMS_MEDIAMTX_CONFIG = ""
    assert apply(now) == OffState.NOT_OURS
    settings.VMS_MEDIAMTX_CONFIG, settings.VMS_RECORDING_ADAPTER = "/x", "mock"
    assert apply(now) == OffState.NOT_OURS
    assert fake.questions == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_write_at_once(fake: FakeMediaMTX, config: Path, now: datetime) -> None:
    age(config)
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                assert off_switch._take_turn()
                holds.set()
                done.wait(10)
        finally:
            connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert holds.wait(10)
    try:
        assert apply(now) == OffState.BUSY
        assert read_off(config.read_text()) == set()
    finally:
        done.set()
        other.join()
    assert apply(now) == OffState.WRITTEN


@pytest.fixture
def orders(settings, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The looks that were ordered, as their delays in seconds."""
    settings.VMS_MEDIAMTX_CONFIG = "/somewhere/mediamtx.yml"
    ordered: list[float] = []

    def send_task(name: str, *, countdown: float, expires: float, retry: bool) -> None:
        assert (name, expires, retry) == (task.name, countdown + 9, False)
        ordered.append(round(countdown, 1))

    monkeypatch.setattr(current_app, "send_task", send_task)
    return ordered


@pytest.mark.django_db(transaction=True)
def test_every_switch_orders_a_look_after_its_commit(world: World, orders: list[float], now: datetime) -> None:
    with city_scope(world.city.pk):
        seen = []
        for change in (
            lambda: switch_recording(world.camera, on=True, by=None, now=now),
            lambda: switch_recording(world.camera, on=False, by=None, now=now),
            lambda: add_camera(world.city, name="New", now=now),
            lambda: remove_camera(world.camera, by=None, now=now),
        ):
            with transaction.atomic():
                change()
                seen.append(list(orders))
            off_order.begin_look()
    assert seen == [[0.2] * count for count in range(4)]
    assert orders == [0.2] * 4


@pytest.mark.django_db(transaction=True)
def test_many_switches_order_one_look(world: World, orders: list[float], now: datetime) -> None:
    with city_scope(world.city.pk):
        cameras = [add_camera(world.city, name=f"Camera {number}", now=now) for number in range(20)]
        switch_many(cameras, on=True, by=None, now=now)
    assert orders == [0.2]


@pytest.mark.django_db
def test_nothing_is_ordered_where_the_file_is_not_ours(world: World, orders: list[float], settings) -> None:
    settings.VMS_MEDIAMTX_CONFIG = ""
    off_order.order_after_commit(world.camera)
    assert connection.run_on_commit == []


def test_an_order_never_fails_while_redis_is_down(settings) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }
    off_order.order_look()
    off_order.begin_look()


def test_the_task_comes_again_where_it_must_wait(
    fake: FakeMediaMTX, config: Path, orders: list[float], settings
) -> None:
    settings.VMS_MEDIAMTX_CONFIG = str(config)
    age(config)
    task()
    assert orders == [1.0]
    task()
    assert len(orders) == 2
    assert 0 < orders[1] <= 2
    fake.script = run_with(*read_off(config.read_text()))
    task()
    assert len(orders) == 2
    assert cache.get("recording:off_switch:bell") is None


def test_the_ordered_name_is_the_tasks() -> None:
    assert task.name == off_order.TASK


@pytest.mark.parametrize(
    ("outcome", "trouble"),
    [
        (None, ""),
        (Outcome(OffState.IN_FORCE), ""),
        (Outcome(OffState.REFUSED, "it is not ours"), "it is not ours"),
        (Outcome(OffState.UNREACHABLE, "no answer"), ""),
    ],
)
def test_trouble_is_what_only_this_switch_can_tell(outcome: Outcome | None, trouble: str) -> None:
    if outcome:
        off_switch._note(outcome)
    assert off_switch.read_trouble() == trouble
