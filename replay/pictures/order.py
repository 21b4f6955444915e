"""Tells a worker about an order of previews once it is committed; what gets lost costs the minute of a sweep."""

import logging
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

TASK = "replay.pictures.tasks.make_previews"
EXPIRES_SECONDS = 55
"""What waited so long is told again by the sweep."""


def order_after_commit(pictures: Iterable[tuple[int, UUID]]) -> None:
    """Tell of these rows and their cities."""
    transaction.on_commit(partial(order_now, list(pictures)))


def order_now(pictures: Iterable[tuple[int, UUID]]) -> None:
    """Tell of them now. Never fails: the rows stand already."""
    try:
        for picture_id, city_id in pictures:
            # By its name: tasks stand above services, which order this one.
            current_app.send_task(TASK, (picture_id, str(city_id)), expires=EXPIRES_SECONDS, retry=False)
    except (RedisError, BrokerError) as error:
        logger.warning("the next sweep orders the previews, no worker could be told: %s", error)
