"""The folder of recordings as it lies on disk: its marker, its cameras' files, what else is there. Deletes nothing."""

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from footage.layout import is_segment_name
from mediamtx.names import camera_id_from, stream_id_for
from recording.segments.decisions import DiskFile

MARKER = ".vms-footage"

HELD = ".held"

OUR_OWN = frozenset({MARKER, HELD, "lost+found"})
"""What may stand beside the cameras' folders: our marker, held footage, and the file system's own."""

LONG_WRITTEN_SECONDS = 3600.0
"""The kernel writes what is older than 30 s: to fsync a file untouched for an hour would only flush the disk's cache,
which makes the first pass over a million files take hours."""


IRREGULAR = -1
_KIND, _REGULAR = 0o170000, 0o100000  # of a mode, as POSIX's <sys/stat.h> numbers them

Seen = tuple[str, int, float]
"""A name in a folder, and its size and time of change by `stat`; the size of what is no regular file is IRREGULAR.

Plain values, which Python's collector of garbage need not look at again and again, as it would at `stat`'s own.
"""


@dataclass
class Cameras:
    """The cameras that have a folder, and what in the root is no camera's folder."""

    ids: list[UUID] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


@dataclass
class Files:
    """A camera's segment files by age, oldest first, and what else lies in its folder."""

    files: list[DiskFile] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def read_marker(root: Path) -> str | None:
    """Give the text of the root's marker file, None where there is none. Raises OSError."""
    try:
        with (root / MARKER).open("rb") as marker:
            return marker.read(64).decode(errors="replace")
    except FileNotFoundError:
        return None


def write_marker(root: Path, server_id: int) -> None:
    """Mark the root as this media server's; a marker that came meanwhile stays. Raises OSError."""
    try:
        with (root / MARKER).open("x") as marker:
            marker.write(f"{server_id}\n")
            marker.flush()
            os.fsync(marker.fileno())
    except FileExistsError:
        return
    _sync_folder(root)


def list_cameras(root: Path) -> Cameras:
    """Give whose folders lie in the root. Raises OSError."""
    found = Cameras()
    with os.scandir(root) as entries:
        for entry in entries:
            camera_id = camera_id_from(entry.name)
            if camera_id is not None and entry.is_dir(follow_symlinks=False):
                found.ids.append(camera_id)
            elif entry.name not in OUR_OWN:
                found.strangers.append(entry.name)
    return found


def list_files(root: Path, camera_id: UUID) -> Files:
    """Give what lies in a camera's folder; nothing where it has none. Raises OSError."""
    return sort_files(camera_id, scan_folder(root, camera_id))


def scan_folder(root: Path, camera_id: UUID) -> list[Seen]:
    """Give the names in a camera's folder, in order, and what `stat` says of each; no link is followed."""
    folder = f"{root}/{stream_id_for(camera_id)}"
    try:
        with os.scandir(folder) as entries:
            # Spelled out, for each word of it is done a million times where there are a million files.
            seen = [
                (entry.name, status.st_size if status.st_mode & _KIND == _REGULAR else IRREGULAR, status.st_mtime)
                for entry in entries
                for status in (entry.stat(follow_symlinks=False),)
            ]
    except FileNotFoundError:
        seen = _scan_changing(folder)
    seen.sort()
    return seen


def summarise(seen: Sequence[Seen]) -> tuple[str, str] | None:
    """Give a folder's names and their sizes, each in one text, as `index.summarise_rows` does of rows; None of none."""
    if not seen:
        return None
    names, sizes, _ = zip(*seen, strict=True)
    return "\n".join(names), " ".join(map(str, sizes))


def sort_files(camera_id: UUID, seen: Sequence[Seen]) -> Files:
    """Tell the segments from the rest: a foreign name, a folder, a link."""
    found, folder = Files(), stream_id_for(camera_id)
    sound = [each for each in seen if each[1] != IRREGULAR and is_segment_name(each[0])]
    if len(sound) < len(seen):
        names = {each[0] for each in sound}
        found.strangers = [f"{folder}/{each[0]}" for each in seen if each[0] not in names]
    newest = sound[-1][0] if sound else ""
    found.files = [DiskFile(camera_id, name, size, at, name != newest) for name, size, at in sound]
    return found


def list_held(root: Path) -> list[str]:
    """Give every path below the folder of held footage that is no folder, as rows name it. Raises OSError."""
    found: list[str] = []
    folders = [HELD]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    into = folders if entry.is_dir(follow_symlinks=False) else found
                    into.append(f"{folder}/{entry.name}")
        except FileNotFoundError:
            continue
    return found


def find_file(root: Path, camera_id: UUID, name: str) -> DiskFile | None:
    """Give one file as it is now, None where it is gone. Raises OSError."""
    try:
        seen = (root / stream_id_for(camera_id) / name).stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return DiskFile(camera_id, name, seen.st_size, seen.st_mtime)


def folder_time(root: Path, camera_id: UUID) -> int | None:
    """Give when a file last came to or went from the camera's folder, in ns since 1970; None where it has none."""
    try:
        return (root / stream_id_for(camera_id)).stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_gone(root: Path, file: str) -> bool:
    """Say whether the file surely is not there: an error of the disk is no such evidence."""
    try:
        os.lstat(root / file)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def sync_files(root: Path, files: Sequence[DiskFile], now: datetime) -> list[str]:
    """Have the files and the entries of their folders written to the disk; give those that could not be."""
    failed: list[str] = []
    folders: set[UUID] = set()
    for file in files:
        if now.timestamp() - file.modified > LONG_WRITTEN_SECONDS:
            continue
        try:
            _sync(root / file.file, os.O_RDONLY)
        except OSError:
            failed.append(file.file)
        else:
            folders.add(file.camera_id)
    for camera_id in folders:
        try:
            _sync_folder(root / stream_id_for(camera_id))
        except OSError:
            failed.extend(file.file for file in files if file.camera_id == camera_id)
    return failed


def _scan_changing(folder: str) -> list[Seen]:
    """List a folder of which something was deleted while it was listed, or that is not there."""
    seen: list[Seen] = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                seen.append(
                    (entry.name, status.st_size if stat.S_ISREG(status.st_mode) else IRREGULAR, status.st_mtime)
                )
    return seen


def _sync_folder(folder: Path) -> None:
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
