"""The quick ways into the index: a look at some cameras' folders, and one at everything that grows."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from cameras.models import Camera, MediaServer
from mediamtx.names import camera_id_from
from recording.models import Segment
from recording.segments.decisions import DiskFile, KnownFile, Root, goes_on, judge_root, needs_reading, plan_reconcile
from recording.segments.disk import find_file, folder_time, list_files, read_marker, write_marker
from recording.segments.doubt import claim_settling, describe_disk_error, describe_root, raise_doubt
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
from recording.writing import LONGEST_SEGMENT

logger = logging.getLogger(__name__)

WATCHING = 1
BATCH_CAMERAS = 20
LONGEST_LOOK = timedelta(seconds=8)
"""Looks come every 10 s."""

SETTLED_NS = 2 * 10**9
"""A folder changed less than this ago may have got another file in the same tick of the file system's clock."""

_scanned: dict[tuple[str, UUID], int] = {}
"""The change time of each folder when this process listed it last: a folder that did not change has no new file.

Only a memory of this process; a new one lists each folder of an online camera once."""

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
    return index_files(server, _list_changed(server, camera_ids, now), now)


def look_at_many(
    server: MediaServer, camera_ids: Sequence[UUID], clock: Callable[[], datetime], readers: Readers | None
) -> Indexed:
    """Do the same for so many cameras that some are listed while the files of those before are read."""
    found = (_list_changed(server, cameras, clock()) for cameras in in_batches(camera_ids, BATCH_CAMERAS))
    return index_batches(server, (batch for files in found for batch in in_batches(files, BULK_FILES)), clock, readers)


def watch_server(server: MediaServer, now: datetime) -> Indexed:
    """Index what grew, what ended and what began since the last look; skipped while another look is at work."""
    with claim(WATCHING, server.pk) as is_ours:
        if not is_ours or not _may_look(server):
            return Indexed()
        root, clock = Path(server.recordings_root), start_clock(now)
        done = index_files(server, _grown_files(server, root, now), now)
        changed = {camera_id: at for camera_id, at in _changed_folders(server, root) if at is not None}
        for cameras in in_batches(list(changed), BATCH_CAMERAS):
            done.add(look_at_cameras(server, cameras, clock()))
            _remember(root, {camera_id: changed[camera_id] for camera_id in cameras})
            if clock() - now > LONGEST_LOOK:
                break  # a first look finds many; what is left is found by the next, after the open files had their turn
        return done


def may_settle_doubt(server: MediaServer) -> bool:
    """Say whether the disk that was in doubt is there again, so that a full pass should look at it now."""
    try:
        return claim_settling(server, find_root(server, may_mark=False))
    except OSError:
        return False


def start_clock(now: datetime) -> Callable[[], datetime]:
    """Give a clock that shows `now` and goes on: to work that lasts, files would else seem written in the future."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


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


def _list_changed(server: MediaServer, camera_ids: Sequence[UUID], now: datetime) -> Sequence[DiskFile]:
    """Give the files of these cameras that are to be read; none where the folder is not surely this server's."""
    if not camera_ids or not _may_look(server):
        return ()
    rows, files = known_files(server.pk, camera_ids), _list_many(Path(server.recordings_root), camera_ids)
    return plan_reconcile(rows, files, now).to_read


def _changed_folders(server: MediaServer, root: Path) -> Iterable[tuple[UUID, int | None]]:
    online = Camera.objects.filter(media_server=server, is_online=True).order_by().values_list("pk", flat=True)
    for camera_id in online:
        try:
            changed_at = folder_time(root, camera_id)
        except OSError as error:
            logger.warning("the folder of camera %s cannot be looked at: %s", camera_id, error)
            continue
        if changed_at != _scanned.get((str(root), camera_id)):
            yield camera_id, changed_at


def _grown_files(server: MediaServer, root: Path, now: datetime) -> Sequence[DiskFile]:
    """Give what is to be read of the open files, and of those that go on though they were sealed for their silence.

    What is appended changes no folder's time: only a look at the file itself shows it.
    """
    growing = _stat_rows(root, open_files(server.pk))
    silent = _stat_rows(root, silent_files(server.pk, now - LONGEST_SEGMENT))
    seen = [file for row, file in growing if needs_reading(file, row, now)]
    return [*seen, *(file for row, file in silent if goes_on(file, row, now))]


def _stat_rows(root: Path, rows: Sequence[KnownFile]) -> list[tuple[KnownFile, DiskFile]]:
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


def _list_many(root: Path, camera_ids: Sequence[UUID]) -> list[DiskFile]:
    files: list[DiskFile] = []
    for camera_id in camera_ids:
        try:
            found = list_files(root, camera_id)
        except OSError as error:
            logger.warning("the folder of camera %s cannot be listed: %s", camera_id, error)
        else:
            files += found.files
            _tell_unreadable(camera_id, found.unreadable)
    return files


def _tell_unreadable(camera_id: UUID, unreadable: dict[str, str]) -> None:
    before = _told.pop(camera_id, {})
    for file, reason in unreadable.items() - before.items():
        logger.warning("%s cannot be looked at: %s", file, reason)
    if unreadable:
        _told[camera_id] = unreadable


def _remember(root: Path, changed: dict[UUID, int]) -> None:
    settled = time.time_ns() - SETTLED_NS
    _scanned.update({(str(root), camera_id): at for camera_id, at in changed.items() if at < settled})
