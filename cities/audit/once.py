"""What was noted a moment ago need not be noted again: remembered by this process, and in Redis for all of them."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

NEVER = datetime.min.replace(tzinfo=UTC)
MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class OnceWithin:
    """Keys of what was noted, each for as long as `lasts`; without Redis rather too many entries than none."""

    lasts: timedelta
    _noted: OrderedDict[str, datetime] = field(default_factory=OrderedDict)

    def choose_new(self, keys: Sequence[str], now: datetime) -> list[str]:
        """Give those that nobody noted lately; this process asks nobody again about the others."""
        unseen = [key for key in keys if now - self._noted.get(key, NEVER) >= self.lasts]
        known = self._ask(unseen) if unseen else set()
        self._remember([key for key in unseen if key in known], now)
        return [key for key in unseen if key not in known]

    def tell(self, keys: Sequence[str], now: datetime) -> None:
        """Say that these are noted, once they are: told before, one that could not be written would be missed."""
        self._remember(keys, now)
        try:
            cache.set_many(dict.fromkeys(keys, 1), timeout=int(self.lasts.total_seconds()))
        except RedisError as error:
            logger.warning("others are not told what is noted, Redis gives no answer: %s", error)

    def forget(self) -> None:
        """Let this process ask anew what was noted."""
        self._noted.clear()

    def _ask(self, keys: Sequence[str]) -> set[str]:
        try:
            return set(cache.get_many(keys))
        except RedisError as error:
            logger.warning("it is not known what was noted already, Redis gives no answer: %s", error)
            return set()

    def _remember(self, keys: Sequence[str], now: datetime) -> None:
        self._noted.update(dict.fromkeys(keys, now))
        while len(self._noted) > MOST_REMEMBERED:
            self._noted.popitem(last=False)
