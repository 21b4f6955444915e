"""Keeps what was asked and what came of it: sealed, for the person who asked, until it is forgotten."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from cameras.credentials import open_text, seal_text
from cities.access import Access
from cities.errors import Conflict, NotThere
from inventory.models import Errand, ErrandKind
from inventory.ordering import GIVEN_UP_AFTER_SECONDS, KILLED_AFTER_SECONDS

KEPT_FOR = {
    ErrandKind.CONNECTION: timedelta(minutes=15),
    ErrandKind.DISCOVERY: timedelta(minutes=15),
    ErrandKind.STREAM_ADDRESS: timedelta(minutes=15),
    ErrandKind.IMPORT: timedelta(hours=1),
    ErrandKind.SWITCH: timedelta(days=1),
}
TEN_A_MINUTE = 10
LOST = gettext_noop(
    "No worker did this within two minutes, or the one that began was ended. Try again; if it comes to this again, "
    "have the administrator look at the keeper and /health."
)
_LOST_AFTER = timedelta(seconds=GIVEN_UP_AFTER_SECONDS + KILLED_AFTER_SECONDS)


def make_errand(access: Access, kind: ErrandKind, content: dict[str, Any], now: datetime) -> Errand:
    """Keep what a person asks; Conflict where they ask for more of the kind than ten in a minute."""
    lately = Errand.objects.filter(by=access.user, kind=kind, made_at__gt=now - timedelta(minutes=1))
    if lately.count() >= TEN_A_MINUTE:
        raise Conflict("You asked for this ten times within a minute; wait a little.")
    return Errand.objects.create(
        city=access.city,
        by=access.user,
        kind=kind,
        content=seal_text(json.dumps(content)),
        made_at=now,
        expires_at=now + KEPT_FOR[kind],
    )


def find_errand(access: Access, errand_id: UUID, kind: ErrandKind, now: datetime, *, to_change: bool = False) -> Errand:
    """Give a person's own errand; NotThere if it is another's, of another city or kind, or forgotten.

    `to_change` locks it until the transaction ends.
    """
    rows = Errand.objects.select_for_update() if to_change else Errand.objects.all()
    found = rows.filter(pk=errand_id, city=access.city, by=access.user, kind=kind, expires_at__gt=now).first()
    if found is None:
        raise NotThere(f"no errand {errand_id}")
    return found


def read_content(errand: Errand) -> dict[str, Any]:
    """Give what it holds; CredentialsLost if no key of ours opens it."""
    content: dict[str, Any] = json.loads(open_text(errand.content))
    return content


def read_result(errand: Errand, now: datetime) -> dict[str, Any] | None:
    """Give what a worker found out, or `ok` and `problem` where no worker will any more; None while one still may."""
    if errand.done_at is not None:
        return read_content(errand)
    if now - errand.made_at > _LOST_AFTER:
        return {"ok": False, "problem": LOST}
    return None


def fill_errand(errand: Errand, content: dict[str, Any]) -> None:
    """Note what it holds from now on; it stays open."""
    errand.content = seal_text(json.dumps(content))
    errand.save(update_fields=["content"])


def finish_errand(errand: Errand, content: dict[str, Any], now: datetime) -> None:
    """Note what came of it in place of what was asked."""
    errand.content, errand.done_at = seal_text(json.dumps(content)), now
    errand.save(update_fields=["content", "done_at"])


def drop_expired(now: datetime) -> int:
    """Forget what nobody comes back for; give how many. Of the cities in scope."""
    return Errand.objects.filter(expires_at__lte=now).delete()[0]
