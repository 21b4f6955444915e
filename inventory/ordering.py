"""Hands an errand to a worker."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from inventory.models import Errand

log = logging.getLogger(__name__)

RUN_ERRAND = "inventory.tasks.run_errand"
GIVEN_UP_AFTER_SECONDS = 60
"""Nobody waits longer for a worker."""
STOPPED_AFTER_SECONDS = 60
"""When the work is told to end, and says so; nothing that is asked of it takes half of that."""
KILLED_AFTER_SECONDS = 70
"""When its process is killed, where it did not hear."""


def send_after_commit(errand: Errand) -> None:
    """Order the work once the errand can be seen; where no worker can be told, the page says that none answered."""
    transaction.on_commit(lambda: _send(errand))


def _send(errand: Errand) -> None:
    arguments = (str(errand.pk), str(errand.city_id))
    try:
        # By its name: the task's module imports what orders it.
        current_app.send_task(RUN_ERRAND, arguments, expires=GIVEN_UP_AFTER_SECONDS, retry=False)
    except (RedisError, BrokerError) as error:
        log.warning("errand %s stays undone, no worker could be told: %s", errand.pk, error)
