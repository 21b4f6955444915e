"""Writes and checks the audit log; an entry is written in the transaction of what it tells of."""

import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from psycopg.types.json import Jsonb

from cities.active import shows_whole
from cities.audit.decisions import FIRST, Link, digest_link, find_break
from cities.audit.origin import current_address
from cities.models import AuditAction, AuditEntry, User
from cities.postgres.prepared import ask, spell_columns, take_row
from cities.queries import list_city_ids_of
from cities.scope import every_city

_LOCK_SPACE = 0xA0D1
_OF_LINK = [name for name in Link.__dataclass_fields__ if name != "city"]
_WRITTEN = ["city_id", *_OF_LINK, "digest"]

# Asked as prepared questions: whoever opens a camera's footage waits for its entry.
_TAKE_TURN = "SELECT pg_advisory_xact_lock(%(space)s, %(chain)s)"
_LAST = "SELECT number, digest FROM cities_auditentry WHERE city_id = %(city)s ORDER BY number DESC LIMIT 1"
_LAST_OF_PLATFORM = "SELECT number, digest FROM cities_auditentry WHERE city_id IS NULL ORDER BY number DESC LIMIT 1"
_ADD = f"""
    INSERT INTO cities_auditentry ({", ".join(_WRITTEN)}) VALUES ({", ".join(f"%({name})s" for name in _WRITTEN)})
    RETURNING {spell_columns(AuditEntry, "cities_auditentry")}
"""  # noqa: S608 -- the columns of our own model


@dataclass(frozen=True)
class Subject:
    """What was acted on: the kind of thing, its id, and its name at the time."""

    type: str = ""
    id: str = ""
    name: str = ""


NOTHING = Subject()


@dataclass(frozen=True)
class ChainReport:
    """One chain as it was found; `problem` is "" for a whole one, `head` the digest of its last entry."""

    city: str
    entries: int
    head: str
    problem: str


@dataclass(frozen=True)
class Deed:
    """What somebody did; `by` None: the system itself. `facts` must be plain JSON and hold no secret."""

    action: AuditAction
    by: User | None
    at: datetime
    subject: Subject = NOTHING
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@transaction.atomic(savepoint=False)
def note_deed(city_id: UUID | None, deed: Deed) -> AuditEntry:
    """Write an entry into the city's chain, or into the platform's where no city is named; what fails here fails whole.

    Nobody else adds to this chain until the transaction ends.
    """
    _take_turn(city_id)
    # To leave a scope within a transaction costs a question more before each one that follows.
    with nullcontext() if shows_whole(city_id) else every_city("a chain has an end, whoever may read it"):
        number, previous = _find_end(city_id)
        link = _make_link(city_id, deed, number + 1, previous)
        written = {name: getattr(link, name) for name in _OF_LINK} | {"facts": Jsonb(link.facts)}
        (row,) = ask(_ADD, written | {"city_id": city_id, "digest": digest_link(link)})
        return take_row(AuditEntry, iter(row))


def note_in_own_cities(user: User, action: AuditAction, *, at: datetime, facts: dict[str, Any] | None = None) -> None:
    """Note what concerns a person as such in each city they belong to; in the platform's chain if in none."""
    subject = Subject("user", str(user.pk), user.get_username())
    own: list[UUID | None] = [*list_city_ids_of(user)]
    for city_id in own or [None]:
        note_deed(city_id, Deed(action, user, at, subject, facts=facts or {}))


def check_chains(city_id: UUID | None = None) -> list[ChainReport]:
    """Compute every chain anew, or one city's; wants the cities in scope."""
    chains = AuditEntry.objects.order_by().values_list("city_id", flat=True).distinct()
    wanted = [found for found in chains if city_id is None or found == city_id]
    return [_check_chain(each) for each in sorted(wanted, key=str)]


def _check_chain(city_id: UUID | None) -> ChainReport:
    entries = AuditEntry.objects.filter(Q(city=city_id)).order_by("number")
    count, head = entries.count(), entries.values_list("digest", flat=True).last() or ""
    return ChainReport(str(city_id or ""), count, head, find_break(_read_links(entries.iterator(chunk_size=2000))))


def _read_links(entries: Iterator[AuditEntry]) -> Iterator[tuple[Link, str]]:
    for entry in entries:
        yield (
            Link(city=str(entry.city_id or ""), **{name: getattr(entry, name) for name in _OF_LINK}),
            entry.digest,
        )


def _make_link(city_id: UUID | None, deed: Deed, number: int, previous_digest: str) -> Link:
    return Link(
        city=str(city_id or ""),
        number=number,
        at=deed.at,
        actor_id=deed.by.pk if deed.by else None,
        actor=deed.by.get_username() if deed.by else "",
        address=current_address(),
        action=str(deed.action),
        subject_type=deed.subject.type,
        subject_id=deed.subject.id,
        subject=deed.subject.name,
        reason=deed.reason,
        facts=deed.facts,
        previous_digest=previous_digest,
    )


def _take_turn(city_id: UUID | None) -> None:
    """Let nobody else add to this chain until the transaction ends."""
    of_this_chain = zlib.crc32(str(city_id or "").encode()) - 2**31  # a signed 32-bit number for Postgres
    ask(_TAKE_TURN, {"space": _LOCK_SPACE, "chain": of_this_chain})


def _find_end(city_id: UUID | None) -> tuple[int, str]:
    """Give the number and digest of a chain's last entry."""
    found = ask(_LAST, {"city": city_id}) if city_id else ask(_LAST_OF_PLATFORM, {})
    return found[0] if found else (0, FIRST)
