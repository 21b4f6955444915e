"""Work of the recording room that beat starts."""

from celery import shared_task

from cities.scope import every_city
from recording import services


@shared_task
def refresh_recording_cache() -> None:
    """Heal the copies of open sessions in Redis after a flush or a missed update."""
    with every_city("the cache holds the open sessions of the installation"):
        services.refresh_recording_cache()
