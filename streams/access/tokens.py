"""Short-lived tokens for MediaMTX: signed with the installation's key, bound to one action, one camera, one person.

Nothing is stored: what a token allows stands in it, and whether its person may still watch is asked when it is shown.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.core.signing import BadSignature, Signer


class Action(StrEnum):
    """What a token is good for, in MediaMTX's words."""

    PUBLISH = "publish"
    READ = "read"


LASTS = {Action.PUBLISH: timedelta(seconds=60), Action.READ: timedelta(seconds=120)}
"""From making a token to its last use. It opens a session and is not asked for again while that lasts. Our ingest's
publishes within 25 s of the start of its ffmpeg or is ended."""


@dataclass(frozen=True)
class Grant:
    """What a token allows; `user_id` is None in those of our own ingest."""

    action: Action
    camera_id: UUID
    user_id: int | None
    expires_at: datetime

    def allows(self, action: Action, camera_id: UUID, now: datetime) -> bool:
        """Whether it is good for this, and still."""
        return (self.action, self.camera_id) == (action, camera_id) and now < self.expires_at


def make_token(action: Action, camera_id: UUID, user_id: int | None, *, now: datetime) -> str:
    """Give a token that begins now; no two are equal."""
    expires = int((now + LASTS[action]).timestamp())
    return _signer().sign_object([action.value, camera_id.hex, user_id, expires, secrets.token_hex(8)])


def read_token(token: str) -> Grant | None:
    """Give what a token allows, expired or not; None where we did not make it."""
    try:
        action, camera_id, user_id, expires, _ = _signer().unsign_object(token)
    except BadSignature:
        return None
    return Grant(Action(action), UUID(camera_id), user_id, datetime.fromtimestamp(expires, UTC))


def _signer() -> Signer:
    # Its separator must not need quoting in a query.
    return Signer(salt="streams.access.tokens", sep=".")
