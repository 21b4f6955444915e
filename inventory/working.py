"""Does in a worker what a person asked, by its kind."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from inventory.connection import run_test
from inventory.discovery.services import run_address_question, run_search
from inventory.models import Errand, ErrandKind

_WORK: dict[str, Callable[[Errand, datetime], object]] = {
    ErrandKind.CONNECTION: run_test,
    ErrandKind.DISCOVERY: run_search,
    ErrandKind.STREAM_ADDRESS: run_address_question,
}


def run_errand(errand_id: UUID, *, now: datetime) -> None:
    """Do it once; wants its city in scope."""
    errand = Errand.objects.select_related("city").filter(pk=errand_id, done_at=None, expires_at__gt=now).first()
    if errand:
        _WORK[errand.kind](errand, now)
