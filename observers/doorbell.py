"""What MediaMTX's hooks do here: order a look soon. They never say what is true, and losing one costs ten seconds."""

import logging
import time
from collections.abc import Callable

from django.db import DatabaseError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from mediamtx.names import camera_id_from
from observers import services
from observers.tasks import LOOK_EXPIRES_SECONDS, observe_server
from recording.segments.bell import BELL_SECONDS, ring_bell
from recording.tasks import index_camera_footage

logger = logging.getLogger(__name__)

LOOK_AFTER_SECONDS = 0.2
"""A burst of events shares a look, which bounds looks to five a second; changes still show in well under a second."""

REST_SECONDS = 5.0
"""After Redis or Postgres failed, hooks are let pass for so long: each would hold a web thread for a second."""


class Doorbell:
    """Orders looks while it can; when it cannot, it says so once and leaves the change to the next poll."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rests_until = float("-inf")
        self._is_broken = False

    def ring(self, path_name: str) -> None:
        """Order a look at the media server of the path; never fails."""
        self._try(lambda: _order_looks_at_server(path_name))

    def ring_for_footage(self, path_name: str) -> None:
        """Order a look at the files of the path's camera; never fails. What lies in no camera's folder has no row."""
        self._try(lambda: _order_look_at_footage(path_name))

    def _try(self, order: Callable[[], None]) -> None:
        if self._clock() < self._rests_until:
            return
        try:
            order()
        except (RedisError, BrokerError, DatabaseError) as error:
            self._rest(error)
        else:
            self._is_broken = False

    def _rest(self, error: Exception) -> None:
        self._rests_until = self._clock() + REST_SECONDS
        if not self._is_broken:
            logger.warning("hooks are of no use for now, the poll every 10 s finds what changed: %s", error)
        self._is_broken = True


def _order_looks_at_server(path_name: str) -> None:
    for server_id in services.servers_of_path(path_name):
        if services.ring_bell(server_id):
            observe_server.apply_async(
                (server_id,), countdown=LOOK_AFTER_SECONDS, expires=LOOK_EXPIRES_SECONDS, retry=False
            )


def _order_look_at_footage(path_name: str) -> None:
    camera_id = camera_id_from(path_name)
    if camera_id is not None and ring_bell(camera_id):
        index_camera_footage.apply_async(
            (str(camera_id),), countdown=LOOK_AFTER_SECONDS, expires=BELL_SECONDS, retry=False
        )


doorbell = Doorbell()
