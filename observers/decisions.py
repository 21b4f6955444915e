"""What one look at a media server means, given what was known before: pure decisions, no I/O."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mediamtx.client import ServerInfo, Snapshot

REACHABLE = "reachable"
UNREACHABLE = "unreachable"

GRACE = timedelta(seconds=60)
"""How long after a restart of MediaMTX no camera goes offline: publishers need that long to come back."""

LONGEST_GRACE = timedelta(minutes=3)
"""Restarts within a grace lengthen it to so much at most: a MediaMTX that restarts again and again must not keep a
camera online that is gone."""

MAX_ANSWER_AGE_SECONDS = 30.0
"""An answer older than this is thrown away: its worker was suspended, or waited for the database."""

COUNTED_APART = timedelta(seconds=5)
"""Looks that hooks order in a burst count once: who says "missed three times" means three moments."""

LONGEST_OVERLAP = timedelta(seconds=60)
"""Two looks cannot overlap by more than this, because answers get no older than MAX_ANSWER_AGE_SECONDS."""


@dataclass(frozen=True)
class ServerMemory:
    """What is known of a media server; `seen_before_grace` is the last valid snapshot before the restart.

    `grace_since` is when the first of the restarts was noticed that the grace is about.
    `looks` counts the valid snapshots, at most one in COUNTED_APART; `look_counted_at` is the last one that counted.
    """

    reach: str = "unknown"
    reach_changed_at: datetime | None = None
    problem: str = ""
    version: str = ""
    started: datetime | None = None
    grace_since: datetime | None = None
    grace_until: datetime | None = None
    seen_before_grace: datetime | None = None
    snapshot_at: datetime | None = None
    looks: int = 0
    look_counted_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """A valid answer. The paths were asked for *before* the info.

    So a restart between the two questions shows as an old, full list with a new `started`, which only opens the grace.
    The other way round it would be an empty list with the old `started`: every camera would go offline.
    """

    taken_at: datetime
    snapshot: Snapshot
    info: ServerInfo


@dataclass(frozen=True)
class NoAnswer:
    """No valid answer: nothing is known of any path."""

    taken_at: datetime
    problem: str


@dataclass(frozen=True)
class Silence:
    """A stretch in which nobody can say what a media server did; `ended_at` is None while it lasts."""

    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class ServerUpdate:
    """What to remember, and what cameras may do; one that goes offline was last seen at `last_seen_at`.

    `silence` began or was noticed in this look; `silence_ends`: one that was open is over.
    """

    memory: ServerMemory
    cameras_count: bool
    may_go_offline: bool = False
    restarted: bool = False
    last_seen_at: datetime | None = None
    silence: Silence | None = None
    silence_ends: bool = False


def decide(memory: ServerMemory, answer: Answer | NoAnswer) -> ServerUpdate | None:
    """Give what the answer changes; None for one that is not newer than what was already applied."""
    if is_outdated(answer.taken_at, memory.snapshot_at):
        return None
    if isinstance(answer, NoAnswer):
        unreachable = _set_reach(memory, UNREACHABLE, answer.taken_at, answer.problem)
        return ServerUpdate(unreachable, cameras_count=False, silence=_begin_silence(memory, answer.taken_at))
    restarted = memory.started is not None and answer.info.started != memory.started
    graced = _open_grace(memory, answer.taken_at) if restarted else _continue_grace(memory, answer.taken_at)
    return ServerUpdate(
        memory=replace(
            _count_look(_set_reach(graced, REACHABLE, answer.taken_at, ""), answer.taken_at),
            version=answer.info.version,
            started=answer.info.started,
            snapshot_at=answer.taken_at,
        ),
        cameras_count=True,
        may_go_offline=graced.grace_until is None,
        restarted=restarted,
        last_seen_at=_last_sight_of_absent(memory),
        silence=_find_restart_silence(memory, answer.taken_at) if restarted else None,
        silence_ends=memory.reach == UNREACHABLE,
    )


def is_outdated(taken_at: datetime, snapshot_at: datetime | None) -> bool:
    """Say whether a snapshot at least as new was applied already.

    A stored time further ahead than looks can overlap means that the clock was set back, which must not stop us.
    """
    return snapshot_at is not None and timedelta(0) <= snapshot_at - taken_at <= LONGEST_OVERLAP


def may_end_grace_early(update: ServerUpdate) -> bool:
    """Say whether it is worth asking if everybody is back.

    Not in the look that noticed the restart: its list may still be the old process's.
    """
    return update.memory.grace_until is not None and update.cameras_count and not update.restarted


def end_grace(update: ServerUpdate) -> ServerUpdate:
    """Close the grace: every camera that was online before the restart has been seen again."""
    return replace(update, memory=_close_grace(update.memory))


def _set_reach(memory: ServerMemory, reach: str, at: datetime, problem: str) -> ServerMemory:
    changed_at = memory.reach_changed_at if memory.reach == reach else at
    return replace(memory, reach=reach, reach_changed_at=changed_at, problem=problem)


def _count_look(memory: ServerMemory, now: datetime) -> ServerMemory:
    """Count the snapshot, unless one was counted just before; a clock that was set back must not stop the count."""
    if memory.look_counted_at is not None and timedelta(0) <= now - memory.look_counted_at < COUNTED_APART:
        return memory
    return replace(memory, looks=memory.looks + 1, look_counted_at=now)


def _begin_silence(memory: ServerMemory, now: datetime) -> Silence | None:
    """Give the silence that begins with the first missing answer: nothing is known since the last valid one."""
    if memory.reach == UNREACHABLE:
        return None
    return Silence(min(memory.snapshot_at or now, now))


def _find_restart_silence(memory: ServerMemory, now: datetime) -> Silence | None:
    """Give the stretch in which a restart fell that no look met: between two snapshots."""
    if memory.reach == UNREACHABLE or memory.snapshot_at is None:
        return None
    return Silence(min(memory.snapshot_at, now), now)


def _open_grace(memory: ServerMemory, now: datetime) -> ServerMemory:
    """Open it, or open it anew: then what was seen before the first restart is still the last certain sight."""
    is_open = memory.grace_until is not None and now < memory.grace_until
    since = memory.grace_since if is_open and memory.grace_since is not None else now
    until = min(now + GRACE, since + LONGEST_GRACE)
    return replace(memory, grace_since=since, grace_until=until, seen_before_grace=_last_sight_of_absent(memory))


def _continue_grace(memory: ServerMemory, now: datetime) -> ServerMemory:
    if memory.grace_until is None or now >= memory.grace_until:
        return _close_grace(memory)
    # A clock that was set back must not stretch it.
    return replace(memory, grace_until=min(memory.grace_until, now + GRACE))


def _close_grace(memory: ServerMemory) -> ServerMemory:
    return replace(memory, grace_since=None, grace_until=None, seen_before_grace=None)


def _last_sight_of_absent(memory: ServerMemory) -> datetime | None:
    """Give the last moment in which every camera known as online was surely there."""
    return memory.seen_before_grace if memory.grace_until is not None else memory.snapshot_at
