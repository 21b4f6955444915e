"""Coverage of cameras: how much of what was to be recorded there is, by the ledger of gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from cameras.models import Camera
from recording.gaps.decisions import horizon_of
from recording.gaps.periods import Measured, Period, measure
from recording.gaps.queries import read_gaps, read_sessions
from recording.gaps.spans import Span, unite

LAST_DAYS = timedelta(days=7)


@dataclass(frozen=True)
class CameraCoverage:
    """A camera's coverage in all, and in each of the periods that were asked for."""

    camera: Camera
    total: Measured
    by_period: tuple[Measured, ...]


def list_covered_cameras(window: Span) -> QuerySet[Camera]:
    """Give the cameras in scope that existed within the window, by name."""
    existed = Q(removed_at=None) | Q(removed_at__gt=window.start)
    return Camera.objects.filter(existed, created_at__lt=window.end).order_by("name", "id")


def measure_coverage(cameras: Sequence[Camera], periods: Sequence[Period], now: datetime) -> list[CameraCoverage]:
    """Measure the cameras' coverage of the periods, in two reads; what is too young to be known is left out."""
    whole = _frame(periods, now)
    if whole is None:
        return [CameraCoverage(camera, Measured(), tuple(Measured() for _ in periods)) for camera in cameras]
    ids = [camera.pk for camera in cameras]
    sessions, gaps = read_sessions(ids, whole), read_gaps(ids, whole)
    found = []
    for camera in cameras:
        wished = [part for each in unite(sessions[camera.pk]) if (part := each.clip(whole))]
        known = [row.fact for row in gaps.get(camera.pk, [])]
        by_period = measure(wished, known, [period.span for period in periods])
        found.append(CameraCoverage(camera, add_up(by_period), tuple(by_period)))
    return found


def measure_last_days(camera: Camera, now: datetime) -> Measured:
    """Measure the coverage of a camera's last seven days."""
    (found,) = measure_coverage([camera], [Period("", Span(now - LAST_DAYS, now))], now)
    return found.total


def add_up(parts: Sequence[Measured]) -> Measured:
    """Give all parts together."""
    total = Measured()
    for part in parts:
        total.add(part)
    return total


def _frame(periods: Sequence[Period], now: datetime) -> Span | None:
    """Give the time from the first period to the last, as far as it is known yet; None where none of it is."""
    if not periods:
        return None
    whole = Span(periods[0].span.start, min(periods[-1].span.end, horizon_of(now)))
    return whole if whole.length > timedelta(0) else None
