"""Rows whose files are gone: what a hold keeps stays, what left is told of, and doubt reaches the ring."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cameras.models import MediaServer
from recording.models import Segment, Storage
from recording.segments import looks
from recording.segments import vanished as room
from recording.segments.decisions import GoneSegment
from recording.segments.disk import MARKER
from recording.segments.index import lock_gone
from recording.segments.looks import look_at_cameras, may_settle_doubt, watch_server
from recording.segments.reconcile import Report, reconcile
from recording.segments.vanished import removal_steps
from tests.recording.segments.conftest import START, Shelf, make_segment, rows
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]


def fill(shelf: Shelf, world: World, count: int) -> list[Path]:
    """Put so many files of one camera on the shelf, and index them."""
    moments = [START + timedelta(minutes=minute) for minute in range(count)]
    files = [shelf.root / shelf.put(world.camera, make_segment(at, fragments=1), at=at) for at in moments]
    assert run(shelf).refused == ""
    return files


def hold(shelf: Shelf, file: Path) -> Path:
    """Hold a file as holds do: link first, then the row."""
    row = Segment.objects.get(file=str(file.relative_to(shelf.root)))
    link = shelf.root / f".held/ab/{row.pk}.mp4"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.hardlink_to(file)
    Segment.objects.filter(pk=row.pk).update(held_file=str(link.relative_to(shelf.root)))
    return link


def run(shelf: Shelf, **options: bool) -> Report:
    return reconcile(shelf.server, datetime.now(UTC), **options)


def doubt() -> str:
    return Storage.objects.get().doubt


@pytest.fixture
def gone() -> Iterator[list[GoneSegment]]:
    """What the steps of removal are told."""
    told: list[GoneSegment] = []

    def note(rows: Sequence[GoneSegment], now: datetime) -> None:
        assert now.tzinfo is not None
        told.extend(rows)

    removal_steps.append(note)
    yield told
    removal_steps.remove(note)


@pytest.mark.parametrize("state", ["ready", "damaged", "open"])
def test_what_a_hold_keeps_stays_in_the_index(world: World, shelf: Shelf, state: str) -> None:
    files = fill(shelf, world, 2)
    link = hold(shelf, files[0])
    Segment.objects.update(state=state, damage="x" if state == "damaged" else "")
    expected = rows()[0]
    for file in files:
        file.unlink()
    report = run(shelf)
    assert (report.vanished, report.removed, report.kept_by_hold, report.stranger_count) == (1, 1, 1, 0)
    assert rows() == [expected]
    assert run(shelf).is_clean is True
    link.unlink()
    assert (run(shelf).removed, rows()) == (1, [])


def test_a_hold_that_came_meanwhile_is_seen(world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fill(shelf, world, 1)
    hold(shelf, files[0])
    held = rows()[0]["held_file"]
    Segment.objects.update(held_file="")
    files[0].unlink()

    def hold_meanwhile(rows: Any) -> Any:
        Segment.objects.update(held_file=held)
        return lock_gone(rows)

    monkeypatch.setattr(room, "lock_gone", hold_meanwhile)
    assert (run(shelf).removed, len(rows())) == (0, 1)


def test_what_only_a_hold_keeps_does_not_count_in_a_mass_loss(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 220)
    for file in files[:150]:
        hold(shelf, file)
        file.unlink()
    assert (run(shelf).refused, len(rows())) == ("", 220)
    Segment.objects.filter(held_file="").update(state="damaged", damage="x")
    shelf.put(world.foreign_camera, make_segment())
    for at in range(30):
        moment = START + timedelta(days=1, minutes=at)
        shelf.put(world.camera, make_segment(moment, fragments=1), at=moment)
    run(shelf)
    for path in (shelf.root / world.camera.stream_id).iterdir():
        path.unlink()
    assert "100 of 101 files of the index are gone" in run(shelf).refused
    assert len(rows()) == 251


def test_links_of_nobody_are_strangers(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 1)
    hold(shelf, files[0])
    shelf.put_as(".held/ab/none.mp4", b"x")
    shelf.put_as(".held/loose", b"x")
    report = run(shelf)
    assert sorted(report.strangers) == [".held/ab/none.mp4", ".held/loose"]
    assert {".held/ab/none.mp4", ".held/loose"} <= shelf.files()


def test_a_held_folder_that_is_none_stops_nothing(world: World, shelf: Shelf) -> None:
    (shelf.root / ".held").write_bytes(b"")
    fill(shelf, world, 1)
    report = run(shelf)
    assert (report.refused, report.unreadable) == ("", [".held: Not a directory"])


def test_what_left_is_told_before_its_rows_go(world: World, shelf: Shelf, gone: list[GoneSegment]) -> None:
    files = fill(shelf, world, 3)
    marked = Segment.objects.order_by("start")[1]
    Segment.objects.filter(pk=marked.pk).update(state="deleting", deletion_rule="quota", deletion_early=True)
    size = marked.size
    for file in files[:2]:
        file.unlink()
    assert run(shelf, repair=False).removed == 0
    assert gone == []
    assert run(shelf).removed == 2
    end = timedelta(seconds=4)
    later = START + timedelta(minutes=1)
    assert sorted(gone, key=lambda each: each.start) == [
        GoneSegment(world.camera.pk, world.city.pk, START, START + end, size),
        GoneSegment(world.camera.pk, world.city.pk, later, later + end, size, "quota", deletion_early=True),
    ]
    assert run(shelf).removed == 0
    assert len(gone) == 2


def test_a_step_that_fails_keeps_the_rows(world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    files = fill(shelf, world, 1)
    files[0].unlink()

    def fail(rows: Sequence[GoneSegment], now: datetime) -> None:
        raise RuntimeError

    monkeypatch.setattr(room, "removal_steps", [fail])
    with pytest.raises(RuntimeError):
        run(shelf)
    assert len(rows()) == 1


def test_a_refused_pass_is_a_doubt_until_one_is_allowed(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 120)
    assert doubt() == ""
    for file in files[:110]:
        file.unlink()
    run(shelf, repair=False)
    assert doubt() == ""
    run(shelf)
    assert "110 of 120" in doubt()
    watch_server(shelf.server, datetime.now(UTC))
    (shelf.root / MARKER).unlink()
    watch_server(shelf.server, datetime.now(UTC))
    assert "110 of 120" in doubt()
    (shelf.root / MARKER).write_text(f"{shelf.server.pk}\n")
    run(shelf, accept_loss=True)
    assert doubt() == ""


def test_a_look_raises_a_doubt_that_only_a_pass_settles(world: World, shelf: Shelf) -> None:
    fill(shelf, world, 1)
    (shelf.root / MARKER).unlink()
    shelf.put(world.camera, make_segment(START + timedelta(hours=1)), at=START + timedelta(hours=1))
    watch_server(shelf.server, datetime.now(UTC))
    assert "no marker file" in doubt()
    look_at_cameras(shelf.server, [world.camera.pk], datetime.now(UTC))
    assert len(rows()) == 2  # footage is footage, wherever it lies
    (shelf.root / MARKER).write_text(f"{shelf.server.pk}\n")
    watch_server(shelf.server, datetime.now(UTC))
    assert "no marker file" in doubt()
    run(shelf)
    assert doubt() == ""


def test_a_doubt_is_written_once(world: World, shelf: Shelf, django_assert_num_queries: Any) -> None:
    fill(shelf, world, 1)
    (shelf.root / MARKER).write_text("999\n")
    assert looks._may_look(shelf.server) is False
    assert "names another media server" in doubt()
    with django_assert_num_queries(1):
        looks._may_look(shelf.server)
    MediaServer.objects.update(recordings_root=str(shelf.root / MARKER))
    assert looks._may_look(MediaServer.objects.get()) is False
    run(shelf)
    assert "names another media server" in doubt()


def test_the_command_is_content_while_files_grow(
    world: World, shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    begun = now - timedelta(minutes=5)
    shelf.put(world.camera, make_segment(begun, fragments=1, closed=False), at=begun, age=0)
    run(shelf)
    shelf.put(world.camera, make_segment(begun, fragments=2, closed=False), at=begun, age=0)
    shelf.put(world.foreign_camera, b"", at=now - timedelta(seconds=5), age=0)
    before = rows()
    call_command("check_footage")
    assert "main: 2 files, 0 new or changed, 0 rows without a file\n  2 files being written" in capsys.readouterr().out
    assert rows() == before
    never_seen = now - timedelta(minutes=7)
    shelf.put(world.foreign_camera, b"", at=never_seen, age=0)
    with pytest.raises(CommandError):
        call_command("check_footage")
    assert "3 files, 1 new or changed" in capsys.readouterr().out


def test_the_marker_s_return_has_the_doubt_settled_once(world: World, shelf: Shelf) -> None:
    fill(shelf, world, 1)
    reconcile(shelf.server, datetime.now(UTC))
    assert may_settle_doubt(shelf.server) is False
    marker = shelf.root / MARKER
    text = marker.read_text()
    marker.unlink()
    watch_server(shelf.server, datetime.now(UTC))
    assert (bool(doubt()), may_settle_doubt(shelf.server)) == (True, False)
    marker.write_text(text)
    assert [may_settle_doubt(shelf.server) for _ in range(2)] == [True, False]
    reconcile(shelf.server, datetime.now(UTC))
    assert doubt() == ""


@pytest.mark.parametrize("trouble", ["", "marker", "doubt", "hold"])
def test_a_look_settles_an_open_row_without_a_file_unless_the_disk_is_in_doubt(
    world: World, shelf: Shelf, gone: list[GoneSegment], trouble: str
) -> None:
    now = datetime.now(UTC)
    moments = [now - timedelta(minutes=5), now - timedelta(minutes=4)]
    files = [shelf.put(world.camera, make_segment(at, closed=False), at=at, age=1) for at in moments]
    run(shelf)
    if trouble == "hold":
        hold(shelf, shelf.root / files[0])
    (shelf.root / files[0]).unlink()
    if trouble == "marker":
        (shelf.root / MARKER).unlink()
    if trouble == "doubt":
        Storage.objects.update(doubt="x")
    watch_server(shelf.server, datetime.now(UTC))
    assert [row["file"] for row in rows()] == (files if trouble else files[1:])
    assert [each.start for each in gone] == ([] if trouble else moments[:1])


def test_many_open_files_that_go_at_once_are_a_doubt_that_a_full_pass_settles(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 220)
    Segment.objects.filter(file__in=[str(file.relative_to(shelf.root)) for file in files[:105]]).update(state="open")
    for file in files[:100]:
        file.unlink()
    watch_server(shelf.server, datetime.now(UTC))
    assert ("100 of 105 files that were being written are gone" in doubt(), len(rows())) == (True, 220)
    assert may_settle_doubt(shelf.server) is True
    assert (run(shelf).removed, doubt()) == (100, "")
