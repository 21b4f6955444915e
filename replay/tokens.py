"""Short-lived tokens for footage: signed with the installation's key, bound to one segment, one person, some bytes.

Nothing is stored. They stand in a playlist hundreds of times, so they are packed; whether their person may still look
is asked each time one is shown.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

LASTS = timedelta(minutes=10)
"""From making a token to its last use; whoever plays on asks for a new playlist before."""

_PACKED = struct.Struct(">B16sQQIQQI")
_VERSION = 1
_SIGNATURE_BYTES = 16
_LONGEST = 4 * (_PACKED.size + _SIGNATURE_BYTES)


@dataclass(frozen=True)
class FootageGrant:
    """What a token allows: bytes from `first` up to `last` of a segment's file, and its head of `init_bytes`."""

    city_id: UUID
    segment_id: int
    user_id: int
    expires_at: datetime
    first: int
    last: int
    init_bytes: int


def make_token(grant: FootageGrant) -> str:
    """Give the token, in letters that an address takes as they are."""
    expires = int(grant.expires_at.timestamp())
    numbers = (grant.segment_id, grant.user_id, expires, grant.first, grant.last, grant.init_bytes)
    packed = _PACKED.pack(_VERSION, grant.city_id.bytes, *numbers)
    return base64.urlsafe_b64encode(packed + _sign(packed)).rstrip(b"=").decode()


def read_token(token: str, now: datetime) -> FootageGrant | None:
    """Give what a token allows; None where we did not make it, or its time is over."""
    packed = _unsign(token)
    if packed is None:
        return None
    version, city, segment_id, user_id, expires, first, last, init_bytes = _PACKED.unpack(packed)
    expires_at = datetime.fromtimestamp(expires, UTC)
    if version != _VERSION or now >= expires_at:
        return None
    return FootageGrant(UUID(bytes=city), segment_id, user_id, expires_at, first, last, init_bytes)


def _unsign(token: str) -> bytes | None:
    if not token.isascii() or len(token) > _LONGEST:
        return None
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    packed, signature = signed[:-_SIGNATURE_BYTES], signed[-_SIGNATURE_BYTES:]
    is_ours = len(packed) == _PACKED.size and constant_time_compare(signature, _sign(packed))
    return packed if is_ours else None


def _sign(packed: bytes) -> bytes:
    return salted_hmac("replay.tokens", packed, algorithm="sha256").digest()[:_SIGNATURE_BYTES]
