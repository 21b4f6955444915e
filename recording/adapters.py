"""The two recording ports: the real one around MediaMTX, and one in memory for tests and demonstrations."""

import logging
from dataclasses import dataclass, field

from mediamtx.client import MediaMTXClient
from mediamtx.errors import MediaMTXUnavailable
from recording.models import RecordingStatus

log = logging.getLogger(__name__)


@dataclass
class MockRecordingAdapter:
    """Remembers what was started; nothing is written."""

    started: set[str] = field(default_factory=set)

    def start(self, stream_id: str) -> None:
        self.started.add(stream_id)

    def stop(self, stream_id: str) -> None:
        self.started.discard(stream_id)

    def status(self, stream_id: str) -> RecordingStatus | None:
        return RecordingStatus.ON if stream_id in self.started else None


@dataclass(frozen=True)
class MediaMTXRecordingAdapter:
    """MediaMTX writes every path that has a publisher (`record: yes`), so start and stop have nothing to ask of it."""

    mediamtx: MediaMTXClient

    def start(self, stream_id: str) -> None:
        """Nothing to do: MediaMTX records when the camera connects."""

    def stop(self, stream_id: str) -> None:
        """Nothing to do: MediaMTX stops when the camera leaves; we never touch its paths."""

    def status(self, stream_id: str) -> RecordingStatus | None:
        """Give ON for an online path; None for a missing one and for no valid answer. Never raises for either."""
        try:
            path = self.mediamtx.get_path(stream_id)
        except MediaMTXUnavailable as error:
            log.warning("MediaMTX gave no valid answer about %s: %s", stream_id, error)
            return None
        return RecordingStatus.ON if path is not None and path.is_online else None
