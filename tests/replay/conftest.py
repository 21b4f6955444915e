"""What the tests of played footage share."""

from tests.recording.gaps.conftest import every

__all__ = ["every"]
