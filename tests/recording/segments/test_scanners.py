"""Real processes that scan: they say what this one would say, and folders are scanned whatever becomes of them."""

import errno
import logging
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from subprocess import Popen
from uuid import UUID, uuid4

import pytest

from cameras.models import Camera
from mediamtx.names import stream_id_for
from recording.segments import reconcile as reconciling
from recording.segments import scanners as room
from recording.segments.decisions import KnownFile
from recording.segments.disk import Listing
from recording.segments.reconcile import Report, reconcile
from recording.segments.scanners import Scanners, start_scanners
from recording.segments.scanning import POLITENESS
from tests.recording.segments.conftest import START, Shelf, make_segment
from tests.world import World

NAMES = [b"a\nb", b"c", b"1 2", b"\xff\xfe", "é\ue000😀.mp4".encode(), b"2026-01-27_03-00-00-123456.mp4"]


@pytest.fixture
def cameras(tmp_path: Path) -> list[UUID]:
    """Folders with files of every name, none, a file in the place of one, and hundreds of files."""
    found = [uuid4() for _ in range(4)]
    folders = [tmp_path / stream_id_for(camera_id) for camera_id in found]
    folders[0].mkdir()
    for number, name in enumerate(NAMES):
        path = os.fsencode(folders[0]) + b"/" + name
        os.close(os.open(path, os.O_CREAT))
        os.utime(path, (number / 4, number / 4))
    folders[2].touch()
    folders[3].mkdir()
    for number in range(2000):
        (folders[3] / f"{number}").touch()
    return found


def plain(found: dict[UUID, Listing | OSError]) -> list[object]:
    return [(each.errno, each.strerror) if isinstance(each, OSError) else each for each in found.values()]


def test_processes_say_what_this_one_says(tmp_path: Path, cameras: list[UUID]) -> None:
    here = Scanners().scan(tmp_path, cameras)
    with start_scanners(room.LEAST_FILES) as scanners:
        there = [scanners.scan(tmp_path, cameras) for _ in range(scanners.at_once + 1)]
    assert [list(each) for each in there] == [cameras] * len(there)
    assert [plain(each) for each in there] == [plain(here)] * len(there)
    full, empty, no_folder, many = plain(here)
    assert isinstance(full, Listing)
    assert [name for name, _, _ in full.seen] == [os.fsdecode(name) for name in sorted(NAMES)]
    assert [at for _, _, at in full.seen] == [NAMES.index(name) / 4 for name in sorted(NAMES)]
    assert (empty, no_folder) == (Listing("", "", b""), (errno.ENOTDIR, "Not a directory"))
    assert isinstance(many, Listing)
    assert (many.count, len(many.seen)) == (2000, 2000)


def take_processes(scanners: Scanners) -> list[Popen[bytes]]:
    """Take all processes out, so that nobody gets one."""
    taken = [scanners._idle.get() for _ in range(scanners.at_once)]
    return [process for process in taken if process is not None]


def put_back(scanners: Scanners, processes: list[Popen[bytes]]) -> None:
    for process in processes:
        scanners._idle.put(process)


def test_folders_of_a_lost_process_are_scanned_all_the_same(
    tmp_path: Path, cameras: list[UUID], caplog: pytest.LogCaptureFixture
) -> None:
    with start_scanners(room.LEAST_FILES) as scanners:
        processes = take_processes(scanners)
        for process in processes:
            process.kill()
        put_back(scanners, processes)
        found = [plain(scanners.scan(tmp_path, cameras)) for _ in range(2 * len(processes) + 1)]
    assert found == [plain(Scanners().scan(tmp_path, cameras))] * len(found)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * len(processes)


# One that says nothing, that ends at once, that talks nonsense, that answers another question, and that is not there.
LOST = [
    ("sleep", "600"),
    ("true",),
    ("printf", "nonsense"),
    (sys.executable, "-c", "import marshal; print(end=marshal.dumps([]).decode('latin-1'), flush=True); input()"),
    ("/nowhere/python",),
]


@pytest.mark.parametrize("argv", LOST)
def test_whatever_a_process_does_folders_are_scanned(
    tmp_path: Path,
    cameras: list[UUID],
    argv: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(room, "ARGV", argv)
    monkeypatch.setattr(room, "PATIENCE_SECONDS", 0.01 if argv[0] == "sleep" else 60.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with start_scanners(room.LEAST_FILES) as scanners:
        found = [plain(scanners.scan(tmp_path, cameras)) for _ in range(2)]
    assert found == [plain(Scanners().scan(tmp_path, cameras))] * 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_processes_are_polite_and_ended() -> None:
    with start_scanners(room.LEAST_FILES) as scanners:
        processes = take_processes(scanners)
        assert [room._ask(process, []) for process in processes] == [[]] * len(processes)
        niceness = {os.getpriority(os.PRIO_PROCESS, process.pid) for process in processes}
        assert niceness == {min(19, os.getpriority(os.PRIO_PROCESS, 0) + POLITENESS)}
    assert [process.returncode for process in processes] == [-SIGKILL] * len(processes)


def test_as_many_orders_as_let_all_processes_end_together(monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = [uuid4() for _ in range(1000)]
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with start_scanners(room.LEAST_FILES) as scanners:
        assert [len(share) for share in scanners.divide(cameras[:100])] == [7] * 14 + [2]
        assert [len(share) for share in scanners.divide(cameras[:3])] == [1, 1, 1]
        assert [each for share in scanners.divide(cameras) for each in share] == cameras
        assert max(len(share) for share in scanners.divide(cameras)) == room.MOST_FOLDERS
        assert list(scanners.divide([])) == []


def test_for_few_files_no_process_is_started(tmp_path: Path, cameras: list[UUID]) -> None:
    with start_scanners(room.LEAST_FILES - 1) as scanners:
        assert (scanners.at_once, take_processes(scanners)) == (1, [])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Popen[bytes]]:
    """The processes that are asked; it takes no more than one file to have them."""
    kept, ask = list[Popen[bytes]](), room._ask

    def ask_and_keep(process: Popen[bytes], folders: list[bytes]) -> list[Listing | OSError]:
        kept.append(process)
        return ask(process, folders)

    monkeypatch.setattr(room, "_ask", ask_and_keep)
    monkeypatch.setattr(room, "LEAST_FILES", 1)
    return kept


@pytest.mark.django_db
@pytest.mark.usefixtures("every")
def test_a_full_pass_by_processes_finds_what_one_without_them_finds(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, asked: list[Popen[bytes]]
) -> None:
    files = fill(shelf, [world.camera, world.foreign_camera])
    assert reconcile(shelf.server, datetime.now(UTC)).indexed.written == 6
    assert reconcile(shelf.server, datetime.now(UTC)) == Report(files=6)
    assert len(asked) == 4
    change_all(shelf, files)
    with_processes = reconcile(shelf.server, datetime.now(UTC), repair=False)
    assert len(asked) == 7
    monkeypatch.setattr(room, "LEAST_FILES", 1000)
    without = reconcile(shelf.server, datetime.now(UTC), repair=False)
    assert len(asked) == 7
    for report in (with_processes, without):
        report.strangers.sort()
    assert without == with_processes
    assert (with_processes.files, with_processes.unread, with_processes.vanished) == (5, 1, 1)
    assert with_processes.stranger_count == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("every")
def test_a_full_pass_that_fails_ends_its_processes(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, asked: list[Popen[bytes]]
) -> None:
    def fail(server_id: int, camera_ids: list[UUID]) -> list[KnownFile]:
        raise ZeroDivisionError

    files = fill(shelf, [world.camera, world.foreign_camera])
    reconcile(shelf.server, datetime.now(UTC))
    change_all(shelf, files)
    monkeypatch.setattr(reconciling, "known_files", fail)
    with pytest.raises(ZeroDivisionError):
        reconcile(shelf.server, datetime.now(UTC))
    assert {process.returncode for process in asked} == {-SIGKILL}


def fill(shelf: Shelf, cameras: list[Camera]) -> list[Path]:
    """Put three files of each camera on the shelf."""
    moments = [START + timedelta(minutes=minute) for minute in range(3)]
    return [shelf.root / shelf.put(camera, make_segment(at), at=at) for camera in cameras for at in moments]


def change_all(shelf: Shelf, files: list[Path]) -> None:
    """Remove one, change one, and add what is no segment and what is no camera's."""
    files[0].unlink()
    files[4].write_bytes(b"x")
    shelf.put_as(f"{files[4].parent.name}/a\nb", b"")
    shelf.put_as(f"{stream_id_for(uuid4())}/{files[4].name}", b"")
