"""Work of media access: what beat starts every few seconds."""

from celery import shared_task

from cameras.models import MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from streams.access.revoking import end_revoked_sessions

SWEEP_SECONDS = 3
"""Revoked within 5 s, with room for the sweep itself."""


@shared_task
def sweep_sessions() -> None:
    """Order a sweep of every media server; one that hangs holds up no other."""
    for server in list_media_servers():
        sweep_sessions_of.apply_async((server.pk,), expires=SWEEP_SECONDS)


@shared_task
def sweep_sessions_of(server_id: int) -> None:
    """End the sessions at one media server whose right is gone."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server is not None:
        with every_city("a media server carries the cameras of several cities"):
            end_revoked_sessions(server)
