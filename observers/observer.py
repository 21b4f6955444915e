"""`PathObserver`: one look at a media server, written to the database as what changed, told to whoever registered."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction

from cameras.models import MediaServer, ServerOutageCause
from cameras.outages import close_server_outage, note_server_outage, open_server_outage
from mediamtx.client import MediaMTXClient
from mediamtx.errors import MediaMTXUnavailable
from observers import queries
from observers.decisions import (
    MAX_ANSWER_AGE_SECONDS,
    UNREACHABLE,
    Answer,
    NoAnswer,
    ServerMemory,
    ServerUpdate,
    decide,
    end_grace,
    may_end_grace_early,
)
from observers.paths import SeenPaths, sort_paths
from observers.queries import PathChange
from observers.unknown import record_unknown_paths

logger = logging.getLogger(__name__)

PathCallback = Callable[[PathChange], object]


@dataclass
class PathCallbacks:
    """Who wants to hear of paths that came and went."""

    created: list[PathCallback] = field(default_factory=list)
    removed: list[PathCallback] = field(default_factory=list)


@dataclass(frozen=True)
class Observation:
    """What one look brought; `applied` is False for one that came too late and changed nothing.

    `unknown_paths` are the paths of no camera (the newest 1,000 of `unknown_count`).
    """

    reach: str
    applied: bool = True
    restarted: bool = False
    created: tuple[PathChange, ...] = ()
    removed: tuple[PathChange, ...] = ()
    unknown_paths: tuple[str, ...] = ()
    unknown_count: int = 0
    seen: SeenPaths | None = field(default=None, compare=False, repr=False)

    @property
    def camera_rows_written(self) -> int:
        """How many cameras changed state."""
        return len(self.created) + len(self.removed)


class PathObserver:
    """Keeps what we say of a media server's cameras in line with its own list of paths.

    Looks may overlap, come late, come twice or be missed: a valid answer is applied only if none newer was, in one
    transaction that holds the server's row. No valid answer makes the server unreachable and touches no camera.
    """

    def __init__(self, server_id: int, api_url: str, callbacks: PathCallbacks | None = None) -> None:
        self._server_id = server_id
        self._api_url = api_url
        self._callbacks = callbacks or PathCallbacks()

    def on_path_created(self, callback: PathCallback) -> None:
        """Have the callback called, after commit, for each camera that came online."""
        self._callbacks.created.append(callback)

    def on_path_removed(self, callback: PathCallback) -> None:
        """Have the callback called, after commit, for each camera that went offline."""
        self._callbacks.removed.append(callback)

    def observe(self, *, now: datetime) -> Observation:
        """Look once; `now` is the moment before anything was asked. Raises MediaServer.DoesNotExist."""
        asked = time.monotonic()
        return self.take(ask(self._api_url, now), asked)

    def take(self, answer: Answer | NoAnswer, asked: float) -> Observation:
        """Write what the answer to a question says that was asked then, by the monotonic clock.

        Raises MediaServer.DoesNotExist.
        """
        seen = sort_paths(answer.snapshot) if isinstance(answer, Answer) else SeenPaths([], {}, [])
        with transaction.atomic():
            server = MediaServer.objects.select_for_update(no_key=True).get(pk=self._server_id)
            if time.monotonic() - asked > MAX_ANSWER_AGE_SECONDS:
                return Observation(reach=server.reach, applied=False)
            return self._apply(server, answer, seen)

    def _apply(self, server: MediaServer, answer: Answer | NoAnswer, seen: SeenPaths) -> Observation:
        before = remember(server)
        update = decide(before, answer)
        if update is None:
            return Observation(reach=server.reach, applied=False)
        observation = self._write_cameras(update, answer.taken_at, seen)
        if may_end_grace_early(update) and not queries.anyone_missing(server.pk, seen.online):
            update = end_grace(update)
        if update.memory != before:
            MediaServer.objects.filter(pk=server.pk).update(**asdict(update.memory))
        _write_silence(server.pk, update, answer.taken_at)
        transaction.on_commit(partial(_log_server, server.name, before, update))
        return observation

    def _write_cameras(self, update: ServerUpdate, taken_at: datetime, seen: SeenPaths) -> Observation:
        if not update.cameras_count:
            return Observation(reach=update.memory.reach)
        changes = queries.write_changed_cameras(
            self._server_id,
            seen.online,
            at=taken_at,
            last_seen_at=update.last_seen_at,
            may_go_offline=update.may_go_offline,
            look=update.memory.looks,
        )
        unknown = record_unknown_paths(self._server_id, seen, now=taken_at)
        self._tell(changes)
        return Observation(
            reach=update.memory.reach,
            restarted=update.restarted,
            created=tuple(change for change in changes if change.is_online),
            removed=tuple(change for change in changes if not change.is_online),
            unknown_paths=unknown.names,
            unknown_count=unknown.count,
            seen=seen,
        )

    def _tell(self, changes: list[PathChange]) -> None:
        """Tell after commit, each callback of each change by itself: Django logs one that fails and goes on."""
        for change in changes:
            transaction.on_commit(partial(_log_change, change))
            for callback in self._callbacks.created if change.is_online else self._callbacks.removed:
                transaction.on_commit(_bind(callback, change), robust=True)


def _bind(callback: PathCallback, change: PathChange) -> Callable[[], object]:
    """Give the call as a function: Django cannot name a `partial` that fails and would fail itself."""
    return lambda: callback(change)


def ask(api_url: str, now: datetime) -> Answer | NoAnswer:
    """Ask MediaMTX for its paths and then for its start; the order matters, see `Answer`."""
    try:
        client = MediaMTXClient(api_url)
        snapshot = client.list_paths()
        return Answer(now, snapshot, client.get_info())
    except (MediaMTXUnavailable, ValueError) as error:  # ValueError: an address that cannot be one
        return NoAnswer(now, str(error))


def remember(server: MediaServer) -> ServerMemory:
    """Give what the server's row knows."""
    return ServerMemory(**{name: getattr(server, name) for name in ServerMemory.__dataclass_fields__})


def _write_silence(server_id: int, update: ServerUpdate, taken_at: datetime) -> None:
    """Keep the history of a media server that did not answer, or was restarted; nothing is asked where it goes on."""
    silence, down = update.silence, ServerOutageCause.DOWN
    if update.silence_ends:
        close_server_outage(server_id, down, taken_at)
    if silence is None:
        return
    if silence.ended_at is None:
        open_server_outage(server_id, down, silence.began_at)
    else:
        note_server_outage(server_id, down, silence.began_at, silence.ended_at)


def _log_change(change: PathChange) -> None:
    logger.info("camera %s (%s) is %s", change.camera_id, change.name, "online" if change.is_online else "offline")


def _log_server(name: str, before: ServerMemory, update: ServerUpdate) -> None:
    after = update.memory
    if update.restarted:
        logger.info("media server %s was restarted at %s; no camera goes offline for a while", name, after.started)
    if after.reach == before.reach:
        return
    if after.reach == UNREACHABLE:
        logger.warning("media server %s is unreachable, the state of its cameras is unknown: %s", name, after.problem)
    else:
        logger.info("media server %s is reachable", name)
