"""The command lines of relays."""

from pathlib import Path

import pytest

from ffmpeg.commands import RelayCommand, SourceFormat, choose_h264_encoder, guess_format, relay_command
from ffmpeg.errors import FFmpegUnavailable
from ffmpeg.sources import parse_source_url

PUBLISH = "rtsp://127.0.0.1:8554/stream_1"
HEAD = (
    *("/usr/bin/ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "level+warning"),
    *("-nostats", "-progress", "pipe:1", "-stats_period", "1"),
)
COPY = ("-map", "0:v:0", "-c:v", "copy", "-map", "0:a:0?", "-c:a", "copy")
TAIL = ("-f", "rtsp", "-rtsp_transport", "tcp", "-pkt_size", "1316", PUBLISH)


def make(url: str, *, with_audio: bool = True) -> RelayCommand:
    return relay_command(
        Path("/usr/bin/ffmpeg"), parse_source_url(url), PUBLISH, encoders={"libx264"}, with_audio=with_audio
    )


def test_a_camera_without_credentials_is_named_on_the_command_line() -> None:
    options = ("-protocol_whitelist", "rtsp,tcp", "-format_whitelist", "rtsp")
    transport = ("-rtsp_transport", "tcp", "-timeout", "10000000")
    argv = (*HEAD, *options, *transport, "-fpsprobesize", "0", "-i", "rtsp://camera/a", *COPY, *TAIL)
    assert make("rtsp://camera/a") == RelayCommand(argv)


def test_a_camera_with_credentials_is_named_on_standard_input() -> None:
    command = make("rtsp://admin:it's@camera/it's")
    feed = ("-fpsprobesize", "0", "-f", "concat", "-safe", "0", "-protocol_whitelist", "pipe", "-i", "pipe:0")
    assert command.argv == (*HEAD, *feed, *COPY, *TAIL)
    assert command.stdin_text == (
        "ffconcat version 1.0\n"
        "file 'rtsp://admin:it%27s@camera/it'\\''s'\n"
        "option protocol_whitelist rtsp,tcp\n"
        "option format_whitelist rtsp\n"
        "option rtsp_transport tcp\n"
        "option timeout 10000000\n"
        "option fpsprobesize 0\n"
    )
    assert "admin" not in repr(command)


@pytest.mark.parametrize("url", ["rtsp://u:hunter2@c/a", "http://c/x.m3u8?token=hunter2", "http://u:hunter2@c/mjpg"])
def test_no_secret_stands_in_the_process_list(url: str) -> None:
    command = make(url)
    assert "hunter2" not in " ".join(command.argv)
    assert "hunter2" in str(command.stdin_text)


@pytest.mark.parametrize(
    ("url", "source_format"),
    [
        ("rtsps://c/a", SourceFormat.RTSP),
        ("rtmp://c/a", SourceFormat.RTMP),
        ("https://c/live/index.M3U8?x=1", SourceFormat.HLS),
        ("http://c/play?file=a.m3u8", SourceFormat.HLS),
        ("http://c/mjpg/video.cgi", SourceFormat.MJPEG),
    ],
)
def test_the_address_tells_what_the_camera_speaks(url: str, source_format: SourceFormat) -> None:
    assert guess_format(parse_source_url(url)) is source_format


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "rtmp", "rtmps", "http", "https"])
def test_nothing_local_may_be_opened(scheme: str) -> None:
    argv = make(f"{scheme}://c/a").argv
    protocols = argv[argv.index("-protocol_whitelist") + 1].split(",")
    assert set(protocols) <= {"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "tls", "tcp", "crypto"}


def test_hls_is_paced_and_its_sound_coded_anew() -> None:
    argv = make("http://c/a.m3u8").argv
    assert argv.index("-re") < argv.index("-i")
    assert argv[argv.index("-c:v") + 1] == "copy"
    assert argv[argv.index("-c:a") + 1] == "aac"


def test_sound_can_be_left_out() -> None:
    argv = make("rtsp://c/a", with_audio=False).argv
    assert [argv[place + 1] for place, word in enumerate(argv) if word == "-map"] == ["0:v:0"]


def test_mjpeg_becomes_h264_with_the_time_of_arrival() -> None:
    argv = make("http://c/mjpg").argv
    assert argv[argv.index("-c:v") + 1] == "libx264"
    assert argv[argv.index("-use_wallclock_as_timestamps") + 1] == "1"


def test_mjpeg_without_an_encoder_is_refused_with_a_remedy() -> None:
    with pytest.raises(FFmpegUnavailable, match=r"cannot encode H\.264"):
        relay_command(Path("ffmpeg"), parse_source_url("http://c/mjpg"), PUBLISH, encoders=())


def test_the_best_encoder_is_chosen() -> None:
    assert choose_h264_encoder({"libopenh264", "libx264"}) == "libx264"
    assert choose_h264_encoder({"libopenh264"}) == "libopenh264"
