"""Work of holds that beat starts and services order."""

from celery import shared_task
from django.utils import timezone

from cameras.models import MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from recording.holds import keeping
from recording.holds.order import EXPIRES_SECONDS


@shared_task
def keep_links() -> None:
    """Order a pass over the held files of every media server."""
    for server in list_media_servers():
        keep_server_links.apply_async((server.pk,), expires=EXPIRES_SECONDS)


@shared_task
def keep_server_links(server_id: int) -> None:
    """Bring the held files of one media server in line with the holds."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server:
        with every_city("a media server holds the footage of several cities"):
            keeping.keep_links(server, timezone.now())
