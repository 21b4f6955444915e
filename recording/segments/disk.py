"""The folder of recordings as it lies on disk: its marker, its cameras' files, what else is there. Deletes nothing."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from struct import calcsize, unpack
from uuid import UUID

from footage.layout import is_segment_name
from mediamtx.names import camera_id_from, stream_id_for
from recording.segments.decisions import DiskFile
from recording.segments.scanning import IRREGULAR, Found, scan

MARKER = ".vms-footage"

HELD = ".held"

OUR_OWN = frozenset({MARKER, HELD, "lost+found"})
"""What may stand beside the cameras' folders: our marker, held footage, and the file system's own."""

COUNTED_FOLDERS = 4

LONG_WRITTEN_SECONDS = 3600.0
"""The kernel writes what is older than 30 s: to fsync a file untouched for an hour would only flush the disk's cache,
which makes the first pass over a million files take hours."""

Seen = tuple[str, int, float]
"""A name in a folder, and its size and time of change by `stat`; sizes below 0 are no sizes, see `scanning`."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder, in texts as `scanning.Found` has them: two folders hold the same where these are the same.

    So much is kept of a folder in which nothing is new; `seen` gives the rest one by one.
    """

    names: str
    sizes: str
    times: bytes

    @property
    def count(self) -> int:
        """How many names there are."""
        return len(self.times) // calcsize("d")

    @property
    def seen(self) -> list[Seen]:
        """Each name with what `stat` said of it, in order."""
        if not self.count:
            return []
        times = unpack(f"{self.count}d", self.times)
        return list(zip(self.names.split("/"), map(int, self.sizes.split()), times, strict=True))


@dataclass
class Cameras:
    """The cameras that have a folder, and what in the root is no camera's folder."""

    ids: list[UUID] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


@dataclass
class Files:
    """A camera's segment files by age, oldest first, and what else lies in its folder.

    `unreadable` says, by file, why `stat` was refused: it may be footage all the same.
    """

    files: list[DiskFile] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


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


def guess_files(root: Path, camera_ids: Sequence[UUID]) -> int:
    """Guess how many files these cameras have: the names in a few of their folders are counted quickly."""
    few = camera_ids[:: len(camera_ids) // COUNTED_FOLDERS + 1]
    return sum(_count_names(root, camera_id) for camera_id in few) * len(camera_ids) // max(1, len(few))


def list_files(root: Path, camera_id: UUID) -> Files:
    """Give what lies in a camera's folder; nothing where it has none. Raises OSError."""
    return sort_files(camera_id, scan_folder(root, camera_id))


def scan_folder(root: Path, camera_id: UUID) -> Listing:
    """Give what is in a camera's folder; nothing where it has none, and no link is followed. Raises OSError."""
    return read_found(scan(name_folder(root, camera_id)))


def name_folder(root: Path, camera_id: UUID) -> bytes:
    """Give the path of a camera's folder, in the bytes that the disk knows it by."""
    return os.fsencode(f"{root}/{stream_id_for(camera_id)}")


def read_found(found: Found) -> Listing:
    """Give what a scan found, with names as Python has them."""
    names, sizes, times = found
    return Listing(os.fsdecode(names), sizes, times)


def sort_files(camera_id: UUID, listing: Listing) -> Files:
    """Tell the segments from the rest: a foreign name, a folder, a link, and what the disk does not tell of."""
    found, folder, seen = Files(), stream_id_for(camera_id), listing.seen
    sound = [each for each in seen if each[1] >= 0 and is_segment_name(each[0])]
    if len(sound) < len(seen):
        names = {each[0] for each in sound}
        for name, size, _ in (each for each in seen if each[0] not in names):
            if size < IRREGULAR and is_segment_name(name):
                found.unreadable[f"{folder}/{name}"] = os.strerror(IRREGULAR - size)
            else:
                found.strangers.append(f"{folder}/{name}")
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


def _count_names(root: Path, camera_id: UUID) -> int:
    try:
        return len(os.listdir(name_folder(root, camera_id)))  # noqa: PTH208 -- pathlib makes an object of each name
    except OSError:
        return 0


def _sync_folder(folder: Path) -> None:
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
