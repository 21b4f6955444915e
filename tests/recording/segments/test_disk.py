"""What is on the disk, as the index wants it: listed whole, guessed quickly."""

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from mediamtx.names import stream_id_for
from recording.segments.decisions import DiskFile
from recording.segments.disk import Files, guess_files, list_files, scan_folder
from recording.segments.scanning import IRREGULAR

OLD, NEW = "2026-01-27_03-00-00-123456.mp4", "2026-01-27_04-00-00-123456.mp4"


def make_folder(root: Path, names: list[str]) -> UUID:
    """Make a camera's folder with such files, each as long as its name."""
    camera_id = uuid4()
    folder = root / stream_id_for(camera_id)
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)
        os.utime(folder / name, (1.5, 1.5))
    return camera_id


def test_segments_are_told_from_the_rest(tmp_path: Path) -> None:
    camera_id = make_folder(tmp_path, [NEW, OLD, "a\nb", "1 2"])
    folder = stream_id_for(camera_id)
    (tmp_path / folder / "z.mp4").symlink_to(tmp_path / folder / OLD)
    assert scan_folder(tmp_path, camera_id).seen == [
        ("1 2", 3, 1.5),
        (OLD, 30, 1.5),
        (NEW, 30, 1.5),
        ("a\nb", 3, 1.5),
        ("z.mp4", IRREGULAR, (tmp_path / folder / "z.mp4").lstat().st_mtime),
    ]
    files = [DiskFile(camera_id, OLD, 30, 1.5, has_successor=True), DiskFile(camera_id, NEW, 30, 1.5)]
    assert list_files(tmp_path, camera_id) == Files(files, [f"{folder}/{name}" for name in ("1 2", "a\nb", "z.mp4")])


def test_a_segment_that_the_disk_does_not_tell_of_is_unreadable(tmp_path: Path, refused: set[str]) -> None:
    refused |= {OLD, "a"}
    camera_id = make_folder(tmp_path, [OLD, NEW, "a"])
    folder = stream_id_for(camera_id)
    expected = Files(
        [DiskFile(camera_id, NEW, 30, 1.5)], [f"{folder}/a"], {f"{folder}/{OLD}": "Structure needs cleaning"}
    )
    assert list_files(tmp_path, camera_id) == expected


def test_a_camera_without_a_folder_has_no_files(tmp_path: Path) -> None:
    assert list_files(tmp_path, uuid4()) == Files()


def test_what_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    camera_id = uuid4()
    (tmp_path / stream_id_for(camera_id)).touch()
    with pytest.raises(NotADirectoryError):
        list_files(tmp_path, camera_id)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 50])
def test_files_are_guessed_by_some_of_the_folders(tmp_path: Path, count: int) -> None:
    cameras = [make_folder(tmp_path, ["a", "b"]) for _ in range(count)]
    assert guess_files(tmp_path, cameras) == 2 * count
    assert guess_files(tmp_path / "elsewhere", cameras) == 0
