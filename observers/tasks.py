"""Work of the observers: what beat starts every few seconds, and the looks that hooks order."""

from celery import shared_task
from django.utils import timezone

from cities.scope import every_city
from observers import outages, services

LOOK_EXPIRES_SECONDS = 9
"""An ordered look that waited this long is pointless: the next poll is there."""


@shared_task
def observe_servers() -> None:
    """Order a look at every media server: at each by itself, but one at all that gave no answer last time."""
    answering, silent = services.sort_servers()
    for server_id in answering:
        observe_server.apply_async((server_id,), expires=LOOK_EXPIRES_SECONDS)
    if silent:
        observe_silent_servers.apply_async((silent,), expires=LOOK_EXPIRES_SECONDS)


@shared_task
def observe_server(server_id: int) -> None:
    """Look at one media server; the time is read after the bell fell silent, see `ring_bell`."""
    services.silence_bell(server_id)
    services.observe_server(server_id, now=timezone.now())


@shared_task
def observe_silent_servers(server_ids: list[int]) -> None:
    """Look at media servers that gave no answer last time."""
    services.observe_silent_servers(server_ids, now=timezone.now())


@shared_task
def sweep_outages() -> None:
    """Tell the causes of outages more exactly, and heal rows that are missing."""
    with every_city("a media server's outage is that of all its cities' cameras"):
        outages.sweep_outages(now=timezone.now())


@shared_task
def drop_old_outages() -> None:
    """Forget outages that nobody will be asked about any more."""
    with every_city("history grows old in all cities alike"):
        outages.drop_old_outages(now=timezone.now())


@shared_task
def note_heartbeat() -> None:
    """Show that beat, the broker and a worker are alive."""
    services.note_heartbeat(now=timezone.now())
