"""What recording asks of whatever writes the video."""

from typing import Protocol

from recording.models import RecordingStatus


class RecordingPort(Protocol):
    """The contract of the specification: start, stop and status of one stream's recording."""

    def start(self, stream_id: str) -> None:
        """Have the stream written."""

    def stop(self, stream_id: str) -> None:
        """Have the stream written no more."""

    def status(self, stream_id: str) -> RecordingStatus | None:
        """Give ON while the stream is there to be written; None where it is not, or nobody can tell."""
