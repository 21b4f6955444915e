"""Secrets of a media server's own: what its hooks show, and what it shows when it asks who may publish and watch.

The installation's own MediaMTX has those of the environment (VMS_HOOK_SECRET, VMS_MEDIA_SECRET). Each further one is
given its own by `manage.py make_server_secrets`, so that one that falls into wrong hands is shut out alone.
"""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings

from cameras.models import MediaServer


@dataclass(frozen=True)
class ServerSecrets:
    """A server's new secrets in clear, to be shown once; letters and digits, which stand in any address unquoted."""

    hook: str
    media: str


def make_server_secrets(server: MediaServer) -> ServerSecrets:
    """Give a media server new secrets of its own; those before are worthless at once. Only hashes are kept."""
    made = ServerSecrets(hook=secrets.token_hex(32), media=secrets.token_hex(32))
    hashes = {"hook_secret_hash": hash_secret(made.hook), "media_secret_hash": hash_secret(made.media)}
    MediaServer.objects.filter(pk=server.pk).update(**hashes)
    return made


def is_hook_secret(shown: bytes) -> bool:
    """Whether a media server's hook may show this. What is not the environment's costs one query by an index."""
    return _is_the(shown, settings.VMS_HOOK_SECRET) or find_server_by(hook_secret_hash=shown) is not None


def is_media_secret(shown: bytes) -> bool:
    """Whether a media server that asks may show this; see `is_hook_secret`."""
    return _is_the(shown, settings.VMS_MEDIA_SECRET) or find_server_by(media_secret_hash=shown) is not None


def find_server_by(**shown: bytes) -> int | None:
    """Give the media server whose secret this is, asked by its hash: how much of one is right, no time tells."""
    hashes = {column: hash_secret(secret) for column, secret in shown.items() if secret}
    return MediaServer.objects.filter(**hashes).values_list("pk", flat=True).first() if hashes else None


def hash_secret(secret: str | bytes) -> str:
    """Give what is kept of a secret. It has 256 random bits: nobody guesses it, so a plain hash will do."""
    return sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()


def _is_the(shown: bytes, secret: str) -> bool:
    return hmac.compare_digest(shown, secret.encode())
