"""The quick ways into the index: a look at some cameras' folders, and one at everything that grows."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from cameras.models import Camera, MediaServer
from mediamtx.names import camera_id_from, stream_id_for
from recording.clock import start_clock
from recording.models import Segment
from recording.segments.decisions import (
    DiskFile,
    KnownFile,
    Root,
    goes_on,
    is_mass_loss,
    judge_root,
    needs_reading,
    plan_reconcile,
)
from recording.segments.disk import find_file, folder_time, list_files, read_marker, write_marker
from recording.segments.doubt import (
    claim_settling,
    describe_disk_error,
    describe_open_loss,
    describe_root,
    is_doubted,
    raise_doubt,
)
from recording.segments.folders import Folders
from recording.segments.index import (
    BULK_FILES,
    Indexed,
    claim,
    in_batches,
    index_batches,
    index_files,
    known_files,
    open_files,
    silent_files,
)
from recording.segments.readers import Readers
from recording.segments.vanished import is_lost, remove_lost
from recording.writing import LONGEST_SEGMENT

logger = logging.getLogger(__name__)

WATCHING = 1
BATCH_CAMERAS = 20
LONGEST_LOOK = timedelta(seconds=8)
"""Looks come every 10 s."""

_folders: defaultdict[str, Folders] = defaultdict(Folders)
"""What this process remembers of the folders below each root."""

_told: dict[UUID, dict[str, str]] = {}
"""What was told of each camera's files that cannot be looked at: it is told once, until they can be again."""


def find_root(server: MediaServer, *, may_mark: bool = True) -> Root:
    """Say whose folder of recordings this is; a new one becomes ours, if it may be marked. Raises OSError."""
    root = Path(server.recordings_root)
    marker = read_marker(root)
    has_rows = marker is None and Segment.objects.filter(media_server=server).exists()
    found = judge_root(marker, server.pk, has_rows=has_rows)
    if found is not Root.NEW or not may_mark:
        return found
    write_marker(root, server.pk)
    return Root.OURS


def look_at_cameras(server: MediaServer, camera_ids: Sequence[UUID], now: datetime) -> Indexed:
    """Index what is new or changed in these cameras' folders."""
    return _look_at(server, camera_ids, now) or Indexed()


def look_at_many(
    server: MediaServer, camera_ids: Sequence[UUID], clock: Callable[[], datetime], readers: Readers | None
) -> Indexed:
    """Do the same for so many cameras that some are listed while the files of those before are read."""
    refused: list[str] = []

    def find_batches() -> Iterator[Sequence[DiskFile]]:
        for cameras in in_batches(camera_ids, BATCH_CAMERAS):
            if listed := _list_changed(server, cameras, clock()):
                refused.extend(listed.refused)
                yield from in_batches(listed.to_read, BULK_FILES)

    done = index_batches(server, find_batches(), clock, readers)
    done.unreadable += tuple(refused)
    return done


def watch_server(server: MediaServer, now: datetime) -> Indexed:
    """Index what grew, what ended and what began since the last look; skipped while another look is at work."""
    with claim(WATCHING, server.pk) as is_ours:
        if not is_ours or not _may_look(server):
            return Indexed()
        clock = start_clock(now)
        done = _follow_files(server, now)
        done.add(_follow_folders(server, now, clock))
        return done


def may_settle_doubt(server: MediaServer) -> bool:
    """Say whether the disk that was in doubt is there again, so that a full pass should look at it now."""
    try:
        return claim_settling(server, find_root(server, may_mark=False))
    except OSError:
        return False


def _may_look(server: MediaServer) -> bool:
    """Say whether the folder may be this server's, and have the ring rest where that is in doubt.

    Without its marker footage is indexed all the same: what MediaMTX writes below an unmounted disk is footage still.
    """
    try:
        found = find_root(server)
    except OSError as error:
        logger.warning("the recordings of media server %s cannot be looked at: %s", server.name, error)
        raise_doubt(server, describe_disk_error(server, error))
        return False
    if words := describe_root(server, found):
        raise_doubt(server, words)
    return found is not Root.ANOTHERS


_There = tuple[KnownFile, DiskFile]
"""A row, and its file as it is now."""


class _Listed(NamedTuple):
    """The files of some cameras that are to be read, and the folders and files that the disk refused."""

    to_read: Sequence[DiskFile]
    refused: Sequence[str]


def _look_at(server: MediaServer, camera_ids: Sequence[UUID], now: datetime) -> Indexed | None:
    """Index what is new or changed in these folders; None where they are not surely this server's."""
    listed = _list_changed(server, camera_ids, now)
    if listed is None:
        return None
    done = index_files(server, listed.to_read, now)
    done.unreadable += tuple(listed.refused)
    return done


def _list_changed(server: MediaServer, camera_ids: Sequence[UUID], now: datetime) -> _Listed | None:
    if not camera_ids or not _may_look(server):
        return None
    rows, (files, refused) = known_files(server.pk, camera_ids), _list_many(Path(server.recordings_root), camera_ids)
    return _Listed(plan_reconcile(rows, files, now).to_read, refused)


def _changed_folders(server: MediaServer, root: Path, folders: Folders) -> Iterable[tuple[UUID, int | None]]:
    """Give the folders to list with their times: of online cameras, and those that could not be seen whole."""
    online = Camera.objects.filter(media_server=server, is_online=True).order_by().values_list("pk", flat=True)
    for camera_id in {*online, *folders.in_trouble}:
        try:
            changed_at = folder_time(root, camera_id)
        except OSError as error:
            logger.warning("the folder of camera %s cannot be looked at: %s", camera_id, error)
            continue
        if folders.wants_listing(camera_id, changed_at):
            yield camera_id, changed_at


def _follow_files(server: MediaServer, now: datetime) -> Indexed:
    rows = open_files(server.pk)
    there = _stat_rows(Path(server.recordings_root), rows)
    # First the rows that lost their files: a file that was renamed would be taken for its own twin.
    _settle_vanished(server, rows, there, now)
    return index_files(server, [*_grown_files(there, now), *_resumed_files(server, now)], now)


def _follow_folders(server: MediaServer, began: datetime, clock: Callable[[], datetime]) -> Indexed:
    root, done = Path(server.recordings_root), Indexed()
    folders = _folders[str(root)]
    folders.count_look()
    changed = {camera_id: at for camera_id, at in _changed_folders(server, root, folders) if at is not None}
    for cameras in in_batches(list(changed), BATCH_CAMERAS):
        looked = _look_at(server, cameras, clock())
        if looked is None:
            break  # the disk went meanwhile: what was not looked at is not remembered
        done.add(looked)
        _remember(folders, {camera_id: changed[camera_id] for camera_id in cameras}, looked.unreadable)
        if clock() - began > LONGEST_LOOK:
            break  # a first look finds many; what is left is found by the next, after the open files had their turn
    return done


def _settle_vanished(server: MediaServer, rows: Sequence[KnownFile], there: Sequence[_There], now: datetime) -> None:
    """Remove the open rows whose files are gone: what grows is played up to its end, and nothing that comes after it.

    What is held is left to the full pass, and so is all where the disk is in doubt, or so much went that it is.
    """
    root, seen = Path(server.recordings_root), {row.pk for row, _ in there}
    lost = [row for row in rows if row.pk not in seen and not row.held_file and is_lost(root, row)]
    if not lost or is_doubted(server) or not _is_ours(server):
        return
    if is_mass_loss(len(lost), len(rows)):
        raise_doubt(server, describe_open_loss(server, len(lost), len(rows)))
        return
    removed = remove_lost(root, lost, now)
    logger.warning("media server %s: %s files that were being written are gone", server.name, removed)


def _is_ours(server: MediaServer) -> bool:
    try:
        return find_root(server, may_mark=False) is Root.OURS
    except OSError:
        return False


def _grown_files(there: Sequence[_There], now: datetime) -> list[DiskFile]:
    return [file for row, file in there if needs_reading(file, row, now)]


def _resumed_files(server: MediaServer, now: datetime) -> list[DiskFile]:
    """Give the files that go on though they were sealed for their silence.

    What is appended changes no folder's time: only a look at the file itself shows it.
    """
    silent = silent_files(server.pk, now - LONGEST_SEGMENT)
    there = _stat_rows(Path(server.recordings_root), silent)
    return [file for row, file in there if goes_on(file, row, now)]


def _stat_rows(root: Path, rows: Sequence[KnownFile]) -> list[_There]:
    """Give the rows whose files are there, with what these are now."""
    return [(row, file) for row in rows if (file := _stat_row(root, row)) is not None]


def _stat_row(root: Path, row: KnownFile) -> DiskFile | None:
    folder, _, name = row.file.partition("/")
    camera_id = camera_id_from(folder)
    try:
        return None if camera_id is None else find_file(root, camera_id, name)
    except OSError as error:
        logger.warning("%s cannot be looked at: %s", row.file, error)
        return None


def _list_many(root: Path, camera_ids: Sequence[UUID]) -> tuple[list[DiskFile], list[str]]:
    """Give the files of these cameras, and what the disk refused: whole folders, and single files."""
    files, refused = list[DiskFile](), list[str]()
    for camera_id in camera_ids:
        try:
            found = list_files(root, camera_id)
        except OSError as error:
            logger.warning("the folder of camera %s cannot be listed: %s", camera_id, error)
            refused.append(stream_id_for(camera_id))
        else:
            files += found.files
            refused += found.unreadable
            _tell_unreadable(camera_id, found.unreadable)
    return files, refused


def _tell_unreadable(camera_id: UUID, unreadable: dict[str, str]) -> None:
    before = _told.pop(camera_id, {})
    for file, reason in unreadable.items() - before.items():
        logger.warning("%s cannot be looked at: %s", file, reason)
    if unreadable:
        _told[camera_id] = unreadable


def _remember(folders: Folders, changed: dict[UUID, int], unreadable: Iterable[str]) -> None:
    refused = defaultdict[UUID | None, list[str]](list)
    for each in unreadable:
        refused[camera_id_from(each.partition("/")[0])].append(each)
    now_ns = time.time_ns()
    for camera_id, at in changed.items():
        folders.note(camera_id, at, now_ns, refused[camera_id])
