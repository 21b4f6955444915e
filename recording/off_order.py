"""Has the off switch looked at soon after somebody switched; losing an order costs the ten seconds of a sweep."""

import logging

from celery import current_app
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from cameras.models import Camera
from recording.off_switch import is_ours

log = logging.getLogger(__name__)

TASK = "recording.tasks.apply_off_switch"
EXPIRES_SECONDS = 9
_BELL = "recording:off_switch:bell"
_BELL_SECONDS = 5


def order_after_commit(camera: Camera | None = None) -> None:  # noqa: ARG001 -- rooms below hand over the camera they added
    """Order a look once the change is committed; a thousand changes at once order one look."""
    if is_ours():
        transaction.on_commit(order_look)


def order_look(*, seconds: float = 0.2) -> None:
    """Order a look in so many seconds, unless one is ordered that has not begun; never fails."""
    try:
        if cache.add(_BELL, 1, timeout=_BELL_SECONDS + seconds):
            # By its name: tasks stand above services, which order this one.
            current_app.send_task(TASK, countdown=seconds, expires=seconds + EXPIRES_SECONDS, retry=False)
    except (RedisError, BrokerError) as error:
        log.warning("the next sweep switches recording on disk, no worker could be told: %s", error)


def begin_look() -> None:
    """Say that a look begins: changes from now on want another one."""
    try:
        cache.delete(_BELL)
    except RedisError as error:
        log.debug("the order of a look was not taken back: %s", error)
