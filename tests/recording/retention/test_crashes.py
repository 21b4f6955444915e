"""The ring stopped between any two of its steps, and files that will not go: the next pass makes it right."""

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from recording.holds.decisions import name_link
from recording.models import RetentionPolicy, Segment
from recording.retention import services, steps, unlinking
from recording.retention.policies import Change, drop_camera_policy, set_camera_policy, set_city_policy
from recording.retention.services import turn_ring
from tests.recording.retention.conftest import KB, Ring, noted, states
from tests.world import World

pytestmark = pytest.mark.django_db


class Killed(Exception):
    """The process ends here."""


def kill_after(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let a step of the pass do its work, and the process end then."""
    module = home_of(name)
    step: Callable[..., Any] = getattr(module, name)

    def run(*args: Any) -> Any:
        step(*args)
        raise Killed

    monkeypatch.setattr(module, name, run)


def kill_before(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def run(*_args: Any) -> Any:
        raise Killed

    monkeypatch.setattr(home_of(name), name, run)


def home_of(name: str) -> ModuleType:
    return steps if name == "note_sums" else services


STEPS = ["mark_segments", "unlink_files", "note_sums", "remove_rows", "note_failures"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("kill", [kill_before, kill_after])
@pytest.mark.parametrize("at_once", [1, 1000])
def test_a_crash_at_any_step_is_made_right_by_the_next_pass(  # noqa: PLR0917 -- two fixtures, three parameters
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch, at_once: int, kill: Callable[..., None], name: str
) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", at_once)
    for days in (9, 10, 11):
        ring.add(world.camera, days)
    young, held = ring.add(world.camera, 1), ring.add(world.foreign_camera, 20)
    ring.hold(world.foreign_camera, 21, 19)
    with monkeypatch.context() as broken:
        kill(broken, name)
        with pytest.raises(Killed):
            turn_ring(ring.server, ring.now)
    # A row whose file is there is never missing; a file may be gone only if its row is marked.
    assert ring.left() <= set(states())
    assert {file for file, state in states().items() if state != "deleting"} <= ring.left()
    assert turn_ring(ring.server, ring.now).refused == ""
    assert states() == {young.file: "ready", held.file: "ready"}
    assert ring.left() == {young.file, held.file}
    assert noted() == [("age", False, 3, 3 * KB)]


def test_what_an_earlier_pass_left_goes_by_the_rule_it_was_marked_with(world: World, ring: Ring) -> None:
    ring.add(world.camera, 2, state="deleting")
    Segment.objects.update(deletion_rule="quota", deletion_early=True)
    assert turn_ring(ring.server, ring.now).early == 1
    assert (noted(), ring.left()) == ([("quota", True, 1, KB)], set())


def test_what_was_marked_and_then_held_stays_after_all(world: World, ring: Ring) -> None:
    rows = [ring.add(world.camera, 2, state="deleting"), ring.add(world.camera, 3, state="deleting")]
    Segment.objects.filter(pk=rows[1].pk).update(damage="empty", deletion_attempts=3, deletion_error="Busy")
    ring.hold(world.camera, 4, 1)
    assert turn_ring(ring.server, ring.now).rescued == 2
    assert states() == {rows[0].file: "ready", rows[1].file: "damaged"}
    assert list(Segment.objects.values_list("deletion_rule", "deletion_attempts", "deletion_error").distinct()) == [
        ("", 0, "")
    ]
    assert ring.left() == {row.file for row in rows}


def test_a_file_that_went_before_it_was_held_is_written_down_and_not_called_footage(world: World, ring: Ring) -> None:
    gone, there = ring.add(world.camera, 8, state="deleting"), ring.add(world.camera, 8.1, state="deleting")
    (ring.root / gone.file).unlink()
    ring.hold(world.camera, 9, 7)
    turn = turn_ring(ring.server, ring.now)
    assert (turn.rescued, dict(turn.deleted)) == (1, {"age": 1})
    assert (states(), ring.left(), noted()) == ({there.file: "ready"}, {there.file}, [("age", False, 1, KB)])


def test_a_link_that_a_crash_left_unnoted_is_enough_to_be_given_back_to_its_hold(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 8, state="deleting")
    (ring.root / name_link(row.pk)).parent.mkdir(parents=True)
    (ring.root / row.file).rename(ring.root / name_link(row.pk))
    ring.hold(world.camera, 9, 7)
    assert turn_ring(ring.server, ring.now).rescued == 1
    assert (states(), ring.left()) == ({row.file: "ready"}, {name_link(row.pk)})


def promise(world: World, days: int, **more: int) -> None:
    RetentionPolicy.objects.create(city=world.city, days=days, **more)


@pytest.mark.parametrize("rule", ["age", "maximum"])
def test_what_was_marked_and_then_promised_for_longer_stays_after_all(world: World, ring: Ring, rule: str) -> None:
    rows = [ring.add(world.camera, days, state="deleting") for days in (8, 29.9, 30.1)]
    Segment.objects.update(deletion_rule=rule, deletion_attempts=2, deletion_error="Read-only file system")
    Segment.objects.filter(pk=rows[1].pk).update(damage="empty")
    promise(world, 30)
    turn = turn_ring(ring.server, ring.now)
    assert (turn.rescued, dict(turn.deleted)) == (2, {rule: 1})
    assert states() == {rows[0].file: "ready", rows[1].file: "damaged"}
    assert set(Segment.objects.values_list("deletion_rule", "deletion_attempts", "deletion_error")) == {("", 0, "")}
    assert (ring.left(), noted()) == (set(states()), [(rule, False, 1, KB)])


def test_a_held_name_is_enough_to_be_given_back(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 8, state="deleting", held=".held/ab/1.mp4")
    (ring.root / row.file).unlink()
    promise(world, 30)
    assert turn_ring(ring.server, ring.now).rescued == 1
    assert (states(), ring.left()) == ({row.file: "ready"}, {row.held_file})


def test_with_a_maximum_what_was_marked_waits_for_it(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 8, state="deleting")
    promise(world, 7, max_days=9)
    assert turn_ring(ring.server, ring.now).rescued == 1
    assert states() == {row.file: "ready"}


@pytest.mark.parametrize(("days", "goes"), [(30, "early"), (7, "in time")])
def test_what_goes_for_want_of_room_is_early_by_the_promise_of_now(
    world: World, ring: Ring, days: int, goes: str
) -> None:
    ring.add(world.camera, 8, state="deleting")
    Segment.objects.update(deletion_rule="quota", deletion_early=goes == "in time")
    promise(world, days)
    assert turn_ring(ring.server, ring.now).rescued == 0
    assert noted() == [("quota", goes == "early", 1, KB)]


def test_what_lay_outside_every_session_was_never_promised(world: World, ring: Ring) -> None:
    ring.add(world.camera, 8, state="deleting")
    Segment.objects.update(deletion_rule="outside")
    promise(world, 30)
    turn_ring(ring.server, ring.now)
    assert noted() == [("outside", False, 1, KB)]


def test_a_file_that_went_before_the_promise_was_raised_went_in_time(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 8, state="deleting")
    (ring.root / row.file).unlink()
    promise(world, 30)
    assert turn_ring(ring.server, ring.now).rescued == 0
    assert (states(), noted()) == ({}, [("age", False, 1, KB)])


def test_a_hold_that_comes_while_the_pass_chooses_is_seen(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, mark = [ring.add(world.camera, 9), ring.add(world.camera, 10)], steps.mark_segments

    def hold_then_mark(*args: Any) -> Any:
        ring.hold(world.camera, 9.1, 8.9)
        return mark(*args)

    monkeypatch.setattr(services, "mark_segments", hold_then_mark)
    assert dict(turn_ring(ring.server, ring.now).deleted) == {"age": 1}
    assert states() == {rows[0].file: "ready"}


@pytest.mark.parametrize("was_own", [True, False])
def test_a_promise_that_is_changed_while_the_pass_deletes_counts_from_its_commit_on(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch, *, was_own: bool
) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", 1)
    change, mark, calls = Change(world.owner, ring.now), steps.mark_segments, list[Any]()
    if was_own:
        set_camera_policy(world.camera, {"days": 7}, change)
        set_city_policy(world.city, {"days": 30}, change)
    rows = [ring.add(world.camera, days) for days in (31, 12, 11, 10)]

    def change_then_mark(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            drop_camera_policy(world.camera, change) if was_own else set_city_policy(world.city, {"days": 30}, change)
        return mark(*args)

    monkeypatch.setattr(services, "mark_segments", change_then_mark)
    turn = turn_ring(ring.server, ring.now)
    assert (turn.refused, turn.is_done, dict(turn.deleted)) == ("", False, {"age": 2})
    assert (turn_ring(ring.server, ring.now).is_done, states()) == (True, {row.file: "ready" for row in rows[2:]})


def test_a_link_that_a_crash_left_before_its_row_knew_it_goes_with_the_segment(world: World, ring: Ring) -> None:
    row, other = ring.add(world.camera, 9), ring.add(world.camera, 10)
    (ring.root / name_link(row.pk)).parent.mkdir(parents=True)
    os.link(ring.root / row.file, ring.root / name_link(row.pk))
    (ring.root / name_link(other.pk)).write_bytes(b"somebody else's")
    assert turn_ring(ring.server, ring.now).failed == 0
    assert (states(), ring.left()) == ({}, {name_link(other.pk)})


def test_a_file_that_is_missing_is_no_failure(world: World, ring: Ring) -> None:
    rows = [ring.add(world.camera, 9), ring.add(world.foreign_camera, 9)]
    (ring.root / rows[0].file).unlink()
    (ring.root / rows[1].file).unlink()
    (ring.root / rows[1].file).parent.rmdir()
    turn = turn_ring(ring.server, ring.now)
    assert (turn.failed, states()) == (0, {})


def test_a_file_that_will_not_go_is_counted_shown_and_tried_again(world: World, ring: Ring) -> None:
    stuck, other = ring.add(world.camera, 9), ring.add(world.camera, 10)
    path = ring.root / stuck.file
    path.unlink()
    path.mkdir()
    for attempt in (1, 2, 3):
        turn = turn_ring(ring.server, ring.now)
        assert turn.failed == 1
        row = Segment.objects.get()
        assert (row.pk, row.state, row.deletion_attempts) == (stuck.pk, "deleting", attempt)
        assert row.deletion_error == "Is a directory"
    assert (noted(), (ring.root / other.file).exists()) == ([("age", False, 1, KB)], False)
    path.rmdir()
    assert (turn_ring(ring.server, ring.now).failed, noted()) == (0, [("age", False, 2, 2 * KB)])


def test_attempts_are_counted_as_far_as_their_column_goes(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 9, state="deleting")
    Segment.objects.update(deletion_attempts=32_767)
    (ring.root / row.file).unlink()
    (ring.root / row.file).mkdir()
    turn_ring(ring.server, ring.now)
    assert Segment.objects.get().deletion_attempts == 32_767


def test_a_disk_on_which_nothing_can_be_deleted_has_no_more_and_more_marked(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", 2)
    monkeypatch.setattr(services, "MOST_FAILURES", 4)
    monkeypatch.setattr(
        services, "unlink_files", lambda _root, targets: {target.pk: "Read-only file system" for target in targets}
    )
    for number in range(10):
        ring.add(world.camera, 9 + number)
    for _ in range(3):
        assert "cannot be deleted" in turn_ring(ring.server, ring.now).refused
        assert Segment.objects.filter(state="deleting").count() == 4


def test_the_root_is_looked_at_again_before_each_batch(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", 1)
    ring.add(world.camera, 9)
    ring.add(world.camera, 10)
    mark, marked = steps.mark_segments, list[Any]()

    def unmount_after_the_first(*args: Any) -> Any:
        if marked:
            (ring.root / ".vms-footage").unlink()
        marked.append(args)
        return mark(*args)

    monkeypatch.setattr(services, "mark_segments", unmount_after_the_first)
    turn = turn_ring(ring.server, ring.now)
    assert ("not surely" in turn.refused, dict(turn.deleted)) == (True, {"age": 1})
    assert (list(states().values()), len(ring.left())) == (["deleting"], 1)


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_rows_stay_where_the_disk_gave_an_error_while_others_were_under_way(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", 1)
    for days in (9, 10, 11):
        ring.add(world.camera, days)
    unlink, calls = unlinking.unlink_files, list[Any]()

    def fail_once(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == failing:
            raise OSError("the disk is gone")
        return unlink(*args)

    monkeypatch.setattr(services, "unlink_files", fail_once)
    assert "the disk is gone" in turn_ring(ring.server, ring.now).refused
    assert (len(ring.left()), ring.left()) == (4 - failing, set(states()))
    assert turn_ring(ring.server, ring.now).refused == ""
    assert (states(), noted()) == ({}, [("age", False, 3, 3 * KB)])


def test_no_more_is_marked_than_one_batch_ahead_of_a_failure(
    world: World, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH_SEGMENTS", 1)
    monkeypatch.setattr(services, "MOST_FAILURES", 1)
    monkeypatch.setattr(services, "unlink_files", lambda _root, targets: {target.pk: "Busy" for target in targets})
    for days in (9, 10, 11, 12):
        ring.add(world.camera, days)
    assert "cannot be deleted" in turn_ring(ring.server, ring.now).refused
    assert sorted(states().values()) == ["deleting", "deleting", "ready", "ready"]
    assert set(Segment.objects.filter(state="deleting").values_list("deletion_attempts", flat=True)) == {1}
