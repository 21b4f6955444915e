"""Writes the index: one idempotent, set-based upsert, whoever found the files and in whatever order."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from cameras.models import MediaServer
from recording.models import Segment
from recording.segments import bulk
from recording.segments.ahead import work_ahead
from recording.segments.decisions import (
    LEAST_AHEAD,
    MOST_AHEAD,
    DiskFile,
    GoneSegment,
    KnownFile,
    SegmentFacts,
    drop_twins,
)
from recording.segments.disk import sync_files
from recording.segments.readers import Readers
from recording.segments.reading import Order, Reading, read_batch
from recording.states import SegmentState

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

BATCH_FILES = 500
BULK_FILES = 4000
"""Of so many files and more, each transaction takes so many: others wait for their turn a fifth of a second."""

LEAST_COPIED = 200
"""Fewer rows are not worth the question whether they may be copied in."""

_LOCK_SPACE = 0x5E65
"""The first of the two numbers of our advisory locks, so that they meet nobody else's."""

_WRITING = 0

_TYPES = {
    "camera_id": "uuid",
    "file": "text",
    "start": "timestamptz",
    "end": "timestamptz",
    "size": "bigint",
    "whole_bytes": "bigint",
    "stream_id": "uuid",
    "number": "bigint",
    "state": "text",
    "damage": "text",
    "is_recovered": "boolean",
    "fragments": "bytea",
    "activity": "bytea",
    "holes": "bytea",
    "claims_until": "timestamptz",
}
_COLUMNS = ", ".join(f'"{name}"' for name in _TYPES)
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _TYPES.items())
_CHANGING = [name for name in _TYPES if name not in {"camera_id", "file"}]

# A start that was found earlier stays where a later look finds less, or hardly more; see `measure_ahead`.
_START = f"""CASE WHEN excluded.start BETWEEN known.start - interval '{LEAST_AHEAD.total_seconds()} seconds'
    AND known.start + interval '{MOST_AHEAD.total_seconds()} seconds' THEN known.start ELSE excluded.start END"""
_NEW = {name: f'excluded."{name}"' for name in _CHANGING} | {
    "start": _START,
    "end": f'excluded."end" + ({_START} - excluded.start)',
}

# The arrays hold one element per file; the city is the camera's, so no caller can name a wrong one. A row read later
# than ours stays; one that seems read far later was written before the clock was set back, and must not freeze.
_UPSERT = f"""
    INSERT INTO recording_segment AS known ({_COLUMNS}, city_id, media_server_id, indexed_at)
    SELECT {", ".join(f'seen."{name}"' for name in _TYPES)}, camera.city_id, %(server)s, %(read_at)s
    FROM unnest({_ARRAYS}) AS seen({_COLUMNS})
    JOIN cameras_camera AS camera ON camera.id = seen.camera_id
    ON CONFLICT (media_server_id, file) DO UPDATE
    SET {", ".join(f'"{name}" = {value}' for name, value in _NEW.items())}, indexed_at = excluded.indexed_at
    WHERE known.state <> 'deleting'
      AND NOT (known.indexed_at > excluded.indexed_at
               AND known.indexed_at <= excluded.indexed_at + interval '10 minutes')
      AND ({", ".join(f'known."{name}"' for name in _CHANGING)})
          IS DISTINCT FROM ({", ".join(_NEW.values())})
"""  # noqa: S608 -- the names are the constants above

# One search in the unique index for each file, whatever the planner thinks of a table that has just been filled.
_TWINS = f"""
    SELECT seen.file
    FROM unnest(%(camera_id)s::uuid[], %(start)s::timestamptz[], %(file)s::text[], %(stream_id)s::uuid[],
                %(number)s::bigint[]) AS seen(camera_id, start, file, stream_id, number)
    CROSS JOIN LATERAL (
        SELECT FROM recording_segment AS known WHERE known.camera_id = seen.camera_id
          AND known.start BETWEEN seen.start - interval '{MOST_AHEAD.total_seconds()} seconds'
            AND seen.start + interval '{MOST_AHEAD.total_seconds()} seconds'
          AND (known.start = seen.start OR (known.stream_id, known.number) = (seen.stream_id, seen.number))
          AND (known.media_server_id, known.file) <> (%(server)s, seen.file) LIMIT 1) AS twin
"""  # noqa: S608 -- constants

_SUMMARIES = """
    SELECT camera_id, string_agg(split_part(file, '/', 2), '/' ORDER BY file COLLATE "C"),
           string_agg(size::text, ' ' ORDER BY file COLLATE "C")
    FROM recording_segment WHERE media_server_id = %s AND camera_id = ANY(%s)
    GROUP BY camera_id HAVING bool_and(state IN ('ready', 'damaged'))
"""

# One search for each camera in the index of its starts, which says the state too: the rows themselves are looked up
# only of the few whose newest file no longer grows.
_SILENT = """
    SELECT segment.id, segment.file, segment.size, segment.state, segment.indexed_at, segment.held_file
    FROM cameras_camera AS camera
    CROSS JOIN LATERAL (
        SELECT start, state FROM recording_segment
        WHERE camera_id = camera.id AND start >= %(since)s ORDER BY start DESC LIMIT 1
    ) AS newest
    JOIN recording_segment AS segment ON segment.camera_id = camera.id AND segment.start = newest.start
    WHERE camera.media_server_id = %(server)s AND newest.state IN ('ready', 'damaged')
      AND segment.media_server_id = %(server)s AND (segment.is_recovered OR segment.state = 'damaged')
"""

MAY_GO_ON = """(
    (segment.is_recovered OR segment.state = 'damaged') AND segment.start >= %(may_go_on_since)s
    AND NOT EXISTS (
        SELECT FROM recording_segment AS later
        WHERE later.camera_id = segment.camera_id AND later.start > segment.start
    ))"""
"""What `silent_files` gives, for a statement in which the segments are called `segment`."""


@dataclass
class Indexed:
    """What came of reading files: rows written, and the files that got none, by reason.

    `twins` say of themselves to be the recording that another file is already; `unreadable` the disk did not give.
    """

    written: int = 0
    damaged: int = 0
    twins: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    def add(self, other: "Indexed") -> None:
        """Count another's in."""
        self.written += other.written
        self.damaged += other.damaged
        self.twins += other.twins
        self.unreadable += other.unreadable


def index_files(
    server: MediaServer, files: Iterable[DiskFile], now: datetime, readers: Readers | None = None
) -> Indexed:
    """Read the files and bring their rows in line; `now` is the moment before the first was looked at.

    The same files give the same rows, however often and in whatever order they come, and whoever reads them; but a
    start that was found earlier stays.
    """
    found = list(files)
    return index_batches(server, in_batches(found, size_batches(len(found))), lambda: now, readers)


def size_batches(files: int) -> int:
    """Give how many of so many files should be read, and written, at a time."""
    return BATCH_FILES if files < BULK_FILES else BULK_FILES


def index_batches(
    server: MediaServer,
    batches: Iterable[Sequence[DiskFile]],
    clock: Callable[[], datetime],
    readers: Readers | None = None,
) -> Indexed:
    """Do the same with batches that are found while those before are read, of at most BULK_FILES each.

    There may be so many that the clock is asked before each.
    """
    done = Indexed()
    orders = (Order(server.recordings_root, batch, clock()) for batch in batches)
    read, at_once = (readers.read, readers.count) if readers else (read_batch, 1)
    for order, reading in work_ahead(lambda order: (order, read(order)), orders, at_once=at_once):
        done.add(_index_reading(server, order, reading))
    return done


def in_batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Give the items in order, `size` at a time."""
    return (items[first : first + size] for first in range(0, len(items), size))


def summarise_rows(server_id: int, camera_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Give the names of each camera's files and their sizes, as `disk.Listing` has what lies there.

    Only of cameras of which every row is settled: an open file and one that is being deleted want a closer look.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARIES, (server_id, list(camera_ids)))
        return {camera_id: (names, sizes) for camera_id, names, sizes in cursor.fetchall()}


def known_files(server_id: int, camera_ids: Sequence[UUID]) -> list[KnownFile]:
    """Give what the index knows of the cameras' files on this media server."""
    return _read_known(Segment.objects.filter(media_server_id=server_id, camera_id__in=camera_ids))


def open_files(server_id: int) -> list[KnownFile]:
    """Give the files that still grew when they were looked at last."""
    return _read_known(Segment.objects.filter(media_server_id=server_id, state=SegmentState.OPEN))


def silent_files(server_id: int, since: datetime) -> list[KnownFile]:
    """Give each camera's newest file that was sealed only because nobody wrote it: its writer may have paused.

    Only what began at `since` or later.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, {"server": server_id, "since": since})
        return _as_known(cursor.fetchall())


def files_of_other_cameras(server_id: int, camera_ids: Sequence[UUID]) -> list[KnownFile]:
    """Give what the index knows of this server's files of all cameras but these."""
    return _read_known(Segment.objects.filter(media_server_id=server_id).exclude(camera_id__in=camera_ids))


def held_files(server_id: int) -> set[str]:
    """Give the hard links that keep held footage on this media server."""
    held = Segment.objects.filter(media_server_id=server_id).exclude(held_file="")
    return set(held.order_by().values_list("held_file", flat=True))


def still_known(rows: Sequence[KnownFile]) -> list[KnownFile]:
    """Give those that are in the index still: the ring may have taken some meanwhile."""
    there: set[int] = set()
    for batch in in_batches(rows, 5000):
        there.update(Segment.objects.filter(pk__in=[row.pk for row in batch]).order_by().values_list("pk", flat=True))
    return [row for row in rows if row.pk in there]


def lock_gone(rows: Sequence[KnownFile]) -> dict[int, GoneSegment]:
    """Give, by key, those rows that may leave the index, locked until the transaction ends.

    Not those that were held since they were read: a link may keep their footage.
    """
    wanted = {row.pk: row.held_file for row in rows}
    found = Segment.objects.select_for_update().filter(pk__in=list(wanted)).order_by("pk")
    names = ("camera_id", "city_id", "start", "end", "size", "deletion_rule", "deletion_early")
    return {
        pk: GoneSegment(*values)
        for pk, held, *values in found.values_list("pk", "held_file", *names)
        if held == wanted[pk]
    }


def remove_rows(keys: Iterable[int]) -> int:
    """Take the rows out of the index; the files are gone already."""
    return Segment.objects.filter(pk__in=list(keys)).delete()[0]


@contextmanager
def claim(work: int, server_id: int) -> Iterator[bool]:
    """Keep a second worker from the same work on the same server; give whether we got it."""
    # Two numbers of 32 bits are what Postgres takes: the work and the server share the second.
    numbers = (_LOCK_SPACE, server_id * 8 + work)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)


def _index_reading(server: MediaServer, order: Order, reading: Reading) -> Indexed:
    for file, words in reading.refused:
        logger.warning("%s of media server %s cannot be read: %s", file, server.name, words)
    # Sealed is what a power cut cannot take any more: first the disk, then the row.
    unsafe = _seal(order, reading.facts)
    kept, twins = drop_twins([each for each in reading.facts if each.file not in unsafe])
    done = _write(server.pk, kept, order.now)
    done.twins += tuple(twins)
    done.unreadable = (*(file for file, _ in reading.refused), *sorted(unsafe))
    return done


def _seal(order: Order, facts: Sequence[SegmentFacts]) -> set[str]:
    """Have what is ready written to the disk; give what could not be."""
    ready = {each.file for each in facts if each.state == SegmentState.READY}
    return set(sync_files(Path(order.root), [file for file in order.files if file.file in ready], order.now))


@transaction.atomic
def _write(server_id: int, facts: list[SegmentFacts], now: datetime) -> Indexed:
    if not facts:
        return Indexed()
    with connection.cursor() as cursor:
        # One writer at a time: between the search for twins and the upsert nobody may add one.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, _WRITING))
        if len(facts) >= LEAST_COPIED and bulk.is_new_ground(cursor, server_id, facts):
            return _count(facts, bulk.copy_rows(cursor, server_id, facts, now))
        cursor.execute(_TWINS, {**_as_arrays(facts), "server": server_id})
        twins = {row[0] for row in cursor.fetchall()}
        kept = [each for each in facts if each.file not in twins]
        cursor.execute(_UPSERT, {**_as_arrays(kept), "server": server_id, "read_at": now})
        return _count(kept, cursor.rowcount, twins)


def _count(facts: list[SegmentFacts], written: int, twins: Iterable[str] = ()) -> Indexed:
    damaged = sum(each.state == SegmentState.DAMAGED for each in facts)
    return Indexed(written=written, damaged=damaged, twins=tuple(sorted(twins)))


def _as_arrays(facts: list[SegmentFacts]) -> dict[str, Any]:
    return {name: [fact[place] for fact in facts] for place, name in enumerate(SegmentFacts._fields)}


def _read_known(rows: Any) -> list[KnownFile]:
    values = rows.order_by().values_list("pk", "file", "size", "state", "indexed_at", "held_file")
    return _as_known(values.iterator(5000))


def _as_known(values: Iterable[Any]) -> list[KnownFile]:
    return [KnownFile(pk, file, size, state, at.timestamp(), held) for pk, file, size, state, at, held in values]
