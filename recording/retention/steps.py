"""What the rows go through, a batch at a time: marked, and when their files are gone removed and written down."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Least

from recording.fields import unpack_spans
from recording.holds.queries import HELD, is_held, take_turn_with_holds
from recording.models import Segment
from recording.retention.decisions import Choice, Marked
from recording.retention.deletions import Sum, SumKey, note_sums
from recording.retention.queries import read_promises
from recording.retention.reach import REACH, take_out_holes
from recording.retention.unlinking import Target
from recording.segments.index import MAY_GO_ON
from recording.states import SegmentState
from recording.writing import LONGEST_SEGMENT

LARGEST_COUNT = 32_767

_MARK = f"""
    UPDATE recording_segment AS segment
    SET state = 'deleting', deletion_rule = chosen.rule, deletion_early = chosen.is_early
    FROM unnest(%(id)s::bigint[], %(rule)s::text[], %(is_early)s::boolean[]) AS chosen(id, rule, is_early)
    WHERE segment.id = chosen.id AND segment.state IN ('ready', 'damaged') AND NOT {HELD} AND NOT {MAY_GO_ON}
    RETURNING segment.id, segment.camera_id, segment.file, segment.held_file
"""  # noqa: S608 -- the constants of the holds and of the index

_REMOVE = f"""
    WITH gone AS (
        DELETE FROM recording_segment WHERE id = ANY(%s) AND state = 'deleting'
        RETURNING city_id, camera_id, deletion_rule, deletion_early, start, "end", size, damage, stream_id, number,
                  holes
    ), {REACH}
    SELECT city_id, camera_id, deletion_rule, deletion_early, min(start), max("end"), count(*), sum(size)::bigint,
           range_agg(span), range_agg(tstzrange(start, "end", '[]')) FILTER (WHERE damage <> ''),
            array_agg(start) FILTER (WHERE holes > ''), array_agg(holes) FILTER (WHERE holes > '')
    FROM reach GROUP BY city_id, camera_id, deletion_rule, deletion_early
"""  # noqa: S608 -- constants


class PromisesChanged(Exception):
    """What is promised is not what the segments were chosen by."""


@transaction.atomic
def mark_segments(choices: Sequence[Choice], promises: Sequence[Any], now: datetime) -> list[Target]:
    """Mark for deletion what is still closed and not held, give it; the first of the three steps.

    Not what was sealed only for its silence and may go on: its writer would fill a file that has no name any more.
    Raises PromisesChanged where `read_promises` gives others than these, by which they were chosen.
    """
    take_turn_with_holds()
    if read_promises() != promises:
        raise PromisesChanged
    values: dict[str, Any] = {
        "id": [choice.pk for choice in choices],
        "rule": [choice.rule.value for choice in choices],
        "is_early": [choice.is_early for choice in choices],
        "now": now,
        "may_go_on_since": now - LONGEST_SEGMENT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, values)
        return [Target(*row) for row in cursor.fetchall()]


def find_marked(ids: Sequence[int]) -> list[Target]:
    """Give those of the rows that are marked still."""
    rows = Segment.objects.filter(pk__in=ids, state=SegmentState.DELETING)
    return [Target(*row) for row in rows.values_list("pk", "camera_id", "file", "held_file")]


def read_marked(server_id: int) -> list[Marked]:
    """Give what is marked on a media server, by whatever pass."""
    rows = Segment.objects.filter(media_server=server_id, state=SegmentState.DELETING)
    names = ("pk", "camera_id", "start", "deletion_rule", "deletion_early", "file", "held_file")
    return [Marked(*row) for row in rows.values_list(*names)]


@transaction.atomic
def give_back(there: Sequence[int], promised: Sequence[int], now: datetime) -> int:
    """Unmark, of rows whose files are there, what a hold in force touches and what is promised again; give how many."""
    take_turn_with_holds()
    marked = Segment.objects.filter(pk__in=there, state=SegmentState.DELETING)
    saved = marked.filter(is_held(now) | Q(pk__in=promised))
    clean = {"deletion_rule": "", "deletion_early": False, "deletion_attempts": 0, "deletion_error": ""}
    whole = saved.filter(damage="").update(state=SegmentState.READY, **clean)
    return whole + saved.exclude(damage="").update(state=SegmentState.DAMAGED, **clean)


def note_earliness(ids: Sequence[int], *, is_early: bool) -> None:
    """Have marked rows say that they go early, or that they do not."""
    if ids:
        Segment.objects.filter(pk__in=ids, state=SegmentState.DELETING).update(deletion_early=is_early)


@transaction.atomic
def remove_rows(ids: Sequence[int], now: datetime) -> dict[SumKey, Sum]:
    """Remove marked rows whose files are gone, and write the deletions down: both or neither; the third step."""
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, [list(ids)])
        gone = {(row[0], row[1], row[2], row[3]): _read_sum(row[4:]) for row in cursor.fetchall()}
    note_sums(gone, now)
    return gone


def _read_sum(row: Sequence[Any]) -> Sum:
    start, end, segments, size, spans, damaged, starts, holes = row
    covered = take_out_holes(unpack_spans(spans or ()), zip(starts or (), holes or (), strict=True))
    return Sum(start, end, segments, size, covered, unpack_spans(damaged or ()))


def note_failures(failed: Mapping[int, str]) -> None:
    """Count the attempt at each row, and say why it failed."""
    reasons: dict[str, list[int]] = {}
    for pk, reason in failed.items():
        reasons.setdefault(reason, []).append(pk)
    for reason, ids in reasons.items():
        attempts = Least(F("deletion_attempts") + 1, LARGEST_COUNT)
        Segment.objects.filter(pk__in=ids).update(deletion_attempts=attempts, deletion_error=reason)
