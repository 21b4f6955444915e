"""Turns the ring of one media server: what is due goes, in an order that a crash at any moment leaves right."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q
from redis.exceptions import RedisError

from cameras.models import MediaServer
from recording.clock import doubt_clock, start_clock
from recording.holds.decisions import name_link
from recording.holds.queries import is_held
from recording.models import Segment, Storage
from recording.retention import pace
from recording.retention.decisions import (
    DEFAULT_POLICY,
    Choice,
    Marked,
    Policy,
    is_early_by_now,
    is_promised_again,
)
from recording.retention.disk import DiskRoom, WaterMarks, choose_water_marks, measure_disk
from recording.retention.queries import CLOSED, MOST_AT_ONCE, policies_in_force, read_promises
from recording.retention.rules import (
    Excess,
    choose_aged,
    choose_beyond_promise,
    choose_by_share,
    choose_outside,
    choose_over_camera_quota,
    choose_over_city_quota,
)
from recording.retention.steps import (
    PromisesChanged,
    find_marked,
    give_back,
    mark_segments,
    note_earliness,
    note_failures,
    read_marked,
    remove_rows,
)
from recording.retention.unlinking import Target, unlink_files
from recording.segments.decisions import Root
from recording.segments.disk import is_gone
from recording.segments.index import claim, in_batches
from recording.segments.looks import find_root
from recording.segments.reconcile import REMEMBER_ALARM_SECONDS
from recording.states import SegmentState
from recording.storage.services import accept_recording, refuse_recording

logger = logging.getLogger(__name__)

TURNING = 3
"""Our number among the works on a media server, see `claim`."""

BATCH_SEGMENTS = 1000
LONGEST_PASS_SECONDS = 60.0
MOST_FAILURES = 1000
"""So many files that cannot be deleted are the disk's trouble: to mark more and more for deletion would help nobody."""

_NOT_OURS = {
    Root.NEW: "it has no marker file; the full pass of `check_footage` writes it.",
    Root.LOST: "its marker file is gone. Is the disk mounted?",
    Root.ANOTHERS: "its marker file names another one.",
}


class _Stopped(Exception):
    """The pass must not go on, for this reason."""


@dataclass
class Turn:
    """What a pass did; `refused` says why it deleted nothing, or nothing more, "" where it could.

    `outside_refused`: why what lies outside every session stays. `only_held_left`: the disk is full and all that could
    go is held. `is_done` is False where time ran out, or a promise was changed meanwhile: the next pass goes on.
    """

    refused: str = ""
    outside_refused: str = ""
    deleted: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    early: int = 0
    failed: int = 0
    rescued: int = 0
    only_held_left: bool = False
    is_done: bool = True


@dataclass
class _Pass:
    """What the steps of a pass share."""

    server: MediaServer
    clock: Callable[[], datetime]
    ends_at: float
    turn: Turn = field(default_factory=Turn)
    policies: Mapping[UUID, Policy] = field(default_factory=dict)
    promises: Sequence[Any] = ()

    @property
    def root(self) -> Path:
        return Path(self.server.recordings_root)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends_at


def turn_ring(server: MediaServer, now: datetime, *, seconds: float = LONGEST_PASS_SECONDS) -> Turn:
    """Delete what is due on one media server's disk, as far as it can be done in so many seconds.

    Deletes nothing while another pass is at work, where the folder is not surely this server's, where something is
    doubted, and where the clock cannot be believed.
    """
    work = _Pass(server, start_clock(now), time.monotonic() + seconds)
    with claim(TURNING, server.pk) as is_ours:
        if not is_ours:
            return Turn(refused="Another pass of the ring is at work on this media server.")
        try:
            _turn(work)
        except PromisesChanged:
            work.turn.is_done = False
        except _Stopped as stopped:
            work.turn.refused = str(stopped)
        except OSError as error:
            work.turn.refused = f"The folder of recordings {server.recordings_root} gives an error: {error}."
    _tell(server, work.turn)
    return work.turn


def _turn(work: _Pass) -> None:
    problem = doubt_clock(work.clock())
    if problem:
        raise _Stopped(problem)
    _check_root(work)
    work.promises, work.policies = read_promises(), policies_in_force()
    _give_back(work)
    _finish_what_was_begun(work)
    outside, work.turn.outside_refused = choose_outside(work.server)
    _delete(work, outside)
    _delete(work, choose_aged(work.server, work.policies, work.clock()))
    for rule in (choose_over_camera_quota, choose_over_city_quota):
        _keep_quota(work, rule(work.server, work.policies, work.clock()))
    _make_room(work)


def _keep_quota(work: _Pass, excess: Excess) -> None:
    """Let go what is over quotas; only when all of it is gone they rest."""
    _delete(work, excess.choices)
    if excess.work and work.turn.is_done:
        pace.rest(excess.work, excess.seconds)


def _give_back(work: _Pass) -> None:
    """Unmark what an earlier pass marked and a hold or a longer promise keeps now; see anew what of the rest is early.

    A file that is gone already went by what was promised then, and before it was held: its row stays marked as it is.
    """
    now, policies = work.clock(), work.policies
    there = [
        (row, policies.get(row.camera_id, DEFAULT_POLICY))
        for row in read_marked(work.server.pk)
        if not _is_footage_gone(work.root, row)
    ]
    promised = {row.pk for row, policy in there if is_promised_again(row, policy, now)}
    work.turn.rescued += give_back([row.pk for row, _policy in there], list(promised), now)
    for early in (True, False):
        changed = [row.pk for row, policy in there if row.is_early != early == is_early_by_now(row, policy, now)]
        note_earliness([pk for pk in changed if pk not in promised], is_early=early)


def _is_footage_gone(root: Path, row: Marked) -> bool:
    """Say whether the footage surely is nowhere, also not under a held name that its row does not know yet."""
    return is_gone(root, row.file) and is_gone(root, row.held_file or name_link(row.pk))


def _finish_what_was_begun(work: _Pass) -> None:
    """Delete what an earlier pass marked and left."""
    begun = Segment.objects.filter(media_server=work.server, state=SegmentState.DELETING)
    ids = list(begun.order_by("deletion_attempts", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    with _unlink_beside(work) as line:
        for batch in in_batches(ids, BATCH_SEGMENTS):
            line.take(find_marked(batch))
            if work.is_over:
                work.turn.is_done = False
                break
    waiting = begun.filter(deletion_attempts__gt=0).count()
    if waiting >= MOST_FAILURES:
        message = f"{waiting} files cannot be deleted; nothing more is marked for deletion. Is the disk read-only?"
        raise _Stopped(message)


def _delete(work: _Pass, choices: Sequence[Choice]) -> int:
    """Let these go, a batch at a time; give the bytes that became free."""
    before = work.turn.bytes
    with _unlink_beside(work) as line:
        for batch in in_batches(choices, BATCH_SEGMENTS):
            if work.turn.failed:
                line.finish()  # a disk that refuses gets no head start
            _stop_at_failures(work)
            if work.is_over:
                work.turn.is_done = False
                break
            line.take(mark_segments(batch, work.promises, work.clock()))
    _stop_at_failures(work)
    return work.turn.bytes - before


def _stop_at_failures(work: _Pass) -> None:
    if work.turn.failed >= MOST_FAILURES:
        message = f"{work.turn.failed} files cannot be deleted. Is the disk read-only?"
        raise _Stopped(message)


@dataclass
class _Line:
    """Marked batches on their way: the files of one are unlinked while Postgres is busy with those around it.

    All questions to Postgres stay with the thread of the pass. What is left on the line by a crash is marked, and
    finished by the next pass.
    """

    work: _Pass
    worker: ThreadPoolExecutor
    going: "tuple[Sequence[Target], Future[dict[int, str]]] | None" = None

    def take(self, targets: Sequence[Target]) -> None:
        """Unlink the files of these marked rows, the second step, when those before are gone."""
        before = self._wait()
        try:
            _check_root(self.work)
            self.going = (targets, self.worker.submit(unlink_files, self.work.root, targets))
        finally:
            _take_rows_away(self.work, *before)

    def finish(self) -> None:
        """Have nothing on the line."""
        _take_rows_away(self.work, *self._wait())

    def _wait(self) -> tuple[Sequence[Target], dict[int, str]]:
        """Wait until the files are gone; give their rows, and by row why one is not. Raises OSError."""
        going, self.going = self.going, None
        return (going[0], going[1].result()) if going else ((), {})


@contextmanager
def _unlink_beside(work: _Pass) -> Iterator[_Line]:
    with ThreadPoolExecutor(1) as worker:
        line = _Line(work, worker)
        try:
            yield line
        finally:
            line.finish()


def _take_rows_away(work: _Pass, targets: Sequence[Target], failed: Mapping[int, str]) -> None:
    """Remove the rows of which the files are gone: the third step."""
    if not targets:
        return
    gone = remove_rows([target.pk for target in targets if target.pk not in failed], work.clock())
    note_failures(failed)
    for (_city, _camera, rule, is_early), taken in gone.items():
        work.turn.deleted[rule] += taken.segments
        work.turn.bytes += taken.bytes
        work.turn.early += taken.segments * is_early
    work.turn.failed += len(failed)


def _make_room(work: _Pass) -> None:
    """Turn the ring by the water marks, and see whether recording must be refused."""
    storage = Storage.objects.filter(media_server=work.server).first() or Storage(media_server=work.server)
    room = measure_disk(work.root)
    marks = choose_water_marks(room.total, storage.low_bytes, storage.high_bytes)
    # Where recording is refused nothing is written that would reach the low mark: there the high one counts.
    if room.free < (marks.low if storage.refuses_since is None else marks.high):
        _free_to_high_mark(work, room, marks)
        room = measure_disk(work.root)
        work.turn.only_held_left = room.free < marks.low and not work.is_over and _is_only_held_left(work)
    _remember_refusal(work, is_high=room.free >= marks.high)


def _free_to_high_mark(work: _Pass, room: DiskRoom, marks: WaterMarks) -> None:
    """First whatever is beyond its promised days, then from the cities that are over their share of what stays."""
    missing = marks.high - room.free
    missing -= _delete(work, choose_beyond_promise(work.server, work.policies, work.clock(), missing))
    if missing > 0 and not work.is_over:
        _delete(work, choose_by_share(work.server, work.policies, work.clock(), missing))


def _is_only_held_left(work: _Pass) -> bool:
    rows, now = Segment.objects.filter(media_server=work.server), work.clock()
    may_go = rows.filter(Q(~is_held(now), state__in=CLOSED) | Q(state=SegmentState.DELETING))
    return not may_go.exists() and rows.filter(is_held(now)).exists()


def _remember_refusal(work: _Pass, *, is_high: bool) -> None:
    if work.turn.only_held_left:
        refuse_recording(work.server.pk, work.clock())
    elif is_high:
        accept_recording(work.server.pk, work.clock())


def _check_root(work: _Pass) -> None:
    """Refuse to go on where it is not sure that this folder is this server's. Raises OSError."""
    server = work.server
    found = find_root(server, may_mark=False)
    if found is not Root.OURS:
        message = (
            f"The folder of recordings {server.recordings_root} is not surely this media server's: {_NOT_OURS[found]}"
        )
        raise _Stopped(message)
    doubt = Storage.objects.filter(media_server=server).exclude(doubt="").values_list("doubt", flat=True).first()
    if doubt:
        raise _Stopped(doubt)


def _tell(server: MediaServer, turn: Turn) -> None:
    _tell_refusal(server, "ring", turn.refused)
    _tell_refusal(server, "outside", turn.outside_refused)
    if turn.deleted:
        counts = ", ".join(f"{rule}: {count}" for rule, count in sorted(turn.deleted.items()))
        logger.info("ring of media server %s: %s bytes deleted; %s", server.name, turn.bytes, counts)
    if turn.early:
        logger.warning("ring of media server %s: %s segments before their promised days", server.name, turn.early)
    if turn.failed:
        logger.warning("ring of media server %s: %s files could not be deleted", server.name, turn.failed)
    if turn.only_held_left:
        logger.error("ring of media server %s: the disk is full and only held footage is left", server.name)


def _tell_refusal(server: MediaServer, kind: str, reason: str) -> None:
    """Log it once a day, until a pass is allowed again."""
    key = f"recording:ring-refused:{kind}:{server.pk}"
    try:
        is_new = bool(reason) and cache.add(key, reason, timeout=REMEMBER_ALARM_SECONDS)
        if not reason:
            cache.delete(key)
    except RedisError:
        is_new = bool(reason)
    if is_new:
        logger.error("ring of media server %s: nothing is deleted. %s", server.name, reason)
