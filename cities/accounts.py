"""Verbs of accounts, which belong to no city."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import ngettext

from cities.audit.services import Deed, Subject, note_deed
from cities.models import AuditAction, Membership, User
from cities.scope import every_city
from cities.tokens import revoke_tokens


@transaction.atomic
def remove_account(user: User, *, by: User, now: datetime) -> None:
    """Take an account away with its places in all cities; each of these notes in its own log that a member is gone."""
    subject = Subject("user", str(user.pk), user.get_username())
    with every_city("an account may have its place in any city"):
        for city_id, role in Membership.objects.filter(user=user).order_by("city_id").values_list("city_id", "role"):
            note_deed(city_id, Deed(AuditAction.MEMBER_REMOVED, by, now, subject, facts={"role": role}))
        note_deed(None, Deed(AuditAction.ACCOUNT_CHANGED, by, now, subject, facts={"removed": True}))
        user.delete()


def end_old_password(user: User) -> dict[str, Any]:
    """Revoke the tokens made under the password of before; give what the audit log says of the new one.

    Whoever knew the old one may have made a token of their own. Sessions end by themselves: they hold the old hash.
    """
    return {"changed": ["password"], "revoked_tokens": revoke_tokens(user)}


def tell_revoked(names: Sequence[str]) -> str:
    """Say which tokens a new password has cost; "" for none."""
    if not names:
        return ""
    text = ngettext(
        "%(count)d API token was revoked with the old password: %(names)s.",
        "%(count)d API tokens were revoked with the old password: %(names)s.",
        len(names),
    )
    return text % {"count": len(names), "names": ", ".join(names)}
