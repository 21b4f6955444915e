"""Work of alarms that beat starts."""

from celery import shared_task
from django.utils import timezone

from cities.scope import every_city
from observers.alarms import services


@shared_task
def watch_alarms() -> None:
    """Open, refresh and close alarms by what is wrong now."""
    with every_city("what is wrong is derived for all cities at once, each gets its own alarms"):
        services.watch_alarms(now=timezone.now())
