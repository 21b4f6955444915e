"""Takes files of segments off the disk: below the root only, through no link, and durably."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from footage.layout import is_segment_name
from mediamtx.names import stream_id_for
from recording.holds.links import find_unnoted_link

THREADS = 4
FILES_AT_ONCE = 250

_HELD = re.compile(r"(\.held/[0-9a-zA-Z_-]+)/([0-9a-zA-Z_-]+\.mp4)", re.ASCII)
_NOT_A_SEGMENT = "The name in its row is not one of a segment; nothing was deleted."
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Target:
    """The file of a row, and its held link ("" without one), as their paths below the root."""

    pk: int
    camera_id: UUID
    file: str
    held_file: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    pk: int
    folder: str
    name: str


def unlink_files(root: Path, targets: Sequence[Target]) -> dict[int, str]:
    """Unlink them and have their folders written to the disk; give, by row, why it failed. Missing is fine.

    Raises OSError where the root itself cannot be opened.
    """
    failed: dict[int, str] = {}
    entries: list[_Entry] = []
    for target in targets:
        try:
            entries += _find_entries(root, target)
        except OSError as error:
            failed[target.pk] = str(error.strerror)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with ThreadPoolExecutor(THREADS) as threads:
            for failures in threads.map(lambda group: _unlink_group(descriptor, group), _group(entries)):
                failed.update(failures)
    finally:
        os.close(descriptor)
    return failed


def _find_entries(root: Path, target: Target) -> list[_Entry]:
    """Give what there is to unlink, also a held link that a crash left before its row knew it.

    Raises OSError where a name is not what it must be.
    """
    folder, _, name = target.file.partition("/")
    if folder != stream_id_for(target.camera_id) or not is_segment_name(name):
        raise OSError(errno.EINVAL, _NOT_A_SEGMENT)
    entries = [_Entry(target.pk, folder, name)]
    held_file = target.held_file or find_unnoted_link(root, target.pk, target.file)
    if held_file:
        held = _HELD.fullmatch(held_file)
        if held is None:
            raise OSError(errno.EINVAL, _NOT_A_SEGMENT)
        entries.append(_Entry(target.pk, held[1], held[2]))
    return entries


def _group(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    """Give them by folder, so many at once that the threads share a full one."""
    folders: dict[str, list[_Entry]] = {}
    for entry in entries:
        folders.setdefault(entry.folder, []).append(entry)
    for inside in folders.values():
        yield from (inside[first : first + FILES_AT_ONCE] for first in range(0, len(inside), FILES_AT_ONCE))


def _unlink_group(root: int, group: list[_Entry]) -> dict[int, str]:
    failed: dict[int, str] = {}
    try:
        with _open_folder(root, group[0].folder) as folder:
            for entry in group:
                try:
                    os.unlink(entry.name, dir_fd=folder)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    failed[entry.pk] = str(error.strerror)
            os.fsync(folder)
    except FileNotFoundError:
        return failed
    except OSError as error:
        return {entry.pk: str(error.strerror) for entry in group}
    return failed


@contextmanager
def _open_folder(root: int, folder: str) -> Iterator[int]:
    """Open a folder below the root step by step, so that no step is a link. Raises OSError."""
    opened = [root]
    try:
        for step in folder.split("/"):
            opened.append(os.open(step, _FOLDER, dir_fd=opened[-1]))
        yield opened[-1]
    finally:
        for descriptor in opened[1:]:
            os.close(descriptor)
