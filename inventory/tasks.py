"""What workers do of the list of cameras: look at addresses, search networks, forget what nobody comes back for."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from cities.scope import city_scope, every_city
from inventory import errands, working
from inventory.ordering import KILLED_AFTER_SECONDS, STOPPED_AFTER_SECONDS


@shared_task(soft_time_limit=STOPPED_AFTER_SECONDS, time_limit=KILLED_AFTER_SECONDS)
def run_errand(errand_id: str, city_id: str) -> None:
    """Do what a person asked; nothing where it is done or forgotten."""
    with city_scope(UUID(city_id)):
        working.run_errand(UUID(errand_id), now=timezone.now())


@shared_task
def drop_expired_errands() -> None:
    """Forget what nobody comes back for."""
    with every_city("errands grow old in all cities alike"):
        errands.drop_expired(timezone.now())
