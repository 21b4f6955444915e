"""What lies in a folder is told whole and in order, whatever it is called and whatever becomes of it meanwhile."""

import errno
import marshal
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from struct import unpack

import pytest

from recording.segments import scanning as room
from recording.segments.scanning import IRREGULAR, Found, scan, try_scan

HOSTILE = [b"\n", b" ", b"'; --", b"-rf", b"1 2", b"\xff\xfe", b"a\nb", b"c", b"\xed\xa0\x80", "é\ue000😀".encode()]


def make_folder(path: Path, names: list[bytes]) -> bytes:
    """Make a folder of files, each as long as its name."""
    path.mkdir()
    for name in names:
        with open(os.fsencode(path) + b"/" + name, "wb") as file:  # noqa: PTH123 -- a path of bytes
            file.write(name)
    return os.fsencode(path)


def times_of(found: Found) -> tuple[float, ...]:
    return unpack(f"{len(found[2]) // 8}d", found[2])


def test_names_sizes_and_times_are_told_in_order(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a", [b"20.mp4", b"100.mp4", b"3"])
    for name, at in (("20.mp4", 1.5), ("100.mp4", 2.25), ("3", -1.0)):
        os.utime(tmp_path / "a" / name, (at, at))
    found = scan(folder)
    assert found[:2] == (b"100.mp4/20.mp4/3", "7 6 1")
    assert times_of(found) == (2.25, 1.5, -1.0)


def test_what_is_no_regular_file_has_no_size_and_no_link_is_followed(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a", [b"file"])
    (tmp_path / "a" / "folder").mkdir()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "a" / "file")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a" / "loop")
    os.mkfifo(tmp_path / "a" / "pipe")
    assert scan(folder)[:2] == (b"file/folder/link/loop/pipe", "4 -1 -1 -1 -1")


def test_hostile_names_are_told_as_they_are(tmp_path: Path) -> None:
    names, sizes, _ = scan(make_folder(tmp_path / "a", HOSTILE))
    assert names.split(b"/") == sorted(HOSTILE)
    assert sizes == " ".join(str(len(name)) for name in sorted(HOSTILE))


def test_no_two_folders_are_told_alike(tmp_path: Path) -> None:
    folders = [[b"a", b"b", b"c"], [b"a\nb", b"c"], [b"a b", b"c"], [b"a", b"b\nc"], [b"a\nb\nc"], []]
    told = {scan(make_folder(tmp_path / str(number), names))[0] for number, names in enumerate(folders)}
    assert len(told) == len(folders)


def test_of_an_empty_folder_and_of_none_nothing_is_told(tmp_path: Path) -> None:
    assert scan(make_folder(tmp_path / "empty", [])) == (b"", "", b"")
    assert scan(os.fsencode(tmp_path / "none")) == (b"", "", b"")


def test_files_that_go_while_their_folder_is_scanned_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, leaving, scandir = (
        make_folder(tmp_path / "a", [b"first", b"second", b"stays"]),
        ["first", "second"],
        os.scandir,
    )

    @contextmanager
    def lose_one(path: bytes) -> Iterator[list[os.DirEntry[bytes]]]:
        with scandir(path) as entries:
            listed = list(entries)
        (tmp_path / "a" / leaving.pop(0)).unlink()
        yield listed

    monkeypatch.setattr(os, "scandir", lose_one)
    assert scan(folder)[:2] == (b"stays", "5")
    assert leaving == []


def test_what_one_name_is_refused_for_hides_no_other(tmp_path: Path, refused: set[str]) -> None:
    folder = make_folder(tmp_path / "a", [b"1", b"22", b"333"])
    refused |= {"22"}
    assert scan(folder)[:2] == (b"1/22/333", f"1 {IRREGULAR - errno.EUCLEAN} 3")


def test_what_cannot_be_scanned_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert try_scan(os.fsencode(tmp_path / "file")) == (errno.ENOTDIR, "Not a directory")
    assert try_scan(os.fsencode(tmp_path / "loop")) == (errno.ELOOP, "Too many levels of symbolic links")


def test_a_process_that_nobody_orders_anything_ends(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a", HOSTILE)
    order = marshal.dumps([folder, os.fsencode(tmp_path / "none"), folder + b"/c"])
    argv = [sys.executable, "-I", "-S", room.__file__]
    done = subprocess.run(argv, input=order * 2, capture_output=True, check=True, timeout=60)
    answers = BytesIO(done.stdout)
    for _ in range(2):
        answer = marshal.load(answers)  # noqa: S302 -- the pipe of a process that we started
        assert answer == [scan(folder), (b"", "", b""), (errno.ENOTDIR, "Not a directory")]
    assert (answers.read(), done.stderr) == (b"", b"")
