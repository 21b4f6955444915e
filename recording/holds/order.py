"""Has the links of a hold looked after as soon as it is made or released; a lost order costs the 30 s of a sweep."""

import logging
from collections.abc import Iterable
from functools import partial

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

TASK = "recording.holds.tasks.keep_server_links"
EXPIRES_SECONDS = 25
"""An ordered pass that waited this long is pointless: the next one of the sweep is there."""


def order_after_commit(server_ids: Iterable[int]) -> None:
    """Order a pass over the held files of these media servers once the change is committed."""
    for server_id in server_ids:
        transaction.on_commit(partial(_order, server_id))


def _order(server_id: int) -> None:
    """Never fails: the hold stands already."""
    try:
        # By its name: tasks stand above services, which order this one.
        current_app.send_task(TASK, (server_id,), expires=EXPIRES_SECONDS, retry=False)
    except (RedisError, BrokerError) as error:
        logger.warning("the next sweep looks after the held files, no worker could be told: %s", error)
