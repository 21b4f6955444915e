"""Does in a worker what a person asked, by its kind."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.utils.translation import gettext_noop

from inventory.connection import run_test
from inventory.discovery.services import run_address_question, run_search
from inventory.errands import finish_errand
from inventory.models import Errand, ErrandKind

Work = Mapping[str, Callable[[Errand, datetime], object]]

STOPPED = gettext_noop("This took longer than a minute and was ended. Try again.")

_WORK: Work = {
    ErrandKind.CONNECTION: run_test,
    ErrandKind.DISCOVERY: run_search,
    ErrandKind.STREAM_ADDRESS: run_address_question,
}


def run_errand(errand_id: UUID, *, now: datetime, work: Work = _WORK) -> None:
    """Do it once, or say that it took too long; wants its city in scope."""
    errand = Errand.objects.select_related("city").filter(pk=errand_id, done_at=None, expires_at__gt=now).first()
    if errand is None:
        return
    try:
        work[errand.kind](errand, now)
    except SoftTimeLimitExceeded:
        finish_errand(errand, {"ok": False, "problem": STOPPED}, now)
