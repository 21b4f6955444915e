"""What ffmpeg says of a camera's streams, and the end of a look that takes too long, says too much or goes astray."""

import sys
from ipaddress import ip_address

from ffmpeg.commands import RelayCommand
from ffmpeg.failures import FailureKind
from ffmpeg.networks import Neighbourhood
from ffmpeg.probing import MOST_BYTES, Description, describe_streams, look_once

STDERR = """\
[info] Input #0, rtsp, from 'rtsp://10.0.0.5/live':
[info]   Metadata:
[info]     title           : Stream
[info]   Duration: N/A, start: 0.080000, bitrate: N/A
[info]   Stream #0:0: Video: h264 (High), yuv420p(tv, bt709, progressive), 1920x1080 [SAR 1:1 DAR 16:9], 25 fps, 25 tbr
[info]   Stream #0:1: Audio: aac (LC), 48000 Hz, stereo, fltp
[info] Output #0, image2pipe, to 'pipe:1':
[info]   Stream #0:0: Video: mjpeg, yuvj420p(pc, bt709, progressive), 960x540, q=2-31, 200 kb/s, 25 fps
"""


def python(code: str, stdin: str | None = None) -> RelayCommand:
    return RelayCommand((sys.executable, "-c", code), stdin)


def test_the_streams_of_the_input_are_described_and_not_those_of_the_output() -> None:
    described = Description("h264", "High", 1920, 1080, 25.0, "aac", "48000 Hz, stereo")
    assert describe_streams(STDERR) == described


def test_what_is_not_said_is_not_known() -> None:
    assert describe_streams("") == Description()
    assert describe_streams("Stream #0:0: Video: hevc (Main)") == Description("hevc", "Main")


def test_a_picture_is_given_whole() -> None:
    write = "import sys; sys.stdout.buffer.write(b'\\xff\\xd8' + b'x' * 200_000 + b'\\xff\\xd9')"
    look = look_once(python(write), Neighbourhood(), lambda _pid: [])
    assert (len(look.picture), look.failure) == (200_004, None)


def test_a_look_ends_in_time() -> None:
    look = look_once(python("import time; time.sleep(60)"), Neighbourhood(), lambda _pid: [], seconds=0.3)
    assert look.failure is not None
    assert look.failure.kind is FailureKind.TIMEOUT


def test_who_says_too_much_is_ended() -> None:
    talk = f"import sys; sys.stdout.buffer.write(b'x' * {MOST_BYTES + 2**20})"
    look = look_once(python(talk), Neighbourhood(), lambda _pid: [])
    assert look.failure is not None
    assert look.failure.kind is FailureKind.INVALID_DATA


def test_who_is_led_astray_is_ended_and_shows_nothing() -> None:
    write = "import sys, time; sys.stdout.buffer.write(b'\\xff\\xd8\\xff\\xd9'); sys.stdout.flush(); time.sleep(60)"
    look = look_once(python(write), Neighbourhood(), lambda _pid: [(ip_address("169.254.169.254"), 80)])
    assert look.failure is not None
    assert (look.picture, look.failure.kind) == (b"", FailureKind.ADDRESS_REFUSED)


def test_complaints_hold_no_credentials() -> None:
    complain = "import sys; sys.exit('[error] rtsp://admin:sesame@10.0.0.5/: 401 Unauthorized')"
    look = look_once(python(complain), Neighbourhood(), lambda _pid: [])
    assert look.failure is not None
    assert (look.failure.kind, "sesame" in look.failure.text) == (FailureKind.UNAUTHORIZED, False)
