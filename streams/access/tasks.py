"""Work of media access: what beat starts every few seconds."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from cameras.models import MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from streams.access.revoking import end_revoked_sessions, end_revoked_sessions_together

SWEEP_SECONDS = 3
"""Revoked within 5 s, with room for the sweep itself."""

SILENT_SWEEP_SECONDS = 12
"""A sweep of media servers that do not answer takes a worker for four seconds."""


@shared_task
def sweep_sessions() -> None:
    """Order a sweep of every media server; one that hangs holds up no other.

    Those that gave the observer no answer are swept together, and less often: they would keep all workers waiting.
    """
    silent = []
    for server in list_media_servers():
        if server.reach == MediaServer.Reach.UNREACHABLE:
            silent.append(server.pk)
        else:
            sweep_sessions_of.apply_async((server.pk,), expires=SWEEP_SECONDS)
    if silent and cache.add("streams:sweep-of-silent", 1, timeout=SILENT_SWEEP_SECONDS):
        sweep_silent_servers.apply_async((silent,), expires=SWEEP_SECONDS)


@shared_task
def sweep_sessions_of(server_id: int) -> None:
    """End the sessions at one media server whose right is gone."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server is not None:
        with every_city("a media server carries the cameras of several cities"):
            end_revoked_sessions(server, timezone.now())


@shared_task
def sweep_silent_servers(server_ids: list[int]) -> None:
    """Do the same at media servers that gave the observer no answer: some of them may end sessions all the same."""
    servers = MediaServer.objects.filter(pk__in=server_ids)
    with every_city("a media server carries the cameras of several cities"):
        end_revoked_sessions_together(servers, timezone.now())
