"""Work of retention that beat starts."""

from celery import shared_task
from django.utils import timezone

from cameras.models import MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from recording.retention import records, services

TURN_EXPIRES_SECONDS = 55
"""An ordered pass that waited this long is pointless: the next one is there."""


@shared_task
def turn_rings() -> None:
    """Order a turn of every media server's ring."""
    for server in list_media_servers():
        turn_server_ring.apply_async((server.pk,), expires=TURN_EXPIRES_SECONDS)


@shared_task
def turn_server_ring(server_id: int) -> None:
    """Delete what is due on one media server's disk."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server:
        with every_city("a media server holds the footage of several cities"):
            services.turn_ring(server, timezone.now())


@shared_task
def seal_deletion_records() -> None:
    """Seal the deletions of every city's days that are over."""
    with every_city("each city's day is sealed when it is over there"):
        records.seal_deletion_records(timezone.now())
