"""Held files on a real file system: linked, given back, and right again after any crash."""

import errno
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from cameras.models import MediaServer
from cities.scope import every_city
from recording.gaps.spans import Span
from recording.holds import keeping, links
from recording.holds import tasks as room
from recording.holds.decisions import HoldState, LinkProblem, Statement, name_link
from recording.holds.keeping import KEEPING, Kept, keep_links
from recording.holds.links import footage_file
from recording.holds.queries import state_holds
from recording.holds.services import release_hold
from recording.models import Hold, Segment
from recording.segments.disk import MARKER
from tests.recording.holds.conftest import NOW, believe, fill
from tests.recording.holds.conftest import links as count_names
from tests.recording.segments.conftest import START, Shelf, make_segment
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]
Holding = Callable[..., Hold]


def keep(shelf: Shelf, **later: float) -> Kept:
    return keep_links(shelf.server, NOW + timedelta(**later), doubt=believe)


def held() -> list[str]:
    return list(Segment.objects.order_by("start").values_list("held_file", flat=True))


def problems() -> list[str]:
    return list(Segment.objects.order_by("start").values_list("held_problem", flat=True))


def state(hold: Hold, now: Any = NOW) -> Statement:
    return state_holds([hold], now)[hold.pk]


def span(start: float, end: float) -> Span:
    return Span(START + timedelta(seconds=start), START + timedelta(seconds=end))


def test_what_a_hold_touches_is_linked_and_stated(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made = hold(13, 25)
    assert state(made).state == HoldState.SECURING
    assert keep(shelf).linked == 2
    names = [name_link(segment.pk) for segment in footage]
    assert held() == ["", names[1], names[2], "", ""]
    assert [count_names(shelf.root, segment.file) for segment in footage] == [1, 2, 2, 1, 1]
    for segment in footage[1:3]:
        assert (shelf.root / segment.file).samefile(shelf.root / name_link(segment.pk))
    size = footage[1].size + footage[2].size
    assert state(made) == Statement(HoldState.HELD, kept=(span(12, 36),), held_bytes=size)
    assert keep(shelf) == Kept()


def test_a_held_file_outlives_its_dated_name(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made, segment = hold(13, 14), footage[1]
    keep(shelf)
    content = (shelf.root / segment.file).read_bytes()
    (shelf.root / segment.file).unlink()
    link = name_link(segment.pk)
    assert (shelf.root / link).read_bytes() == content
    assert footage_file(shelf.root, segment.file, link) == link
    assert keep(shelf) == Kept()
    assert state(made).state == HoldState.HELD


def test_a_reader_takes_the_own_name_first(footage: list[Segment], shelf: Shelf) -> None:
    file = footage[0].file
    assert footage_file(shelf.root, file, "") == file
    assert footage_file(shelf.root, file, ".held/00/9.mp4") == file
    (shelf.root / file).unlink()
    assert footage_file(shelf.root, file, ".held/00/9.mp4") == file


def test_a_growing_file_is_linked_and_goes_on_growing(world: World, shelf: Shelf, hold: Holding) -> None:
    fill(shelf, world.camera, 1)
    Segment.objects.update(state="open")
    hold(1, 2)
    assert keep(shelf).linked == 1
    segment = Segment.objects.get()
    with (shelf.root / segment.file).open("ab") as file:
        file.write(b"more")
    assert (shelf.root / segment.held_file).stat().st_size == segment.size + 4


def test_released_footage_returns_to_the_ring(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made = hold(0, 60)
    keep(shelf)
    (shelf.root / footage[0].file).unlink()
    release_hold(made, by=None, now=NOW)
    assert keep(shelf).returned == 5
    assert held() == [""] * 5
    assert [count_names(shelf.root, segment.file) for segment in footage] == [1] * 5
    assert shelf.files() == {segment.file for segment in footage}
    assert keep(shelf) == Kept()


def test_footage_goes_back_into_a_folder_that_went(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made = hold(0, 60)
    keep(shelf)
    for segment in footage:
        (shelf.root / segment.file).unlink()
    (shelf.root / footage[0].file).parent.rmdir()
    release_hold(made, by=None, now=NOW)
    assert keep(shelf).returned == 5
    assert shelf.files() == {segment.file for segment in footage}


def test_what_another_hold_touches_stays(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    first = hold(0, 30)
    hold(25, 60)
    keep(shelf)
    release_hold(first, by=None, now=NOW)
    assert keep(shelf).returned == 2
    assert [bool(name) for name in held()] == [False, False, True, True, True]


def test_a_hold_ends_by_itself(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made = hold(0, 60, until=NOW + timedelta(hours=1))
    assert keep(shelf).linked == 5
    assert keep(shelf, minutes=59).returned == 0
    assert keep(shelf, minutes=60).returned == 5
    assert state(made, NOW + timedelta(hours=1)).state == HoldState.EXPIRED


def test_what_is_held_now_does_not_wait_for_what_was_released(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month of a whole city takes many passes to give back, and each of them ends when its time is up."""
    made, returned, drop = hold(0, 30), list[str](), links.drop_link
    keep(shelf)
    release_hold(made, by=None, now=NOW)
    hold(50, 55)

    def drop_and_be_late(root: Path, link: str) -> None:
        drop(root, link)
        returned.append(link)

    monkeypatch.setattr(keeping._Pass, "_is_late", lambda _pass: bool(returned))
    monkeypatch.setattr(keeping, "drop_link", drop_and_be_late)
    done = keep(shelf)
    assert (done.returned, done.linked) == (1, 1)
    assert held()[4] == name_link(footage[4].pk)


def test_a_clock_that_is_doubted_ends_no_hold(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    hold(0, 60, until=NOW + timedelta(days=90))
    keep(shelf)
    assert keep_links(shelf.server, NOW + timedelta(days=365), doubt=lambda _now: "It jumped.") == Kept()
    assert held() == [name_link(segment.pk) for segment in footage]
    assert all((shelf.root / name).exists() for name in held())
    assert keep(shelf, days=91).returned == 5


def test_what_went_before_it_could_be_held_is_said(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made = hold(0, 60)
    (shelf.root / footage[1].file).unlink()
    assert (keep(shelf).linked, problems()) == (4, ["", "gone", "", "", ""])
    stated = state(made)
    assert (stated.state, stated.kept, stated.missing) == (
        HoldState.PARTLY,
        (span(0, 12), span(24, 60)),
        (span(12, 24),),
    )
    shelf.put(footage[1].camera, make_segment(footage[1].start), at=footage[1].start)
    assert (keep(shelf).linked, problems()) == (1, [""] * 5)
    assert state(made).state == HoldState.HELD


def test_a_link_that_a_crash_left_is_taken_over(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    hold(0, 30)
    keep(shelf)
    Segment.objects.update(held_file="")
    # Of one of them MediaMTX took the own name meanwhile: the link is all that is left of it.
    (shelf.root / footage[1].file).unlink()
    assert keep(shelf).failed == 0
    assert held() == [*(name_link(segment.pk) for segment in footage[:3]), "", ""]


def test_a_crash_while_giving_back_is_made_good(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    made = hold(0, 60)
    keep(shelf)
    (shelf.root / footage[0].file).unlink()
    release_hold(made, by=None, now=NOW)
    # Linked back and forgotten, but the link did not go; of another one nothing was done at all.
    os.link(shelf.root / name_link(footage[0].pk), shelf.root / footage[0].file)
    Segment.objects.filter(pk=footage[0].pk).update(held_file="")
    keep(shelf)
    assert (held(), shelf.files()) == ([""] * 5, {segment.file for segment in footage})


def test_another_file_under_the_link_s_name_is_told_of_and_left_alone(
    footage: list[Segment], shelf: Shelf, hold: Holding, caplog: pytest.LogCaptureFixture
) -> None:
    made = hold(0, 5)
    shelf.put_as(name_link(footage[0].pk), b"somebody else's")
    done = keep(shelf)
    assert (done.linked, done.failed, done.strangers) == (0, 1, [name_link(footage[0].pk)])
    assert problems()[0] == LinkProblem.TAKEN
    assert (shelf.root / name_link(footage[0].pk)).read_bytes() == b"somebody else's"
    assert (state(made).state, state(made).problems) == (HoldState.SECURING, (LinkProblem.TAKEN,))
    assert "belong to no segment" in caplog.text


def test_another_file_under_the_own_name_is_not_overwritten(
    footage: list[Segment], shelf: Shelf, hold: Holding, caplog: pytest.LogCaptureFixture
) -> None:
    made, segment = hold(0, 5), footage[0]
    keep(shelf)
    (shelf.root / segment.file).unlink()
    shelf.put_as(segment.file, b"another")
    release_hold(made, by=None, now=NOW)
    assert (keep(shelf).returned, keep(shelf).failed) == (0, 1)
    assert (shelf.root / segment.file).read_bytes() == b"another"
    assert (shelf.root / name_link(segment.pk)).exists()
    assert "cannot be given back" in caplog.text


def test_a_held_file_that_was_taken_by_hand_is_linked_again_or_said_to_be_lost(
    footage: list[Segment], shelf: Shelf, hold: Holding
) -> None:
    made = hold(0, 20)
    keep(shelf)
    for segment in footage[:2]:
        (shelf.root / name_link(segment.pk)).unlink()
    (shelf.root / footage[1].file).unlink()
    keep(shelf)
    assert problems()[:2] == ["", "gone"]
    assert (shelf.root / name_link(footage[0].pk)).exists()
    assert (state(made).kept, state(made).missing) == ((span(0, 12),), (span(12, 20),))
    release_hold(made, by=None, now=NOW)
    keep(shelf)
    assert (held()[:2], problems()[:2]) == (["", ""], ["", ""])


def test_strange_files_among_the_held_ones_stay(footage: list[Segment], shelf: Shelf) -> None:
    there = {shelf.put_as(name, b"x") for name in (".held/note.txt", ".held/00/1.txt", ".held/zz/1.mp4")}
    unknown = shelf.put_as(name_link(10**9), b"x")
    assert set(keep(shelf).strangers) == {".held/note.txt", ".held/00/1.txt", ".held/zz", unknown}
    assert there | {unknown} <= shelf.files()


def test_a_link_of_what_is_being_deleted_goes(footage: list[Segment], shelf: Shelf) -> None:
    segment = footage[0]
    link = shelf.root / name_link(segment.pk)
    link.parent.mkdir(parents=True)
    os.link(shelf.root / segment.file, link)
    Segment.objects.filter(pk=segment.pk).update(state="deleting", deletion_rule="age")
    keep(shelf)
    assert (link.exists(), held()) == (False, [""] * 5)


def meet_the_ring(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Let something happen between the links and their notes."""
    sync = links.sync_folders

    def sync_then_go_on(root: Path, names: list[str]) -> None:
        sync(root, names)
        meanwhile()

    monkeypatch.setattr(keeping, "sync_folders", sync_then_go_on)


def mark(segment: Segment) -> None:
    Segment.objects.filter(pk=segment.pk).update(state="deleting", deletion_rule="age")


def take_away(segment: Segment, root: Path) -> None:
    """What the ring does, to its end."""
    (root / segment.file).unlink()
    Segment.objects.filter(pk=segment.pk).delete()


@pytest.mark.parametrize("row", ["marked", "gone"])
def test_a_hold_that_is_released_while_its_link_is_made_leaves_none(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    made, segment = hold(0, 5), footage[0]

    def release() -> None:
        release_hold(made, by=None, now=NOW)
        mark(segment)
        if row == "gone":
            take_away(segment, shelf.root)

    meet_the_ring(monkeypatch, release)
    assert keep(shelf).linked == 0
    assert shelf.files() == {each.file for each in footage[1 if row == "gone" else 0 :]}


@pytest.mark.parametrize("row", ["marked", "gone"])
def test_a_link_that_could_not_be_noted_stays_while_a_hold_touches_it(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch, row: str
) -> None:
    hold(0, 5)
    segment = footage[0]
    meet_the_ring(monkeypatch, lambda: take_away(segment, shelf.root) if row == "gone" else mark(segment))
    assert keep(shelf).linked == 0
    assert name_link(segment.pk) in shelf.files()
    assert keep(shelf).strangers == ([name_link(segment.pk)] if row == "gone" else [])
    assert name_link(segment.pk) in shelf.files()


def test_released_footage_that_the_ring_takes_first_is_the_ring_s(
    footage: list[Segment], shelf: Shelf, hold: Holding
) -> None:
    made, segment = hold(0, 5), footage[0]
    keep(shelf)
    release_hold(made, by=None, now=NOW)
    Segment.objects.filter(pk=segment.pk).update(state="deleting", deletion_rule="age")
    (shelf.root / segment.file).unlink()
    assert keep(shelf).returned == 0
    assert segment.file not in shelf.files()


@pytest.mark.parametrize(
    "refusal",
    [
        (errno.EXDEV, "device"),
        (errno.EMLINK, "links"),
        (errno.ENOSPC, "full"),
        (errno.EPERM, "denied"),
        (errno.EIO, "failed"),
    ],
)
@pytest.mark.usefixtures("footage")
def test_what_the_file_system_refuses_is_said_and_tried_again(
    shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch, refusal: tuple[int, str]
) -> None:
    made, (number, problem) = hold(0, 5), refusal

    def refuse(*_names: Any, **_options: Any) -> None:
        raise OSError(number, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", refuse)
        assert (keep(shelf).failed, problems()[0], held()[0]) == (1, problem, "")
    assert [each.value for each in state(made).problems] == [problem]
    assert (keep(shelf).linked, problems()[0]) == (1, "")
    assert state(made).problems == ()


def test_nothing_is_called_held_before_it_is_safe_on_disk(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(0, 5)
    order: list[str] = []

    def sync(descriptor: int) -> None:
        order.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        assert held()[0] == ""

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(links, "LONG_WRITTEN_SECONDS", float("inf"))
    keep(shelf)
    link = shelf.root / name_link(footage[0].pk)
    assert order == [str(shelf.root), str(link.parent.parent), str(link), str(link.parent)]
    assert held()[0] != ""


def test_a_folder_that_cannot_be_synced_holds_nothing(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(0, 5)

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EIO, "no")

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "sync_folders", lambda *_: refuse(0))
        assert (keep(shelf).linked, problems()[0]) == (0, "failed")
    assert held()[0] == ""
    keep(shelf)
    assert held()[0] != ""


@pytest.mark.parametrize("marker", [None, "999\n"])
def test_a_folder_that_is_not_surely_ours_is_left_alone(
    footage: list[Segment], shelf: Shelf, hold: Holding, marker: str | None
) -> None:
    made = hold(0, 5)
    hold_2 = hold(20, 30)
    keep(shelf)
    release_hold(hold_2, by=None, now=NOW)
    hold(50, 55)
    before, there = held(), shelf.files()
    (shelf.root / MARKER).unlink()
    if marker:
        (shelf.root / MARKER).write_text(marker)
    assert keep(shelf).refused != ""
    assert (held(), shelf.files(), problems()) == (before, there, ["", "", "", "", "root"])
    assert state(made).state == HoldState.HELD
    (shelf.root / MARKER).write_text(f"{shelf.server.pk}\n")
    assert (keep(shelf).linked, problems()) == (1, [""] * 5)


def test_a_disk_that_went_during_a_pass_proves_no_loss(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(0, 5)

    def unmount(root: Path, _segment: Any) -> None:
        (root / MARKER).unlink(missing_ok=True)
        raise FileNotFoundError(errno.ENOENT, "no")

    monkeypatch.setattr(keeping, "make_link", unmount)
    keep(shelf)
    assert problems()[0] == "root"


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    hold(0, 5)
    numbers = (0x5E65, shelf.server.pk * 8 + KEEPING)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", numbers)
            assert ("at work" in keep(shelf).refused, held()[0]) == (True, "")
            # A connection that is closed lets go of its locks a moment later.
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)
    finally:
        other.close()
    assert keep(shelf).linked == 1


def test_a_long_pass_leaves_the_rest_to_the_next(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(0, 60)
    monkeypatch.setattr(keeping, "LONGEST_PASS", timedelta(seconds=-1))
    assert (keep(shelf).linked, held()) == (0, [""] * 5)


def test_a_symbolic_link_is_no_evidence(footage: list[Segment], shelf: Shelf, hold: Holding) -> None:
    hold(0, 5)
    own = shelf.root / footage[0].file
    own.rename(own.with_name("elsewhere"))
    own.symlink_to("elsewhere")
    assert (keep(shelf).linked, problems()[0]) == (0, "failed")


def test_the_footage_of_another_city_is_not_touched(world: World, shelf: Shelf, hold: Holding) -> None:
    fill(shelf, world.camera, 2)
    fill(shelf, world.foreign_camera, 2)
    hold(0, 60)
    assert keep(shelf).linked == 2
    assert set(Segment.objects.exclude(held_file="").values_list("city_id", flat=True)) == {world.city.pk}


def test_a_pass_asks_no_more_for_held_footage_than_for_none(
    footage: list[Segment], shelf: Shelf, hold: Holding, django_assert_max_num_queries: Any
) -> None:
    hold(0, 60)
    keep(shelf)
    with django_assert_max_num_queries(8):
        keep(shelf)


def test_the_tasks_look_after_every_server(
    footage: list[Segment], shelf: Shelf, hold: Holding, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[Any] = []
    monkeypatch.setattr(
        room.keep_server_links, "apply_async", lambda arguments, **options: ordered.append((arguments, options))
    )
    room.keep_links()
    assert ordered == [((shelf.server.pk,), {"expires": 25})]
    hold(0, 60)
    room.keep_server_links(shelf.server.pk)
    room.keep_server_links(shelf.server.pk + 1)
    with every_city("a test looks at all rows"):
        assert all(held())


def test_a_server_without_footage_is_no_trouble(world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = MediaServer.objects.create(name="new", recordings_root=str(tmp_path / "absent"))
    assert keep_links(server, NOW).linked == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
