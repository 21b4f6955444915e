"""What the tests of observing share."""

from collections.abc import Iterator

import pytest

from tests.fakes.mediamtx import FakeMediaMTX


@pytest.fixture
def fake() -> Iterator[FakeMediaMTX]:
    """A MediaMTX that can be told to misbehave."""
    server = FakeMediaMTX()
    yield server
    server.stop()
