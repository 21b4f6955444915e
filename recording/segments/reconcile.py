"""The full pass: everything on a media server's disk against everything in the index; no file is ever deleted."""

import gc
import logging
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.core.cache import cache
from redis.exceptions import RedisError

from cameras.models import Camera, MediaServer
from mediamtx.names import stream_id_for
from recording.clock import start_clock
from recording.models import Segment, Storage
from recording.segments.ahead import work_beside
from recording.segments.backlog import Backlog
from recording.segments.decisions import KnownFile, is_mass_loss, is_older, plan_reconcile
from recording.segments.disk import (
    HELD,
    LONG_WRITTEN_SECONDS,
    Files,
    Listing,
    guess_files,
    is_gone,
    list_cameras,
    list_held,
    sort_files,
)
from recording.segments.doubt import describe_disk_error, describe_root, write_doubt
from recording.segments.index import (
    Indexed,
    claim,
    files_of_other_cameras,
    held_files,
    in_batches,
    index_batches,
    known_files,
    size_batches,
    still_known,
    summarise_rows,
)
from recording.segments.looks import find_root, look_at_many
from recording.segments.readers import start_readers
from recording.segments.scanners import start_scanners
from recording.segments.vanished import remove_lost
from recording.states import SegmentState

logger = logging.getLogger(__name__)

RECONCILING = 2
SHOWN_STRANGERS = 1000
REMEMBER_ALARM_SECONDS = 24 * 3600
MOST_UNKNOWN = 2_500_000
"""So many unknown files are kept in mind, 125 MB; the folders of the rest are listed again when their turn comes."""


@dataclass
class Report:
    """What a full pass found and did; `refused` says why it changed nothing, "" if it was allowed to.

    `unread` files were new or changed, beside those that were `being_written` at that moment; `vanished` rows had no
    file, `kept_by_hold` ones only the link of a hold; `strangers` (the first 1,000 of `stranger_count`) belong to no
    camera or are no segments: they are told of, never touched.
    """

    refused: str = ""
    files: int = 0
    unread: int = 0
    being_written: int = 0
    kept_by_hold: int = 0
    vanished: int = 0
    removed: int = 0
    indexed: Indexed = field(default_factory=Indexed)
    strangers: list[str] = field(default_factory=list)
    stranger_count: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether disk and index agreed, and nothing is on the disk that should not be."""
        found = (self.unread, self.vanished, self.stranger_count, len(self.unreadable), len(self.refused))
        return not any(found)

    @property
    def is_repaired(self) -> bool:
        """Whether a pass that was to repair has left nothing undone; strangers are nobody's to repair."""
        left = (self.vanished - self.removed, len(self.unreadable), len(self.indexed.unreadable), len(self.refused))
        return not any(left)


@dataclass
class _Survey:
    """What the first half of a pass gathers: nothing is changed before all of it is known."""

    report: Report
    busy: list[UUID] = field(default_factory=list)
    unknown: Backlog = field(default_factory=Backlog)
    vanished: list[KnownFile] = field(default_factory=list)


def reconcile(server: MediaServer, now: datetime, *, repair: bool = True, accept_loss: bool = False) -> Report:
    """Bring the index in line with the disk, or only report; `accept_loss` lets a mass of rows go.

    Changes nothing while another pass is at work, where the root is not surely this server's, and where so much went
    at once that the disk is to be doubted.
    """
    with claim(RECONCILING, server.pk) as is_ours:
        if not is_ours:
            return Report(refused="Another pass over this media server is at work; try again when it is done.")
        try:
            with _searching_no_rings():
                report = _reconcile(server, now, repair=repair, accept_loss=accept_loss)
        except OSError as error:
            report = Report(refused=describe_disk_error(server, error))
        if repair:
            write_doubt(server, report.refused)
    _tell(server, report)
    return report


@contextmanager
def _searching_no_rings() -> Iterator[None]:
    """A pass makes plain values by the million; to search them for rings took four tenths of its own time."""
    was_searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_searching:
            gc.enable()


def _reconcile(server: MediaServer, now: datetime, *, repair: bool, accept_loss: bool) -> Report:
    problem = describe_root(server, find_root(server, may_mark=repair))
    if problem:
        return Report(refused=problem)
    clock = start_clock(now)
    survey = _survey(server, Path(server.recordings_root), clock)
    report = survey.report
    if not accept_loss:
        report.refused = _doubt_loss(server, survey, clock())
    if repair and not report.refused:
        # First the rows that lost their files: a file that was renamed would be taken for its own twin.
        _remove_vanished(server, survey.vanished, report, clock)
        with start_readers(len(survey.unknown)) as readers:
            batches = survey.unknown.take_batches(size_batches(len(survey.unknown)))
            report.indexed.add(index_batches(server, batches, clock, readers))
            report.indexed.add(look_at_many(server, survey.busy, clock, readers))
    return report


def _survey(server: MediaServer, root: Path, clock: Callable[[], datetime]) -> _Survey:
    survey = _Survey(Report())
    there = list_cameras(root)
    _note_strangers(survey.report, there.strangers)
    existing = _existing_cameras(there.ids)
    with closing(_look_at_both(server, root, there.ids)) as looked:
        for summaries, folders in looked:
            listed = _note_unreadable(survey.report, folders)
            ours = {each: listed[each] for each in listed if each in existing}
            if differing := _find_differing(survey.report, ours, summaries):
                _compare(survey, root, differing, known_files(server.pk, list(differing)), clock())
            for camera_id in set(listed) - existing:
                found = sort_files(camera_id, listed[camera_id])
                nobodys = (*(file.file for file in found.files), *found.strangers, *found.unreadable)
                _note_strangers(survey.report, list(nobodys))
    _note_vanished(survey, root, files_of_other_cameras(server.pk, there.ids))
    _survey_held(survey.report, server, root)
    survey.vanished = still_known(survey.vanished)
    survey.report.vanished = len(survey.vanished)
    return survey


def _look_at_both(
    server: MediaServer, root: Path, camera_ids: Sequence[UUID]
) -> Generator[tuple[dict[UUID, tuple[str, str]], dict[UUID, Listing | OSError]], None, None]:
    """Give, some cameras at a time, what the index says of their files, and what is in their folders."""
    with start_scanners(guess_files(root, camera_ids)) as scanners:
        yield from work_beside(
            lambda cameras: scanners.scan(root, cameras),
            lambda cameras: summarise_rows(server.pk, cameras),
            scanners.divide(camera_ids),
            at_once=scanners.at_once,
        )


def _note_unreadable(report: Report, folders: dict[UUID, Listing | OSError]) -> dict[UUID, Listing]:
    """Give the folders that could be listed."""
    listed: dict[UUID, Listing] = {}
    for camera_id, found in folders.items():
        if isinstance(found, OSError):
            report.unreadable.append(f"{stream_id_for(camera_id)}: {found.strerror}")
        else:
            listed[camera_id] = found
    return listed


def _find_differing(
    report: Report, folders: dict[UUID, Listing], summaries: dict[UUID, tuple[str, str]]
) -> dict[UUID, Files]:
    """Compare folders with rows in bulk: where nothing is new, names and sizes are the same texts.

    What became of a file in between the two looks like a difference, and both are looked at again.
    """
    differing = dict[UUID, Files]()
    for camera_id, listing in folders.items():
        report.files += listing.count
        if summaries.get(camera_id) != (listing.names, listing.sizes):
            differing[camera_id] = sort_files(camera_id, listing)
    return differing


def _compare(survey: _Survey, root: Path, folders: dict[UUID, Files], rows: list[KnownFile], now: datetime) -> None:
    for found in folders.values():
        _note_strangers(survey.report, found.strangers)
        survey.report.files -= len(found.strangers)
        survey.report.unreadable += [f"{file}: {reason}" for file, reason in found.unreadable.items()]
    plan = plan_reconcile(rows, [file for found in folders.values() for file in found.files], now)
    survey.report.unread += len(plan.to_read) - plan.being_written
    survey.report.being_written += plan.being_written
    _note_vanished(survey, root, plan.vanished)
    # What is old will not change before its turn; folders where something may are listed again then.
    is_room = len(survey.unknown) < MOST_UNKNOWN
    latest = now.timestamp() - LONG_WRITTEN_SECONDS if is_room else -math.inf
    survey.unknown.add([file for file in plan.to_read if file.modified < latest])
    survey.busy += dict.fromkeys(file.camera_id for file in plan.to_read if file.modified >= latest)


def _note_vanished(survey: _Survey, root: Path, rows: Sequence[KnownFile]) -> None:
    """Note the rows without a file, but for those whose footage a hold keeps under its own name."""
    for row in rows:
        if not is_gone(root, row.file):
            continue  # it came while we looked
        if row.held_file and not is_gone(root, row.held_file):
            survey.report.kept_by_hold += 1
        else:
            survey.vanished.append(row)


def _survey_held(report: Report, server: MediaServer, root: Path) -> None:
    """Note the links that no row knows; the disk is read before the rows, for a link comes before its row."""
    try:
        links = list_held(root)
    except OSError as error:
        report.unreadable.append(f"{HELD}: {error.strerror}")
        return
    known = held_files(server.pk) if links else set()
    _note_strangers(report, [link for link in links if link not in known])


def _note_strangers(report: Report, names: list[str]) -> None:
    report.stranger_count += len(names)
    report.strangers += names[: SHOWN_STRANGERS - len(report.strangers)]


def _existing_cameras(camera_ids: list[UUID]) -> set[UUID]:
    """Give those that are cameras, removed ones too: their footage stays theirs."""
    return set(Camera.objects.filter(pk__in=camera_ids).order_by().values_list("pk", flat=True))


def _doubt_loss(server: MediaServer, survey: _Survey, now: datetime) -> str:
    """Rows that are being deleted are expected to go, and those that MediaMTX's cleaner was to take.

    Rows that only a hold keeps prove nothing of the others.
    """
    due = _end_of_cleaner(server, now)
    lost = sum(row.state != SegmentState.DELETING and not is_older(row.file, due) for row in survey.vanished)
    total = Segment.objects.filter(media_server=server).count() - survey.report.kept_by_hold
    if not is_mass_loss(lost, total):
        return ""
    return (
        f"{lost} of {total} files of the index are gone from {server.recordings_root}: is the right disk mounted? If "
        f"they are lost indeed, run: manage.py check_footage --repair --accept-loss --server {server.name}"
    )


def _end_of_cleaner(server: MediaServer, now: datetime) -> datetime | None:
    """Give the moment before which MediaMTX's own cleaner takes footage; None where it is off, or not known."""
    seconds = Storage.objects.filter(media_server=server).values_list("delete_after_seconds", flat=True).first()
    return now - timedelta(seconds=seconds) if seconds else None


def _remove_vanished(
    server: MediaServer, vanished: list[KnownFile], report: Report, clock: Callable[[], datetime]
) -> None:
    """Remove the rows whose files are still gone, as long as the root is still ours."""
    root = Path(server.recordings_root)
    for rows in in_batches(vanished, 1000):
        report.refused = describe_root(server, find_root(server))
        if report.refused:
            break
        report.removed += remove_lost(root, rows, clock())


def _tell(server: MediaServer, report: Report) -> None:
    """Log what matters; a refusal once a day and server, until a pass is allowed again."""
    key = f"recording:refused:{server.pk}"
    try:
        is_new = bool(report.refused) and cache.add(key, report.refused, timeout=REMEMBER_ALARM_SECONDS)
        if not report.refused:
            cache.delete(key)
    except RedisError:
        is_new = bool(report.refused)
    if is_new:
        logger.error("footage of media server %s: nothing was changed. %s", server.name, report.refused)
    if report.removed or report.indexed.damaged or report.stranger_count:
        logger.warning(
            "footage of media server %s: %s rows without a file removed, %s files damaged, %s files of nobody",
            server.name,
            report.removed,
            report.indexed.damaged,
            report.stranger_count,
        )
