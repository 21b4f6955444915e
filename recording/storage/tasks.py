"""Work on the disks that beat starts."""

from celery import shared_task
from django.utils import timezone

from cameras.models import MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from recording.storage import services

MEASURE_EXPIRES_SECONDS = 54
"""A measure that waited this long is pointless: the next one is there."""


@shared_task
def measure_disks() -> None:
    """Order a measure of every media server's disk, each by itself: one that hangs must not hang the others."""
    for server in list_media_servers():
        measure_disk.apply_async((server.pk,), expires=MEASURE_EXPIRES_SECONDS)


@shared_task
def measure_disk(server_id: int) -> None:
    """Measure one media server's disk; one on which nothing is known to be written yet is forecast at once."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server is None:
        return
    with every_city("a media server holds the footage of several cities"):
        storage = services.measure_storage(server, timezone.now())
    if storage is not None and not storage.bytes_per_day:
        forecast_disks.delay()


@shared_task
def learn_delete_after() -> None:
    """Ask every MediaMTX after how long it deletes by itself."""
    with every_city("a media server's longest promise may be any city's"):
        services.learn_delete_after_together(list_media_servers(), timezone.now())


@shared_task
def forecast_disks() -> None:
    """Forecast how many days every disk yields to each city."""
    with every_city("a disk is divided among its cities"):
        services.forecast_storage(timezone.now())
