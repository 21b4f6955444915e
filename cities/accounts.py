"""Verbs of accounts, which belong to no city."""

from datetime import datetime

from django.db import transaction

from cities.audit.services import Deed, Subject, note_deed
from cities.models import AuditAction, Membership, User
from cities.scope import every_city


@transaction.atomic
def remove_account(user: User, *, by: User, now: datetime) -> None:
    """Take an account away with its places in all cities; each of these notes in its own log that a member is gone."""
    subject = Subject("user", str(user.pk), user.get_username())
    with every_city("an account may have its place in any city"):
        for city_id, role in Membership.objects.filter(user=user).order_by("city_id").values_list("city_id", "role"):
            note_deed(city_id, Deed(AuditAction.MEMBER_REMOVED, by, now, subject, facts={"role": role}))
        note_deed(None, Deed(AuditAction.ACCOUNT_CHANGED, by, now, subject, facts={"removed": True}))
        user.delete()
