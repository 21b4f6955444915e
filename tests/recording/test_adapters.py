"""The recording port: a missing path and no answer are both no reason for an exception."""

import pytest

from mediamtx.client import MediaMTXClient
from recording.adapters import MediaMTXRecordingAdapter, MockRecordingAdapter
from recording.models import RecordingStatus
from tests.real import RunningMediaMTX, publish, wait_until


def test_the_mock_knows_what_was_started() -> None:
    port = MockRecordingAdapter()
    assert port.status("stream_a") is None
    port.start("stream_a")
    assert port.status("stream_a") == RecordingStatus.ON
    port.stop("stream_a")
    port.stop("stream_a")
    assert port.status("stream_a") is None


def test_no_answer_from_mediamtx_is_no_exception(free_port) -> None:
    port = MediaMTXRecordingAdapter(MediaMTXClient(f"http://127.0.0.1:{free_port()}"))
    assert port.status("stream_a") is None


@pytest.mark.integration
def test_the_real_mediamtx_tells_a_present_stream_from_a_missing_one(real_mediamtx: RunningMediaMTX) -> None:
    port = MediaMTXRecordingAdapter(real_mediamtx.client)
    assert port.status("stream_adapter") is None
    with publish(real_mediamtx.rtsp_port, "stream_adapter"):
        port.start("stream_adapter")
        wait_until(lambda: port.status("stream_adapter") == RecordingStatus.ON, "the stream is there")
        port.stop("stream_adapter")
        assert port.status("stream_adapter") == RecordingStatus.ON
    wait_until(lambda: port.status("stream_adapter") is None, "the stream is gone")
    assert " ERR " not in real_mediamtx.log.read_text()
