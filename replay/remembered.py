"""Playlists that this process wrote a moment ago: pages are loaded anew, and several players ask for the same."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

REUSED = timedelta(minutes=2)
"""The addresses in a text are good for ten minutes, and players use them for seven."""

MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Text:
    """What was written for somebody, when, and out of what: it may be given again while that is the same."""

    source: Any
    written_at: datetime
    content: list[bytes]

    @property
    def size(self) -> int:
        """Bytes in all its pieces."""
        return sum(map(len, self.content))


@dataclass
class Texts:
    """So many bytes of texts, in this process alone; those asked for longest ago are forgotten first."""

    most_bytes: int = MOST_BYTES
    _kept: OrderedDict[Hashable, Text] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def find(self, key: Hashable, now: datetime) -> Text | None:
        """Give what was written under this key less than REUSED ago."""
        with self._lock:
            text = self._kept.get(key)
            if text is None or not timedelta() <= now - text.written_at < REUSED:
                return None
            self._kept.move_to_end(key)
            return text

    def keep(self, key: Hashable, source: Any, now: datetime, content: list[bytes]) -> None:
        """Keep what was written out of this source, in its pieces."""
        text = Text(source, now, content)
        if text.size > self.most_bytes:
            return
        with self._lock:
            self._drop(key)
            self._kept[key] = text
            self._bytes += text.size
            while self._bytes > self.most_bytes:
                self._drop(next(iter(self._kept)))

    def forget_all(self) -> None:
        """Let everything be written anew."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _drop(self, key: Hashable) -> None:
        known = self._kept.pop(key, None)
        self._bytes -= known.size if known else 0
