"""The full pass: disk and index agree afterwards, nothing on disk is touched, and doubt changes nothing."""

import errno
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from cameras.models import MediaServer
from footage.layout import name_for
from mediamtx.names import stream_id_for
from recording.models import Segment
from recording.segments import reconcile as room
from recording.segments import scanners
from recording.segments.decisions import is_mass_loss
from recording.segments.disk import MARKER
from recording.segments.index import claim, known_files
from recording.segments.looks import look_at_cameras
from recording.segments.reconcile import RECONCILING, reconcile
from recording.segments.scanning import Found, Refused, try_scan
from tests.recording.segments.conftest import START, Shelf, make_segment, rows
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]

UNKNOWN = UUID(int=7)


def fill(shelf: Shelf, world: World, count: int) -> list[Path]:
    """Put so many files of one camera on the shelf."""
    moments = [START + timedelta(minutes=minute) for minute in range(count)]
    return [shelf.root / shelf.put(world.camera, make_segment(at, fragments=1), at=at) for at in moments]


def run(shelf: Shelf, **options: bool) -> room.Report:
    return reconcile(shelf.server, datetime.now(UTC), **options)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_pass_indexes_what_is_new_and_removes_what_is_gone(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 4)
    shelf.put(world.foreign_camera, make_segment())
    first = run(shelf)
    assert (first.refused, first.files, first.unread, first.indexed.written) == ("", 5, 5, 5)
    files[0].unlink()
    second = run(shelf)
    assert (second.files, second.unread, second.vanished, second.removed) == (4, 0, 1, 1)
    assert {row["file"] for row in rows()} == shelf.files()
    assert run(shelf).is_clean is True


def test_a_pass_that_only_reports_changes_nothing(world: World, shelf: Shelf) -> None:
    fill(shelf, world, 2)[0].unlink()
    report = run(shelf, repair=False)
    assert (report.unread, report.indexed.written, report.is_clean) == (1, 0, False)
    assert rows() == []
    assert not (shelf.root / MARKER).exists()


def test_the_rows_of_a_camera_whose_folder_went_are_removed(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 2)
    shelf.put(world.foreign_camera, make_segment())
    run(shelf)
    for file in files:
        file.unlink()
    files[0].parent.rmdir()
    assert run(shelf).removed == 2
    assert len(rows()) == 1


def test_what_belongs_to_nobody_is_told_of_and_stays(world: World, shelf: Shelf) -> None:
    folder = world.camera.stream_id
    stray = stream_id_for(world.city.pk)
    strangers = {
        shelf.put_as("notes.txt", b"x"),
        shelf.put_as(f"{folder}/{name_for(START)}.jpg", b"x"),
        shelf.put_as(f"{stray}/{name_for(START)}", make_segment()),
    }
    (shelf.root / "lobby").mkdir()
    (shelf.root / folder / name_for(START)).symlink_to(shelf.root / "notes.txt")
    strangers.add(shelf.put_as(".held/ab/1.mp4", b"x"))
    report = run(shelf)
    assert set(report.strangers) == strangers | {"lobby", f"{folder}/{name_for(START)}"}
    assert (report.stranger_count, report.files, report.removed) == (6, 0, 0)
    assert strangers <= shelf.files()
    assert rows() == []


def test_a_removed_cameras_footage_stays_indexed(world: World, shelf: Shelf) -> None:
    world.camera.removed_at = datetime.now(UTC)
    world.camera.save()
    fill(shelf, world, 1)
    assert run(shelf).indexed.written == 1


def test_without_its_marker_nothing_changes_and_one_error_is_logged(
    world: World, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    files = fill(shelf, world, 3)
    run(shelf)
    (shelf.root / MARKER).unlink()
    files[0].unlink()
    shelf.put(world.foreign_camera, make_segment())
    before = rows()
    for _ in range(3):
        report = run(shelf)
        assert "is the disk mounted?" in report.refused
    assert rows() == before
    assert not (shelf.root / MARKER).exists()
    assert len(errors(caplog)) == 1
    (shelf.root / MARKER).write_text(f"{shelf.server.pk}\n")
    assert (run(shelf).removed, len(rows())) == (1, 3)
    (shelf.root / MARKER).unlink()
    run(shelf)
    assert len(errors(caplog)) == 2


def test_another_servers_marker_changes_nothing(world: World, shelf: Shelf) -> None:
    (shelf.root / MARKER).write_text("999\n")
    fill(shelf, world, 1)
    assert "another media server" in run(shelf).refused
    assert rows() == []


def test_a_folder_that_is_away_changes_nothing(world: World, shelf: Shelf) -> None:
    fill(shelf, world, 2)
    run(shelf)
    shelf.root.rename(shelf.root.with_name("elsewhere"))
    assert run(shelf).refused != ""
    assert len(rows()) == 2


def test_a_mass_loss_changes_nothing_until_it_is_accepted(
    world: World, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    files = fill(shelf, world, 200)
    run(shelf)
    for file in files[:100]:
        file.unlink()
    shelf.put(world.foreign_camera, make_segment())
    for _ in range(2):
        report = run(shelf)
        assert "100 of 200 files of the index are gone" in report.refused
        assert (report.removed, report.indexed.written) == (0, 0)
    assert len(errors(caplog)) == 1
    assert len(rows()) == 200
    assert run(shelf, accept_loss=True).removed == 100
    assert {row["file"] for row in rows()} == shelf.files()


def test_a_smaller_loss_is_none_to_doubt(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 200)
    run(shelf)
    for file in files[:99]:
        file.unlink()
    assert run(shelf).removed == 99
    assert is_mass_loss(99, 200) is False


def test_rows_that_are_being_deleted_are_no_loss(world: World, shelf: Shelf) -> None:
    files = fill(shelf, world, 120)
    run(shelf)
    Segment.objects.update(state="deleting", deletion_rule="age")
    for file in files:
        file.unlink()
    assert (run(shelf).removed, rows()) == (120, [])


def test_a_folder_that_cannot_be_listed_takes_no_row(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf, world, 2)
    run(shelf)

    def fail(folder: bytes) -> Found | Refused:
        return (13, "Permission denied") if folder.decode().endswith(world.camera.stream_id) else try_scan(folder)

    monkeypatch.setattr(scanners, "try_scan", fail)
    report = run(shelf)
    assert (report.vanished, report.unreadable) == (0, [f"{world.camera.stream_id}: Permission denied"])
    assert len(rows()) == 2


def test_a_bad_inode_takes_no_row_and_hides_no_other_file(world: World, shelf: Shelf, refused: set[str]) -> None:
    files = fill(shelf, world, 2)
    run(shelf)
    refused.add(files[0].name)
    fill(shelf, world, 3)
    shelf.put_as(f"{stream_id_for(UNKNOWN)}/{files[0].name}", make_segment())
    report = run(shelf)
    reason = os.strerror(errno.EUCLEAN)
    assert report.unreadable == [f"{world.camera.stream_id}/{files[0].name}: {reason}"]
    assert (report.files, report.vanished, report.indexed.written, report.is_repaired) == (3, 0, 1, False)
    assert report.strangers == [f"{stream_id_for(UNKNOWN)}/{files[0].name}"]
    assert len(rows()) == 3


def test_settled_folders_are_compared_in_one_text(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    files = fill(shelf, world, 3)
    run(shelf)
    compared: list[Any] = []

    def note(server_id: int, camera_ids: Any) -> Any:
        compared.extend(camera_ids)
        return known_files(server_id, camera_ids)

    monkeypatch.setattr(room, "known_files", note)
    with django_assert_max_num_queries(10):
        assert run(shelf).is_clean is True
    assert compared == []
    for change in (lambda: files[0].write_bytes(b"x"), files[1].unlink, lambda: files[0].with_name("a").touch()):
        change()
        assert run(shelf, repair=False).is_clean is False
        assert compared == [world.camera.pk]
        compared.clear()
        run(shelf)
        compared.clear()
    (shelf.root / world.camera.stream_id / "a").unlink()
    files[2].rename(shelf.root / "elsewhere")
    files[2].symlink_to(shelf.root / "elsewhere")
    assert f"{world.camera.stream_id}/{files[2].name}" in run(shelf).strangers
    assert len(rows()) == 2  # its name is there still, so nothing is removed


def test_more_unknown_files_than_are_kept_in_mind(world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_UNKNOWN", 0)
    fill(shelf, world, 3)
    young = START + timedelta(days=1)
    shelf.put(world.camera, make_segment(young, closed=False), at=young, age=5)
    assert (run(shelf).indexed.written, {row["file"] for row in rows()}) == (4, shelf.files())


def test_a_file_that_came_while_the_pass_looked_is_not_gone(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf, world, 1)

    def come_meanwhile(server_id: int, ids: Any) -> Any:
        at = START + timedelta(days=1)
        shelf.put(world.camera, make_segment(at), at=at)
        look_at_cameras(shelf.server, [world.camera.pk], datetime.now(UTC))
        return known_files(server_id, ids)

    monkeypatch.setattr(room, "known_files", come_meanwhile)
    assert run(shelf).vanished == 0
    assert len(rows()) == 2


def test_a_renamed_file_is_followed(world: World, shelf: Shelf) -> None:
    file = fill(shelf, world, 1)[0]
    run(shelf)
    file.rename(file.with_name(name_for(START + timedelta(days=1))))
    assert (run(shelf).removed, {row["file"] for row in rows()}) == (1, shelf.files())


def test_the_command_reports_then_repairs(world: World, shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    fill(shelf, world, 2)
    with pytest.raises(CommandError, match="do not agree"):
        call_command("check_footage")
    assert "main: 2 files, 2 new or changed, 0 rows without a file" in capsys.readouterr().out
    assert rows() == []
    call_command("check_footage", "--repair")
    assert "2 rows written (0 damaged), 0 removed" in capsys.readouterr().out
    call_command("check_footage")
    shelf.put_as("notes.txt", b"x")
    with pytest.raises(CommandError):
        call_command("check_footage", "--server", "main")
    assert "of no camera, or no segment: notes.txt" in capsys.readouterr().out
    call_command("check_footage", "--repair")


@pytest.mark.parametrize("options", [["--accept-loss"], ["--repair", "--accept-loss"], ["--server", "nowhere"]])
def test_the_command_refuses_what_makes_no_sense(world: World, options: list[str]) -> None:
    with pytest.raises(CommandError, match=r"--server: name|no media server"):
        call_command("check_footage", *options)


@pytest.mark.django_db(transaction=True)
def test_two_passes_do_not_meet(world: World, shelf: Shelf) -> None:
    fill(shelf, world, 1)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", (0x5E65, shelf.server.pk * 8 + RECONCILING))
        assert "at work" in run(shelf).refused
        assert rows() == []
        with other.cursor() as cursor:  # a server that is told of the end of a connection may take its time
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    with claim(RECONCILING, shelf.server.pk) as is_ours:
        assert is_ours is True
    assert run(shelf).indexed.written == 1


def test_prepare_marks_a_new_folder(world: World, tmp_path: Path, settings: Any) -> None:
    settings.VMS_RECORDINGS, settings.VMS_DEMO_CAMERAS = tmp_path, 0
    call_command("prepare")
    server = MediaServer.objects.get(name="main")
    assert (tmp_path / MARKER).read_text() == f"{server.pk}\n"
    settings.VMS_RECORDINGS = tmp_path / "absent"
    call_command("prepare")
