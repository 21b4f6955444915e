"""Keeps the ledger of gaps in line with what is known, and writes nothing where it is already."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from recording.gaps import queries
from recording.gaps.decisions import GapFact, find_gaps, stitch
from recording.gaps.queries import StoredGap
from recording.gaps.spans import FOREVER, Span
from recording.segments.index import in_batches

logger = logging.getLogger(__name__)

RECENT = timedelta(hours=3)
"""What is looked at each minute: late files and causes told later are nearly always younger."""

KEPT_BEYOND_PROMISE = timedelta(days=2)
LEAST_KEPT = timedelta(days=9)
"""MediaMTX's own 7 days, where no policy promises more, and KEPT_BEYOND_PROMISE."""

RECENT_PASS_SECONDS = 50.0
FULL_PASS_SECONDS = 600.0
BATCH_CAMERAS = 500
CLOSE_LOOK_CAMERAS = 100

_LOCK_SPACE, _LEDGER = 0x6A95, 0

_UPSERT = """
    INSERT INTO recording_gap (camera_id, city_id, start, "end", cause)
    SELECT camera.id, camera.city_id, seen.start, seen."end", seen.cause
    FROM unnest(%(cameras)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(causes)s::text[])
        AS seen(camera_id, start, "end", cause)
    JOIN cameras_camera AS camera ON camera.id = seen.camera_id
    ON CONFLICT (camera_id, start) DO UPDATE SET "end" = excluded."end", cause = excluded.cause
"""


@dataclass(frozen=True)
class Recomputed:
    """What a pass did: cameras asked for, those that needed a close look, rows written and removed, and how many
    cameras were left for the next pass because time was up.
    """

    cameras: int = 0
    looked_at: int = 0
    written: int = 0
    removed: int = 0
    left: int = 0

    def __add__(self, other: "Recomputed") -> "Recomputed":
        return Recomputed(
            self.cameras + other.cameras,
            self.looked_at + other.looked_at,
            self.written + other.written,
            self.removed + other.removed,
            self.left + other.left,
        )


def recompute_recent(now: datetime) -> Recomputed:
    """Bring the last hours' ledger of every camera in scope in line; stops after RECENT_PASS_SECONDS."""
    window = Span(now - RECENT, FOREVER)
    return recompute_gaps(queries.list_cameras_with_wishes(window), window, now, seconds=RECENT_PASS_SECONDS)


def recompute_all(now: datetime) -> Recomputed:
    """Do the same for as long as footage is kept, and for whatever older was deleted and is not told yet."""
    kept = max(LEAST_KEPT, timedelta(days=queries.find_longest_promise()) + KEPT_BEYOND_PROMISE)
    window = Span(now - min(kept, queries.EVERYTHING), FOREVER)
    cameras = queries.list_cameras_with_wishes(window)
    # Another camera first each hour: what time did not suffice for is not always the same.
    first = int(now.timestamp() // 3600) * BATCH_CAMERAS % max(1, len(cameras))
    done = recompute_gaps(cameras[first:] + cameras[:first], window, now, seconds=FULL_PASS_SECONDS)
    before = Span(now - queries.EVERYTHING, window.start)
    for camera_id, gone in queries.find_untold_deletions(before, now).items():
        done += recompute_gaps([camera_id], Span(max(gone, before.start), before.end), now)
    return done


def recompute_gaps(
    cameras: Sequence[UUID], window: Span, now: datetime, *, seconds: float | None = None, write: bool = True
) -> Recomputed:
    """Compute the cameras' gaps within the window anew and write the difference to what is stored.

    Windows laid side by side give the same rows as one over all of them. `window.end` FOREVER means up to now. Stops
    between batches once the time is up. With `write` False it only counts what it would write.
    """
    began, done = time.monotonic(), Recomputed()
    for batch in in_batches(cameras, BATCH_CAMERAS):
        if seconds is not None and time.monotonic() - began > seconds:
            logger.warning("gaps of %d cameras are left for the next pass: time is up", len(cameras) - done.cameras)
            return done + Recomputed(left=len(cameras) - done.cameras)
        doubtful = queries.list_doubtful(batch, window, now)
        done += Recomputed(cameras=len(batch), looked_at=len(doubtful))
        for few in in_batches(doubtful, CLOSE_LOOK_CAMERAS):
            done += _recompute_few(few, window, now, write=write)
    return done


@transaction.atomic
def _recompute_few(cameras: Sequence[UUID], window: Span, now: datetime, *, write: bool) -> Recomputed:
    with connection.cursor() as cursor:
        # One at a time: what is read here must still be true when it is written.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, _LEDGER))
    facts, stored = queries.read_facts(cameras, window, now), queries.read_gaps(cameras, window)
    changed: list[tuple[UUID, GapFact]] = []
    gone: list[int] = []
    for camera_id in cameras:
        known = stored.get(camera_id, [])
        ledger = stitch((row.fact for row in known), find_gaps(facts[camera_id], window, now), window)
        changed += [(camera_id, gap) for gap in sorted(set(ledger).difference(row.fact for row in known))]
        gone += _find_gone(known, ledger)
    if write:
        _write(changed, gone)
    return Recomputed(written=len(changed), removed=len(gone))


def _find_gone(known: Iterable[StoredGap], ledger: Iterable[GapFact]) -> list[int]:
    """Give the rows that begin where no gap does any more; the others are written over."""
    starts = {gap.start for gap in ledger}
    return [row.pk for row in known if row.fact.start not in starts]


def _write(changed: Sequence[tuple[UUID, GapFact]], gone: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        if gone:
            cursor.execute("DELETE FROM recording_gap WHERE id = ANY(%s)", [list(gone)])
        if changed:
            cursor.execute(_UPSERT, _as_arrays(changed))


def _as_arrays(changed: Sequence[tuple[UUID, GapFact]]) -> dict[str, Any]:
    return {
        "cameras": [camera_id for camera_id, _ in changed],
        "starts": [gap.start for _, gap in changed],
        "ends": [None if gap.end == FOREVER else gap.end for _, gap in changed],
        "causes": [gap.cause.value for _, gap in changed],
    }
