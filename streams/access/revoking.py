"""Ending what nobody would be let in for any more: sessions outlive their tokens, but not the right to watch.

Level-triggered: every few seconds all sessions are compared with what holds now, so no revocation can be missed.
"""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

from cameras.models import Camera, MediaServer
from mediamtx.client import MediaMTXClient, Session
from mediamtx.errors import MediaMTXUnavailable
from mediamtx.names import camera_id_from
from mediamtx.questions import read_token_parameter
from mediamtx.together import ask_together
from streams.access.passwords import number_of
from streams.access.queries import Right, find_right
from streams.access.tokens import Action, Grant, read_token

logger = logging.getLogger(__name__)


def end_revoked_sessions(server: MediaServer, now: datetime) -> int:
    """End the server's sessions of those who lost the right to them; give how many. Wants every city in scope.

    Only sessions that came in by a token or password of ours are judged: of others we do not know whose they are.
    No answer from MediaMTX changes nothing; the next sweep comes.
    """
    return _end_revoked(server, _read_sessions(server.api_url), now)


def end_revoked_sessions_together(servers: Iterable[MediaServer], now: datetime) -> None:
    """Do the same at several media servers at once, each of which may keep us waiting. Wants every city in scope."""
    by_key = {server.pk: server for server in servers}
    questions = {pk: partial(_read_sessions, server.api_url) for pk, server in by_key.items()}
    for pk, sessions in ask_together(questions):
        _end_revoked(by_key[pk], sessions, now)


def _read_sessions(api_url: str) -> list[Session]:
    try:
        return MediaMTXClient(api_url).list_sessions()
    except (MediaMTXUnavailable, ValueError) as error:  # ValueError: an address that cannot be one
        logger.debug("sessions cannot be looked at: %s", error)
        return []


def _end_revoked(server: MediaServer, sessions: list[Session], now: datetime) -> int:
    revoked = find_revoked(sessions, now)
    try:
        for session in revoked:
            MediaMTXClient(server.api_url).kick(session)
            logger.info("ended a %s session of %s: its right is gone", session.state, session.path)
    except MediaMTXUnavailable as error:
        logger.debug("sessions cannot be ended: %s", error)
        return 0
    return len(revoked)


def find_revoked(sessions: Iterable[Session], now: datetime) -> list[Session]:
    """Give the sessions that would not be let in again; asks the database once, and once per person and city."""
    watchers = [(session, grant) for session in sessions if (grant := _grant_of(session))]
    publishers = [(session, number) for session in sessions if (number := _publish_number_of(session)) is not None]
    asked = {grant.camera_id for _, grant in watchers}
    asked |= {camera_id for session, _ in publishers if (camera_id := camera_id_from(session.path))}
    cameras = _read_cameras(asked) if asked else {}
    rights = {pair: find_right(*pair, now) for pair in _pairs_of(watchers, cameras)}
    return [
        *(session for session, grant in watchers if not _still_may(grant, cameras, rights)),
        *(session for session, number in publishers if _current_number(session, cameras) != number),
    ]


def _grant_of(session: Session) -> Grant | None:
    if session.state != "read":
        return None
    grant = read_token(read_token_parameter(session.query))
    return grant if grant is not None and grant.action is Action.READ else None


def _publish_number_of(session: Session) -> int | None:
    return number_of(session.user) if session.state == "publish" else None


def _read_cameras(camera_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, int]]:
    """Give city and number of the password of those cameras that are there."""
    cameras = Camera.objects.filter(pk__in=list(camera_ids), removed_at=None)
    return {pk: (city, number) for pk, city, number in cameras.values_list("pk", "city_id", "publish_number")}


def _pairs_of(
    watchers: Iterable[tuple[Session, Grant]], cameras: dict[UUID, tuple[UUID, int]]
) -> set[tuple[int, UUID]]:
    """Give whose right to which city must be looked up."""
    return {
        (grant.user_id, cameras[grant.camera_id][0])
        for _, grant in watchers
        if grant.user_id is not None and grant.camera_id in cameras
    }


def _still_may(
    grant: Grant, cameras: dict[UUID, tuple[UUID, int]], rights: dict[tuple[int, UUID], Right | None]
) -> bool:
    if grant.camera_id not in cameras or grant.user_id is None:
        return False
    right = rights[(grant.user_id, cameras[grant.camera_id][0])]
    return right is not None and right.covers(grant.camera_id)


def _current_number(session: Session, cameras: dict[UUID, tuple[UUID, int]]) -> int | None:
    camera_id = camera_id_from(session.path)
    return cameras[camera_id][1] if camera_id in cameras else None
