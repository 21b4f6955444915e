"""Break-glass: a platform administrator opens a city they do not belong to, for an hour, with a written reason."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from cities.audit.services import Deed, Subject, note_deed
from cities.errors import InvalidInput
from cities.models import AuditAction, AuditEntry, City, User

LASTS = timedelta(minutes=60)
SHORTEST_REASON, LONGEST_REASON = 10, 500
SESSION_OPENED = "opened_city"


@dataclass(frozen=True)
class Opened:
    """A city that stands open to the caller until then."""

    city: City
    until: datetime


@transaction.atomic
def open_city(request: HttpRequest, user: User, city: City, *, reason: str, now: datetime) -> None:
    """Open the city in this session, alone, and note it with the reason in the city's own audit log.

    Raises InvalidInput where the reason says nothing.
    """
    words = " ".join(reason.split())
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise InvalidInput("Write the reason, in 10 to 500 letters: the city's auditors read it.", field="reason")
    close_city(request, user, now=now)
    until = now + LASTS
    facts = {"until": until.isoformat()}
    note_deed(city.pk, Deed(AuditAction.BREAK_GLASS, user, now, _subject(city), reason=words, facts=facts))
    request.session[SESSION_OPENED] = {"city": str(city.pk), "until": until.isoformat()}


@transaction.atomic
def close_city(request: HttpRequest, user: User, *, now: datetime) -> None:
    """Close what this session has open, before its time; nothing happens where nothing is."""
    opened = find_opened(request, user, now)
    request.session.pop(SESSION_OPENED, None)
    if opened:
        note_deed(opened.city.pk, Deed(AuditAction.BREAK_GLASS_ENDED, user, now, _subject(opened.city)))


def find_opened(request: HttpRequest, user: User, now: datetime) -> Opened | None:
    """Give what this session has open; None for who is no platform administrator any more, and after its time."""
    kept = request.session.get(SESSION_OPENED)
    if not (kept and user.is_active and user.is_superuser):
        return None
    until = datetime.fromisoformat(kept["until"])
    if not timedelta(0) < until - now <= LASTS:
        return None
    city = City.objects.filter(pk=UUID(kept["city"])).first()
    return Opened(city, until) if city else None


def has_opened(user: User, city_id: UUID, now: datetime) -> bool:
    """Say whether the person has the city open, in whichever session, as its audit log tells; wants it in scope."""
    deeds = AuditEntry.objects.filter(
        city_id=city_id, actor_id=user.pk, action__in=[AuditAction.BREAK_GLASS, AuditAction.BREAK_GLASS_ENDED]
    )
    last = deeds.filter(at__gt=now - LASTS).order_by("-number").values_list("action", flat=True).first()
    return last == AuditAction.BREAK_GLASS


def _subject(city: City) -> Subject:
    return Subject("city", str(city.pk), city.name)
