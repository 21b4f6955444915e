"""The second step of signing in: a code from an app (RFC 6238), or one printed for the day the phone is lost."""

from base64 import b32encode
from dataclasses import dataclass

import segno
from django.db import transaction
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from cities.errors import InvalidInput
from cities.models import User

BACKUP_CODES = 10
DEVICE = "app"


@dataclass(frozen=True)
class Enrolment:
    """What a person's app needs: the secret as text, and as a picture (an SVG data URI)."""

    secret: str
    picture: str


def has_second_step(user: User) -> bool:
    """Say whether the password alone does not let this person in."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


@transaction.atomic
def begin_enrolment(user: User) -> Enrolment:
    """Give a secret that counts from the moment a code made with it was shown; the same until then."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    if device is None:
        device = TOTPDevice.objects.create(user=user, name=DEVICE, confirmed=False)
    return Enrolment(b32encode(device.bin_key).decode(), segno.make(device.config_url).svg_data_uri(scale=5, border=2))


@transaction.atomic
def confirm_enrolment(user: User, code: str) -> list[str]:
    """Let the second step count from now on and give the backup codes, which nobody can read again.

    Raises InvalidInput where the code is not the app's.
    """
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    if device is None or verify_token(user, device.persistent_id, code.replace(" ", "")) is None:
        raise InvalidInput("This is not the code that the app shows now. See that its clock is right.", field="code")
    TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
    return _make_backup_codes(user)


def check_code(user: User, code: str) -> bool:
    """Say whether the code lets this person in; a backup code does so once. Wrong ones slow the next down."""
    cleaned = code.replace(" ", "").lower()
    kind = TOTPDevice if cleaned.isdecimal() else StaticDevice
    devices = list(kind.objects.filter(user=user, confirmed=True))
    return any(verify_token(user, device.persistent_id, cleaned) is not None for device in devices)


@transaction.atomic
def remove_second_step(user: User) -> None:
    """Let the password suffice again."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _make_backup_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=DEVICE, confirmed=True)
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return codes
