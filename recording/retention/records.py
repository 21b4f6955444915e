"""Deletion records: a city's day of deletions, sealed so that altering it later is found out, and signed off."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from cities.audit.services import Deed, note_deed
from cities.errors import Conflict
from cities.models import AuditAction, City, User
from recording.gaps.spans import Span
from recording.models import Deletion, DeletionRecord
from recording.retention.deletions import day_of

SEAL_AFTER = timedelta(hours=1)
"""A day is sealed so long after its end: a pass that was at work at midnight has written down what it did."""

_SALT = "recording.retention.records"


def seal_deletion_records(now: datetime) -> int:
    """Seal every day of the cities in scope that is over and in which something was deleted; give how many."""
    return sum(_seal_city(city_id, now) for city_id in _cities_with_open_days())


def verify_records() -> Iterator[str]:
    """Give, in words, each record that is not what was sealed, with the city and the day."""
    for city in City.objects.order_by("name"):
        previous = ""
        for record in DeletionRecord.objects.filter(city=city).order_by("pk"):
            for problem in _verify(record, previous):
                yield f"{city.name}, {record.day}: {problem}"
            previous = record.digest


@transaction.atomic
def sign_off(record: DeletionRecord, *, by: User, now: datetime) -> None:
    """Write down who read and accepted it; Conflict where somebody has. It cannot be undone."""
    unsigned = DeletionRecord.objects.filter(pk=record.pk, signed_off_at=None)
    if not unsigned.update(signed_off_at=now, signed_off_by=by):
        raise Conflict("This record is signed off already; that stays.")
    facts = {"day": record.day.isoformat(), "digest": record.digest}
    note_deed(record.city_id, Deed(AuditAction.DELETIONS_SIGNED_OFF, by, now, facts=facts))
    record.refresh_from_db()


def list_deletions(city_id: UUID, day: date) -> list[Deletion]:
    """Give what was deleted in a city's day, in the order of its digest."""
    rows = Deletion.objects.filter(city_id=city_id, day=day).select_related("camera", "city")
    return sorted(rows, key=_write_line)


def compute_digest(city_id: UUID, day: date, rows: Iterable[Deletion], previous: str) -> str:
    """Give the SHA-256 of the day as text: a line of what it is and what came before, then each row's, sorted."""
    lines = [f"{city_id},{day.isoformat()},{previous}", *sorted(_write_line(row) for row in rows)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _cities_with_open_days() -> list[UUID]:
    return list(Deletion.objects.order_by().values_list("city_id", flat=True).distinct())


@transaction.atomic
def _seal_city(city_id: UUID, now: datetime) -> int:
    city = City.objects.select_for_update(no_key=True).get(pk=city_id)
    records = DeletionRecord.objects.filter(city=city)
    open_days = Deletion.objects.filter(city=city, day__lt=day_of(city, now - SEAL_AFTER)).exclude(
        day__in=records.values("day")
    )
    last = records.order_by("-pk").first()
    previous, count = last.digest if last else "", 0
    for day in open_days.order_by("day").values_list("day", flat=True).distinct():
        previous = _seal_day(city, day, previous, now).digest
        count += 1
    return count


def _seal_day(city: City, day: date, previous: str, now: datetime) -> DeletionRecord:
    rows = list(Deletion.objects.filter(city=city, day=day))
    digest = compute_digest(city.pk, day, rows, previous)
    segments, size, early = _add_up(rows)
    return DeletionRecord.objects.create(
        city=city,
        day=day,
        segments=segments,
        bytes=size,
        early_segments=early,
        previous_digest=previous,
        digest=digest,
        signature=_sign(digest, settings.SECRET_KEY),
        sealed_at=now,
    )


def _verify(record: DeletionRecord, previous: str) -> Iterator[str]:
    rows = list(Deletion.objects.filter(city_id=record.city_id, day=record.day))
    if record.previous_digest != previous:
        yield "the record before it was altered or removed"
    if compute_digest(record.city_id, record.day, rows, record.previous_digest) != record.digest:
        yield "its deletions are not those that were sealed"
    if _add_up(rows) != (record.segments, record.bytes, record.early_segments):
        yield "its sums are not those of its deletions"
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(_sign(record.digest, key), record.signature) for key in keys):
        yield "its signature is not this installation's"


def _add_up(rows: list[Deletion]) -> tuple[int, int, int]:
    early = sum(row.segments for row in rows if row.is_early)
    return sum(row.segments for row in rows), sum(row.bytes for row in rows), early


def _sign(digest: str, key: str | bytes) -> str:
    return salted_hmac(_SALT, digest, secret=key, algorithm="sha256").hexdigest()


def _write_line(row: Deletion) -> str:
    moments = [moment.astimezone(UTC).isoformat() for moment in (row.start, row.end, row.last_at)]
    # Rows of before the exact stretches were kept have the line that was sealed.
    stretches = [_write_spans(spans) for spans in (row.spans, row.damaged) if spans is not None]
    sums = [str(row.segments), str(row.bytes)]
    return ",".join([str(row.camera_id), row.rule, str(row.is_early), *moments, *sums, *stretches])


def _write_spans(spans: Iterable[Span]) -> str:
    return " ".join("/".join(each.astimezone(UTC).isoformat() for each in (span.start, span.end)) for span in spans)
