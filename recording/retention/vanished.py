"""Writes down what left the disk without us: MediaMTX's own cleaner, or our ring where it was cut short by a crash."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from cameras.models import Camera
from recording.fields import unpack_spans
from recording.models import DeletionRule
from recording.retention.decisions import DEFAULT_POLICY, Policy, is_early
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.queries import policies_in_force
from recording.retention.reach import REACH, take_out_holes
from recording.segments.decisions import GoneSegment

_VANISHED = f"""
    WITH gone AS (
        SELECT camera_id, start, "end", damage, stream_id, number, holes
        FROM unnest(%(cameras)s::uuid[], %(starts)s::timestamptz[]) AS vanished(camera_id, start)
        JOIN recording_segment USING (camera_id, start)
    ), {REACH}
    SELECT camera_id, start, span, damage <> '', holes FROM reach
"""  # noqa: S608 -- constants


def note_vanished(rows: Sequence[GoneSegment], now: datetime) -> None:
    """Write down the rows that a rule explains; a file that went before any rule could take it is no deletion of ours.

    A removal step of the full pass, in its transaction and before the rows go.
    """
    cleaners, policies = _cleaners_of({row.camera_id for row in rows}), policies_in_force()
    judged = (
        judge_vanished(row, cleaners.get(row.camera_id), policies.get(row.camera_id, DEFAULT_POLICY), now)
        for row in rows
    )
    note_deletions(_tell_exactly([each for each in judged if each is not None]), now)


def judge_vanished(row: GoneSegment, delete_after: timedelta | None, policy: Policy, now: datetime) -> Deleted | None:
    """Say which rule took a segment whose file is gone; None where none can have.

    `delete_after` is MediaMTX's `recordDeleteAfter`, None where its cleaner is off or nothing is known of it.
    """
    if row.deletion_rule:
        rule, early = row.deletion_rule, row.deletion_early
    elif delete_after is not None and row.start <= now - delete_after:
        rule, early = str(DeletionRule.MEDIAMTX), is_early(row.start, policy, now)
    else:
        return None
    return Deleted(row.camera_id, row.city_id, row.start, row.end, row.size, rule, early)


def _tell_exactly(deleted: Sequence[Deleted]) -> Iterable[Deleted]:
    """Give the same with the time that each covered; their rows must be there still."""
    values: dict[str, Any] = {
        "cameras": [each.camera_id for each in deleted],
        "starts": [each.start for each in deleted],
    }
    with connection.cursor() as cursor:
        cursor.execute(_VANISHED, values)
        found = {(camera_id, start): told for camera_id, start, *told in cursor.fetchall()}
    for each in deleted:
        span, torn, holes = found[each.camera_id, each.start]
        covered = take_out_holes(unpack_spans([span] if span else ()), [(each.start, holes)])
        yield replace(each, spans=covered, is_damaged=torn)


def _cleaners_of(camera_ids: set[UUID]) -> dict[UUID, timedelta | None]:
    """Give after which age MediaMTX's cleaner takes each camera's footage."""
    seconds = Camera.objects.filter(pk__in=camera_ids).order_by()
    rows = seconds.values_list("pk", "media_server__storage__delete_after_seconds")
    return {camera_id: timedelta(seconds=after) if after else None for camera_id, after in rows}
