"""What looking at a wall leaves behind: who saw live pictures is written down."""

from datetime import datetime

from cities.access import Access
from cities.audit.services import Deed, note_deed
from cities.models import AuditAction


def note_live_view(access: Access, *, cards: int, now: datetime) -> None:
    """Write down that somebody opened a page with so many live pictures; a page without any is nothing to tell."""
    if cards:
        note_deed(access.city.pk, Deed(AuditAction.LIVE_VIEWED, access.user, now, facts={"cameras": cards}))
