"""Verbs of observing: look at one media server or at all of them, and be told to look soon."""

import logging
import time
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.core.cache import cache
from redis.exceptions import RedisError

from cameras.models import Camera, MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from mediamtx.names import camera_id_from
from mediamtx.together import ask_together
from observers.decisions import Answer, NoAnswer
from observers.frozen import note_still_pictures
from observers.observer import Observation, PathCallback, PathCallbacks, PathObserver, ask

logger = logging.getLogger(__name__)

BELL_SECONDS = 5
KNOCK_SECONDS = 10
"""So often a hook may order a look at a media server that gave no answer: each may take a worker for five seconds."""

HEARTBEAT_KEY = "beat:heartbeat"

installed_callbacks = PathCallbacks()
"""Who hears of every path that comes or goes; other rooms register in their AppConfig.ready()."""


def on_path_created(callback: PathCallback) -> None:
    """Have the callback called, after commit, whenever a camera comes online."""
    installed_callbacks.created.append(callback)


def on_path_removed(callback: PathCallback) -> None:
    """Have the callback called, after commit, whenever a camera goes offline."""
    installed_callbacks.removed.append(callback)


def observe_server(server_id: int, *, now: datetime) -> Observation | None:
    """Look at one media server; None if it is no longer there. `now` must be read after `silence_bell`.

    None, too, for one that gave no valid answer lately and was looked at so a moment ago: the next poll comes.
    """
    server = MediaServer.objects.filter(pk=server_id).first()
    if server is None or (_is_silent(server) and not _may_knock(server_id)):
        return None
    asked = time.monotonic()
    return _take(server, ask(server.api_url, now), asked, now)


def observe_silent_servers(server_ids: Iterable[int], *, now: datetime) -> None:
    """Look at media servers that gave no valid answer last time, all at once: one that is back is known at once.

    Each may use up the whole time that an answer is waited for; one by one they would keep all workers waiting.
    """
    servers = MediaServer.objects.in_bulk(list(server_ids))
    asked = time.monotonic()
    questions = {pk: partial(ask, server.api_url, now) for pk, server in servers.items()}
    for pk, answer in ask_together(questions):
        _take(servers[pk], answer, asked, now)


def sort_servers() -> tuple[list[int], list[int]]:
    """Give the media servers to look at: those that may well answer, and those that gave no valid answer last time."""
    servers = list_media_servers()
    silent = {server.pk for server in servers if _is_silent(server)}
    return [server.pk for server in servers if server.pk not in silent], sorted(silent)


def server_ids() -> list[int]:
    """Give the media servers to look at."""
    return [server.pk for server in list_media_servers()]


def servers_of_path(path_name: str) -> list[int]:
    """Give the media server of the path's camera; all of them for a path of no camera."""
    camera_id = camera_id_from(path_name)
    if camera_id is None:
        return server_ids()
    with every_city("a hook names a path, not a city"):
        cameras = Camera.objects.filter(pk=camera_id, removed_at=None)
        server_id = cameras.values_list("media_server_id", flat=True).first()
    return server_ids() if server_id is None else [server_id]


def ring_bell(server_id: int) -> bool:
    """Ask for a look soon; True if the caller must order it, False if one is ordered that has not begun.

    A look silences the bell before it asks MediaMTX anything. So whoever finds the bell ringing can rely on a look
    that begins later than the event, and a burst of events orders one look. The bell falls silent by itself after
    BELL_SECONDS, in case the ordered look was lost. Raises RedisError.
    """
    return bool(cache.add(_bell_of(server_id), 1, timeout=BELL_SECONDS))


def silence_bell(server_id: int) -> None:
    """Say that a look begins now. Without Redis there is no bell to silence."""
    try:
        cache.delete(_bell_of(server_id))
    except RedisError as error:
        logger.debug("the bell of media server %s could not be silenced: %s", server_id, error)


def note_heartbeat(*, now: datetime) -> None:
    """Leave the moment where /health looks for it: beat, the broker and a worker were alive then."""
    cache.set(HEARTBEAT_KEY, now.isoformat(), timeout=None)


def _is_silent(server: MediaServer) -> bool:
    return server.reach == MediaServer.Reach.UNREACHABLE


def _may_knock(server_id: int) -> bool:
    try:
        return bool(cache.add(f"observers:knock:{server_id}", 1, timeout=KNOCK_SECONDS))
    except RedisError as error:
        logger.debug("whether media server %s was looked at lately cannot be told: %s", server_id, error)
        return True


def _take(server: MediaServer, answer: Answer | NoAnswer, asked: float, now: datetime) -> Observation | None:
    """Write what was answered; None for a media server that was removed meanwhile."""
    try:
        with every_city("a media server carries the cameras of several cities"):
            observation = PathObserver(server.pk, server.api_url, installed_callbacks).take(answer, asked)
    except MediaServer.DoesNotExist:
        return None
    if observation.seen is not None:
        note_still_pictures(server.pk, observation.seen.fed, now=now)
    return observation


def _bell_of(server_id: int) -> str:
    return f"observers:bell:{server_id}"
