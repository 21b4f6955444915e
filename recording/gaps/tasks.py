"""Work of gaps and coverage that beat starts."""

from celery import shared_task
from django.utils import timezone

from cities.scope import every_city
from recording.gaps import services

PASS_EXPIRES_SECONDS = 3500
"""A full pass ends long before; this is for one that hangs."""


@shared_task
def recompute_recent_gaps() -> None:
    """Bring the ledger of the last hours in line with what is known now."""
    with every_city("the ledger is kept for all cities"):
        services.recompute_recent(timezone.now())


@shared_task(time_limit=PASS_EXPIRES_SECONDS)
def recompute_all_gaps() -> None:
    """Bring the ledger in line for as long as footage is kept."""
    with every_city("the ledger is kept for all cities"):
        services.recompute_all(timezone.now())
