"""Holding and releasing: what is refused and why, who is told, and what the ring may take."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError as BrokerError

from cameras.models import MediaServer
from cities.errors import InvalidInput
from cities.scope import city_scope
from recording.gaps.spans import Span
from recording.holds.decisions import HoldState, NoFootage
from recording.holds.keeping import keep_links
from recording.holds.queries import (
    HeldBytes,
    held_bytes,
    is_held,
    list_holds,
    state_holds,
)
from recording.holds.services import hold_footage, release_hold
from recording.models import Hold, Segment
from recording.services import switch_recording
from tests.recording.holds.conftest import NOW, fill
from tests.recording.segments.conftest import START, Shelf
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
Holding = Callable[..., Hold]
DAY = timedelta(days=1)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which passes were ordered."""
    sent: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, arguments, **_: sent.append((name, arguments)))
    return sent


def at(seconds: float) -> Any:
    return START + timedelta(seconds=seconds)


def free() -> list[bool]:
    """Which segments the ring may take, oldest first."""
    allowed = set(Segment.objects.filter(~is_held(NOW)).values_list("pk", flat=True))
    return [pk in allowed for pk in Segment.objects.order_by("start").values_list("pk", flat=True)]


def test_a_hold_keeps_the_ring_from_what_it_touches(footage: list[Segment], hold: Holding) -> None:
    made = hold(12, 20, case_number=" 12/2026 ", reason=" Robbery ", until=NOW + DAY)
    assert (made.reason, made.case_number, made.until, made.created_at) == ("Robbery", "12/2026", NOW + DAY, NOW)
    assert free() == [False, False, True, True, True]  # the first ends where the hold begins: better one too many


@pytest.mark.parametrize(
    ("start", "end", "nearest"),
    [
        (-200, -100, (0, 12)),
        (100, 200, (48, 60)),
        (60.2, 70, (48, 60)),
    ],
)
def test_unrecorded_time_is_refused_with_the_nearest_footage(
    footage: list[Segment], hold: Holding, start: float, end: float, nearest: tuple[float, float]
) -> None:
    with pytest.raises(NoFootage) as refused:
        hold(start, end)
    assert refused.value.nearest == Span(at(nearest[0]), at(nearest[1]))
    assert at(nearest[0]).isoformat() in refused.value.message
    assert refused.value.field == "starts_at"
    assert Hold.objects.count() == 0


def test_damaged_or_vanishing_footage_is_nothing_to_hold(footage: list[Segment], hold: Holding) -> None:
    Segment.objects.filter(pk=footage[0].pk).update(state="damaged", damage="empty")
    Segment.objects.filter(pk=footage[1].pk).update(state="deleting", deletion_rule="age")
    with pytest.raises(NoFootage) as refused:
        hold(0, 20)
    assert refused.value.nearest == Span(at(24), at(36))


def test_a_camera_without_any_footage_says_so(world: World, hold: Holding) -> None:
    with pytest.raises(NoFootage) as refused:
        hold(0, 10)
    assert (refused.value.nearest, refused.value.message) == (None, "This camera has no footage.")


def test_what_a_camera_is_about_to_write_can_be_held(world: World, hold: Holding) -> None:
    now = at(9)
    with pytest.raises(NoFootage):
        hold(0, 100, now=now)
    switch_recording(world.camera, on=True, by=None, now=now)
    made = hold(0, 100, now=now)
    assert state_holds([made], now)[made.pk].state == HoldState.SECURING
    with pytest.raises(NoFootage):
        hold(-100, -50, now=now)


def test_footage_that_comes_later_is_held_too(world: World, shelf: Shelf, hold: Holding) -> None:
    fill(shelf, world.camera, 1)
    hold(5, 3600, now=at(10))
    fill(shelf, world.camera, 3)
    assert keep_links(shelf.server, NOW).linked == 3


@pytest.mark.parametrize(
    ("asked", "more", "field"),
    [
        ((10, 0), {}, "ends_at"),
        ((0, 0), {}, "ends_at"),
        ((0, 10), {"now": at(0)}, "starts_at"),
        ((0, 86500), {"now": at(50)}, "ends_at"),
        ((-31 * 86400, 1), {}, "ends_at"),
        ((0, 10), {"until": NOW}, "until"),
        ((0, 10), {"reason": " "}, "reason"),
    ],
)
def test_what_cannot_be_held_leaves_no_row(
    footage: list[Segment], hold: Holding, asked: tuple[float, float], more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        hold(*asked, **more)
    assert refused.value.field == field
    assert Hold.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_pass_is_ordered_after_the_commit(
    footage: list[Segment], hold: Holding, orders: list[Any], world: World
) -> None:
    other = MediaServer.objects.create(name="other", recordings_root="/elsewhere")
    Segment.objects.filter(pk=footage[0].pk).update(media_server=other)
    made = hold(0, 60)
    wanted = [("recording.holds.tasks.keep_server_links", (pk,)) for pk in sorted([world.server.pk, other.pk])]
    assert sorted(orders) == wanted
    orders.clear()
    for _ in range(2):
        release_hold(made, by=world.owner, now=NOW)
    assert sorted(orders) == wanted


@pytest.mark.django_db(transaction=True)
def test_a_hold_stands_also_where_no_worker_can_be_told(
    footage: list[Segment], hold: Holding, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise BrokerError("away")

    monkeypatch.setattr(current_app, "send_task", refuse)
    hold(0, 60)
    assert (Hold.objects.count(), "no worker could be told" in caplog.text) == (1, True)


def test_the_first_release_counts(footage: list[Segment], hold: Holding, world: World) -> None:
    made = hold(0, 60)
    first = release_hold(made, by=world.owner, now=NOW + DAY)
    again = release_hold(made, by=world.operator, now=NOW + 2 * DAY)
    assert (first.released_at, first.released_by) == (again.released_at, again.released_by) == (NOW + DAY, world.owner)
    assert free() == [True] * 5


def test_holds_are_listed_newest_first_in_force_or_ended(footage: list[Segment], hold: Holding, world: World) -> None:
    first, second, third = hold(0, 9), hold(0, 9, now=NOW + DAY), hold(0, 9, until=NOW + DAY, now=NOW + DAY / 2)
    release_hold(first, by=None, now=NOW)
    later = NOW + 2 * DAY
    assert list(list_holds(None, is_live=None, now=later)) == [second, third, first]
    assert list(list_holds(world.camera.pk, is_live=True, now=later)) == [second]
    assert list(list_holds(None, is_live=False, now=later)) == [third, first]
    assert list(list_holds(world.foreign_camera.pk, is_live=None, now=later)) == []


def test_held_bytes_are_told_by_city_and_server(world: World, shelf: Shelf, hold: Holding) -> None:
    mine, theirs = fill(shelf, world.camera, 3), fill(shelf, world.foreign_camera, 2)
    assert held_bytes(NOW) == []
    first = hold(0, 20)
    hold(0, 5)
    hold(0, 5, camera=world.foreign_camera)
    keep_links(shelf.server, NOW)
    release_hold(first, by=None, now=NOW)
    found = sorted(held_bytes(NOW), key=lambda each: each.segments)
    assert found == [
        HeldBytes(world.other_city.pk, shelf.server.pk, 1, theirs[0].size),
        HeldBytes(world.city.pk, shelf.server.pk, 2, mine[0].size + mine[1].size),
    ]


def test_a_hold_needs_its_city_s_scope(footage: list[Segment], world: World, hold: Holding) -> None:
    made = hold(0, 10)
    with city_scope(world.other_city.pk):
        assert list(list_holds(None, is_live=None, now=NOW)) == []
        with pytest.raises(InvalidInput):
            hold_footage(world.camera, starts_at=at(0), ends_at=at(9), reason="x", by=None, now=NOW)
        assert list(Hold.objects.filter(pk=made.pk)) == []


def test_any_number_of_holds_is_stated(
    footage: list[Segment], hold: Holding, django_assert_max_num_queries: Any
) -> None:
    holds = [hold(0, 10) for _ in range(45)]
    with django_assert_max_num_queries(3):
        stated = state_holds(holds, NOW)
    assert [stated[made.pk].securing for made in holds] == [(Span(at(0), at(12)),)] * 45
    assert state_holds([], NOW) == {}
