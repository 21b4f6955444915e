"""Held files on disk: hard links under names that no cleaner knows. A name that is taken is never overwritten."""

import errno
import os
import re
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from footage.layout import is_segment_name
from footage.reader import read_segment
from mediamtx.names import camera_id_from
from recording.gaps.spans import Span
from recording.holds.decisions import HELD_FOLDER, id_from_link, name_link
from recording.segments.disk import LONG_WRITTEN_SECONDS

_FOLDER = re.compile(r"[0-9a-f]{2}", re.ASCII)


@dataclass(frozen=True)
class HeldSegment:
    """A segment to hold or to give back: `file` and `link` are its two names below the folder of recordings."""

    pk: int
    file: str
    link: str
    stream_id: UUID | None = None
    number: int | None = None
    span: Span | None = None


def footage_file(root: Path, file: str, held_file: str) -> str:
    """Give the name under which a segment's footage is there: its own, or its held one where that is gone.

    Below the folder of recordings, for whoever reads footage; its own name where neither is there.
    """
    return held_file if held_file and not _exists(root / file) and _exists(root / held_file) else file


def make_link(root: Path, segment: HeldSegment) -> None:
    """Link a segment's file under its held name; a link that is there already is taken for ours if it is this footage.

    Raises OSError: FileNotFoundError where its file is gone, FileExistsError where the name is another file's.
    """
    _check_names(segment)
    source, target = root / segment.file, root / segment.link
    _make_folder(target.parent)
    try:
        _check_regular(source)
        _link_or_adopt(source, target)
    except FileNotFoundError:
        # We made the link and came no further; MediaMTX's cleaner then took the other name.
        if not _is_footage_of(target, segment):
            raise
    _sync_young(target)


def sync_folders(root: Path, links: list[str]) -> None:
    """Have the entries of held files written to the disk. Raises OSError."""
    for folder in {(root / link).parent for link in links}:
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def restore_file(root: Path, segment: HeldSegment) -> None:
    """Give a held file its own name back, on disk when this returns, where it lost it.

    Raises OSError: FileNotFoundError where both names are gone, FileExistsError where another file has its name now.
    """
    _check_names(segment)
    own, held = root / segment.file, root / segment.link
    if not _exists(held):
        os.lstat(own)
        return
    own.parent.mkdir(parents=True, exist_ok=True)
    if not is_same_file(own, held):
        os.link(held, own, follow_symlinks=False)
        _sync(own.parent, os.O_RDONLY | os.O_DIRECTORY)


def drop_link(root: Path, link: str) -> None:
    """Take the held name away; missing is fine. Raises OSError."""
    _check_link(link)
    (root / link).unlink(missing_ok=True)


def list_links(root: Path) -> tuple[dict[int, str], list[str]]:
    """Give the held files by their segment, and the names there that are none of ours. Raises OSError."""
    links: dict[int, str] = {}
    strangers: list[str] = []
    try:
        folders = sorted((root / HELD_FOLDER).iterdir())
    except FileNotFoundError:
        return links, strangers
    for folder in folders:
        if not (_FOLDER.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()):
            strangers.append(f"{HELD_FOLDER}/{folder.name}")
            continue
        for entry in os.scandir(folder):
            name = f"{HELD_FOLDER}/{folder.name}/{entry.name}"
            segment_id = id_from_link(name) if entry.is_file(follow_symlinks=False) else None
            if segment_id is None:
                strangers.append(name)
            else:
                links[segment_id] = name
    return links, strangers


def is_link_of(root: Path, segment: HeldSegment) -> bool:
    """Say whether the held name surely is this segment's footage. Raises OSError."""
    own, held = root / segment.file, root / segment.link
    return is_same_file(own, held) if _exists(own) else _is_footage_of(held, segment)


def find_unnoted_link(root: Path, pk: int, file: str) -> str:
    """Give the held name of a segment of which its row knows none, "" where there is none, or another file has it."""
    link = name_link(pk)
    # As text: the ring asks it of every file, and a path made for each costs more than the question.
    return link if _exists(f"{root}/{link}") and is_same_file(root / file, root / link) else ""


def _check_names(segment: HeldSegment) -> None:
    """Refuse a row whose names lead anywhere but to a segment and to its link: what is linked is handed out later."""
    folder, _, name = segment.file.partition("/")
    if camera_id_from(folder) is None or not is_segment_name(name):
        raise OSError(errno.EINVAL, "is no segment's name", segment.file)
    _check_link(segment.link)


def _check_link(link: str) -> None:
    if id_from_link(link) is None:
        raise OSError(errno.EINVAL, "is no held segment's name", link)


def _link_or_adopt(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if not is_same_file(source, target):
            raise


def _check_regular(source: Path) -> None:
    if not stat.S_ISREG(source.lstat().st_mode):
        raise OSError(errno.EINVAL, "is no regular file", str(source))


def is_same_file(one: Path, other: Path) -> bool:
    """Say whether both are names of one file."""
    try:
        return os.path.samestat(one.lstat(), other.lstat())
    except FileNotFoundError:
        return False


def _is_footage_of(held: Path, segment: HeldSegment) -> bool:
    """Say whether the file names itself as this segment; what carries no mark of its own is not believed."""
    if segment.stream_id is None or not _exists(held):
        return False
    reading = read_segment(held)
    return (reading.stream_id, reading.number) == (segment.stream_id, segment.number)


def _exists(path: Path | str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder and have it on disk, its parents' entries too."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync_young(path: Path) -> None:
    """Have the file's data on disk; the kernel has written what nobody touched for an hour."""
    if time.time() - path.lstat().st_mtime <= LONG_WRITTEN_SECONDS:
        _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
