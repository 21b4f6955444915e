"""The passwords of cameras that publish by themselves: derived, never stored; a number in the camera's row renews them.

The number stands in the user name too, so that a session tells which password it came in with.
"""

import base64
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

_NAME = "camera-"


def publish_username(number: int) -> str:
    """Give the user name that goes with the password of this number."""
    return f"{_NAME}{number}"


def publish_password(camera_id: UUID, number: int) -> str:
    """Give the password, 32 letters, digits, - and _ (192 bits)."""
    digest = salted_hmac("streams.access.passwords", f"{camera_id}:{number}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_own_password(camera_id: UUID, number: int, user: str, password: str) -> bool:
    """Say whether this is the camera's user name and password, in a time that tells nothing of the password."""
    is_right = constant_time_compare(password, publish_password(camera_id, number))
    return is_right and user == publish_username(number)


def number_of(user: str) -> int | None:
    """Give the number in a user name of ours, None in anybody else's."""
    digits = user.removeprefix(_NAME)
    return int(digits) if user.startswith(_NAME) and digits.isascii() and digits.isdecimal() else None
