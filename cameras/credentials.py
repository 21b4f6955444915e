"""Sealing what a camera's source address keeps secret, and opening it again: encrypted at rest, keys in the settings.

What is sealed is the whole address, since a secret may stand in its query as well as before its host; the row shows the
address without. The camera's id is sealed in, so that nothing is gained by moving a row's secret to another camera.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_noop

from ffmpeg.sources import SourceUrl, parse_source_url

CANNOT_BE_OPENED = gettext_noop(
    "The stored credentials cannot be opened with the keys of this installation. Type the camera's address again, "
    "with its user name and password, or bring the old key back (see VMS_CREDENTIAL_KEYS)."
)


class CredentialsLost(Exception):
    """What is stored cannot be opened with the keys of this installation; the text says so and holds no secret."""

    kind = "credentials_lost"

    def __init__(self) -> None:
        super().__init__(CANNOT_BE_OPENED)


class NoCredentialKey(Exception):
    """There is no usable key to seal with; the system checks say what to do."""


def seal(camera_id: UUID, source: SourceUrl) -> str:
    """Give the address, encrypted with the first key; NoCredentialKey where there is none that works."""
    address = replace(source, username="", password="").full
    return seal_parts(camera_id, address, source.username, source.password)


def seal_parts(camera_id: UUID, address: str, username: str, password: str) -> str:
    """Give the same of an address that is taken apart already, right or not; for migrations."""
    secret = {"camera": str(camera_id), "address": address, "username": username, "password": password}
    return _box().encrypt(json.dumps(secret).encode()).decode()


def open_parts(sealed: str) -> dict[str, str]:
    """Give `camera`, `address`, `username` and `password` as they were sealed; CredentialsLost if no key opens it."""
    try:
        secret: dict[str, str] = json.loads(_box().decrypt(sealed.encode()))
    except (InvalidToken, NoCredentialKey) as error:
        raise CredentialsLost from error
    return secret


def open_sealed(camera_id: UUID, sealed: str) -> SourceUrl:
    """Give the address with its secrets; CredentialsLost if no key opens it or it is another camera's.

    Raises UnsafeSource if the rules for addresses have grown stricter since it was sealed.
    """
    secret = open_parts(sealed)
    if secret.get("camera") != str(camera_id):
        raise CredentialsLost
    return replace(parse_source_url(secret["address"]), username=secret["username"], password=secret["password"])


def reseal(sealed: str) -> str:
    """Give the same secret encrypted with the first key; CredentialsLost if no key opens it."""
    try:
        return _box().rotate(sealed.encode()).decode()
    except (InvalidToken, NoCredentialKey) as error:
        raise CredentialsLost from error


def seal_text(text: str) -> str:
    """Give any text, encrypted with the first key; NoCredentialKey where there is none that works."""
    return _box().encrypt(text.encode()).decode()


def open_text(sealed: str) -> str:
    """Give the text that was sealed; CredentialsLost if no key opens it."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except (InvalidToken, NoCredentialKey) as error:
        raise CredentialsLost from error


def is_sealed_with_first_key(sealed: str) -> bool:
    """Say whether the first key alone opens it."""
    try:
        make_box(settings.VMS_CREDENTIAL_KEYS[:1]).decrypt(sealed.encode())
    except (InvalidToken, NoCredentialKey):
        return False
    return True


def make_box(keys: Sequence[str]) -> MultiFernet:
    """Give what seals with the first of these keys and opens with any; NoCredentialKey where one is wrong or none."""
    if not keys:
        raise NoCredentialKey("There is no key for credentials; see VMS_CREDENTIAL_KEYS.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise NoCredentialKey("A key for credentials is malformed; see VMS_CREDENTIAL_KEYS.") from error


def _box() -> MultiFernet:
    return _keep_box(tuple(settings.VMS_CREDENTIAL_KEYS))


@cache
def _keep_box(keys: tuple[str, ...]) -> MultiFernet:
    return make_box(keys)
