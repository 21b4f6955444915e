"""What one look at a media server means, given what was known before: pure decisions, no I/O."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mediamtx.client import ServerInfo, Snapshot

REACHABLE = "reachable"
UNREACHABLE = "unreachable"

GRACE = timedelta(seconds=60)
"""How long after a restart of MediaMTX no camera goes offline: publishers need that long to come back."""

MAX_ANSWER_AGE_SECONDS = 30.0
"""An answer older than this is thrown away: its worker was suspended, or waited for the database."""

LONGEST_OVERLAP = timedelta(seconds=60)
"""Two looks cannot overlap by more than this, because answers get no older than MAX_ANSWER_AGE_SECONDS."""


@dataclass(frozen=True)
class ServerMemory:
    """What is known of a media server; `seen_before_grace` is the last valid snapshot before the restart."""

    reach: str = "unknown"
    reach_changed_at: datetime | None = None
    problem: str = ""
    version: str = ""
    started: datetime | None = None
    grace_until: datetime | None = None
    seen_before_grace: datetime | None = None
    snapshot_at: datetime | None = None


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
class ServerUpdate:
    """What to remember, and what cameras may do; one that goes offline was last seen at `last_seen_at`."""

    memory: ServerMemory
    cameras_count: bool
    may_go_offline: bool = False
    restarted: bool = False
    last_seen_at: datetime | None = None


def decide(memory: ServerMemory, answer: Answer | NoAnswer) -> ServerUpdate | None:
    """Give what the answer changes; None for one that is not newer than what was already applied."""
    if is_outdated(answer.taken_at, memory.snapshot_at):
        return None
    if isinstance(answer, NoAnswer):
        return ServerUpdate(_set_reach(memory, UNREACHABLE, answer.taken_at, answer.problem), cameras_count=False)
    restarted = memory.started is not None and answer.info.started != memory.started
    graced = _open_grace(memory, answer.taken_at) if restarted else _continue_grace(memory, answer.taken_at)
    return ServerUpdate(
        memory=replace(
            _set_reach(graced, REACHABLE, answer.taken_at, ""),
            version=answer.info.version,
            started=answer.info.started,
            snapshot_at=answer.taken_at,
        ),
        cameras_count=True,
        may_go_offline=graced.grace_until is None,
        restarted=restarted,
        last_seen_at=_last_sight_of_absent(memory),
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
    return replace(update, memory=replace(update.memory, grace_until=None, seen_before_grace=None))


def _set_reach(memory: ServerMemory, reach: str, at: datetime, problem: str) -> ServerMemory:
    changed_at = memory.reach_changed_at if memory.reach == reach else at
    return replace(memory, reach=reach, reach_changed_at=changed_at, problem=problem)


def _open_grace(memory: ServerMemory, now: datetime) -> ServerMemory:
    """Open it, or open it anew: then what was seen before the first restart is still the last certain sight."""
    return replace(memory, grace_until=now + GRACE, seen_before_grace=_last_sight_of_absent(memory))


def _continue_grace(memory: ServerMemory, now: datetime) -> ServerMemory:
    if memory.grace_until is None or now >= memory.grace_until:
        return replace(memory, grace_until=None, seen_before_grace=None)
    # A clock that was set back must not stretch it.
    return replace(memory, grace_until=min(memory.grace_until, now + GRACE))


def _last_sight_of_absent(memory: ServerMemory) -> datetime | None:
    """Give the last moment in which every camera known as online was surely there."""
    return memory.seen_before_grace if memory.grace_until is not None else memory.snapshot_at
