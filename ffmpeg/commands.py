"""The command line of a relay: one ffmpeg that pulls a camera and publishes it, uncoded, into MediaMTX.

Credentials do not stand in the process list: an address that holds any is given to ffmpeg on its standard input, as a
playlist of one entry for the concat demuxer. Measured beside plain `-i`, through MediaMTX into recordings of 148 s
(H.264 with AAC on FFmpeg 5.1, 6.0, 7.0 and 9.0; H.265 on 5.1 and 9.0): every picture and every sound sample at its
nominal distance (within 0.04 ms), no drift, no gap, the same complaints and the same end when the camera dies. The
stream is probed twice, which takes no longer as long as it is done briefly. `tests/ffmpeg/test_relay.py` holds it. The
publishing address has no such way out: what opens it must be worthless a minute later.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from ffmpeg.errors import FFmpegUnavailable
from ffmpeg.sources import SourceUrl

RTP_PAYLOAD_BYTES = 1_316
"""ffmpeg's own default of 1,460 is above what MediaMTX passes on, which would then cut every packet anew."""

_BRIEFLY = {"fpsprobesize": "0"}
"""Else ffmpeg listens for 2 to 5 s to learn how many pictures come in a second, which a copy need not know. So long
nothing is recorded, and what comes meanwhile is passed on late, all at once. Measured with six kinds of RTSP cameras:
the first picture is recorded after 0.5 to 2.9 s instead of 1.6 to 5.3; RTMP's first footage came 0.6 to 3.5 s late
instead of 4.7 to 6.6, which is more than can be told of a file. What is left is the wait for a key frame. To listen
even less (`analyzeduration`, `probesize`) loses the picture of cameras whose sound comes first."""

H264_ENCODERS = ("libx264", "libopenh264")
"""Best first."""


class SourceFormat(Enum):
    """What a camera is expected to speak at its address."""

    RTSP = "RTSP"
    RTMP = "RTMP"
    HLS = "HLS"
    MJPEG = "multipart MJPEG"


@dataclass(frozen=True)
class RelayCommand:
    """What to start, and what to write to its standard input before closing it (None: nothing)."""

    argv: tuple[str, ...]
    stdin_text: str | None = field(default=None, repr=False)


def guess_format(source: SourceUrl) -> SourceFormat:
    """Tell from the address alone what is behind it: over HTTP, `.m3u8` means HLS and all else multipart MJPEG."""
    if source.scheme.startswith("rtsp"):
        return SourceFormat.RTSP
    if source.scheme.startswith("rtmp"):
        return SourceFormat.RTMP
    return SourceFormat.HLS if ".m3u8" in f"{source.path}?{source.query}".lower() else SourceFormat.MJPEG


def relay_command(  # noqa: PLR0913 -- three say what and where; the others are named and mostly left alone
    ffmpeg: Path,
    source: SourceUrl,
    publish_url: str,
    *,
    encoders: Collection[str],
    with_audio: bool = True,
    silence_seconds: int = 10,
    can_forbid_redirects: bool = False,
    host_header: str = "",
) -> RelayCommand:
    """Give the ffmpeg that pulls `source` and publishes it at `publish_url` (rtsp://, over TCP).

    Pictures and sound are copied as they are, except multipart MJPEG, which MediaMTX can neither record nor show in a
    browser: it becomes H.264, by one of `encoders` (see `ffmpeg.binary.list_encoders`), and the sound of HLS, which
    becomes AAC. `with_audio=False` is for cameras whose sound cannot be carried. A camera silent for
    `silence_seconds` ends the relay; below 5 s a wrong password may show as silence, because some servers (MediaMTX is
    one) answer it only after up to 4 s. An ffmpeg that `can_forbid_redirects` follows none over HTTP; no ffmpeg can be
    kept from those of RTSP, nor from what an HLS playlist names.

    Progress goes to standard output (see `ffmpeg.progress`), complaints to standard error (see `ffmpeg.failures`).
    Raises `FFmpegUnavailable` if the pictures must be coded anew and no encoder can.
    """
    source_format = guess_format(source)
    briefly = _BRIEFLY if source_format in {SourceFormat.RTSP, SourceFormat.RTMP} else {}
    feed, stdin_text = _connect(source, silence_seconds, can_forbid_redirects, host_header, briefly)
    pacing = ["-re"] if source_format is SourceFormat.HLS else []
    argv = [str(ffmpeg), *_GENERAL, *pacing, *feed, *_pick_streams(source_format, encoders, with_audio=with_audio)]
    return RelayCommand((*argv, *publish_arguments(publish_url)), stdin_text)


def snapshot_command(  # noqa: PLR0913 -- as above
    ffmpeg: Path,
    source: SourceUrl,
    *,
    widest: int = 960,
    silence_seconds: int = 10,
    can_forbid_redirects: bool = False,
    host_header: str = "",
) -> RelayCommand:
    """Give the ffmpeg that connects to `source` as a relay does, and writes its first picture, a JPEG, to its output.

    What it says of the streams goes to standard error (see `ffmpeg.probing`).
    """
    feed, stdin_text = _connect(source, silence_seconds, can_forbid_redirects, host_header)
    picture = ["-map", "0:v:0", "-frames:v", "1", "-vf", f"scale=w='min({widest},iw)':h=-2", "-q:v", "5"]
    argv = [str(ffmpeg), *_QUIET, *feed, *picture, "-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"]
    return RelayCommand(tuple(argv), stdin_text)


def publish_arguments(publish_url: str) -> list[str]:
    """Give the end of a command line that publishes into MediaMTX by RTSP over TCP."""
    return ["-f", "rtsp", "-rtsp_transport", "tcp", "-pkt_size", str(RTP_PAYLOAD_BYTES), publish_url]


def choose_h264_encoder(encoders: Collection[str]) -> str:
    """Give the best H.264 encoder among those there are. Raises `FFmpegUnavailable` when there is none."""
    for name in H264_ENCODERS:
        if name in encoders:
            return name
    raise FFmpegUnavailable(
        "This ffmpeg cannot encode H.264, which MJPEG cameras and the demo cameras need. "
        "Use a build with libx264 (Debian's ffmpeg has it), or unset VMS_FFMPEG to use the one of our requirements."
    )


_GENERAL = (
    *("-hide_banner", "-nostdin", "-loglevel", "level+warning"),
    *("-nostats", "-progress", "pipe:1", "-stats_period", "1"),
)

_QUIET = ("-hide_banner", "-nostdin", "-loglevel", "level+info", "-nostats")

# Neither `file` nor anything else local stands here, so that what a camera answers cannot name a file of ours.
_PROTOCOLS = {
    "rtsp": "rtsp,tcp",
    "rtsps": "rtsps,tls,tcp",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,tls,tcp",
    "http": "http,https,tls,tcp,crypto",
    "https": "http,https,tls,tcp,crypto",
}
_DEMUXERS = {
    SourceFormat.RTSP: "rtsp",
    SourceFormat.RTMP: "flv,live_flv",
    SourceFormat.HLS: "hls,mpegts,mov,aac,mp3,ac3,eac3",
    SourceFormat.MJPEG: "mpjpeg",
}
_TLS_SCHEMES = {"rtsps", "rtmps", "https"}


def _connect(
    source: SourceUrl,
    silence_seconds: int,
    can_forbid_redirects: bool,  # noqa: FBT001 -- named by its callers' own parameters
    host_header: str,
    listening: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], str | None]:
    """Give how the source is opened, and what of that goes to standard input: no list of processes shows a secret."""
    options = _input_options(source, guess_format(source), silence_seconds)
    if can_forbid_redirects and source.scheme in {"http", "https"}:
        options["max_redirects"] = "0"
    if host_header:
        options["headers"] = f"Host: {host_header}"
    if not source.has_secret:
        return _feed_by_argument(source, {**options, **listening})
    # The playlist is listened to, and the camera in it.
    feed, stdin_text = _feed_by_stdin(source, {**options, **listening})
    return [*_as_arguments(listening), *feed], stdin_text


def _input_options(source: SourceUrl, source_format: SourceFormat, silence_seconds: int) -> dict[str, str]:
    options = {"protocol_whitelist": _PROTOCOLS[source.scheme], "format_whitelist": _DEMUXERS[source_format]}
    microseconds = str(silence_seconds * 1_000_000)
    if source_format is SourceFormat.RTSP:
        options |= {"rtsp_transport": "tcp", "timeout": microseconds}
    else:
        options["rw_timeout"] = microseconds
    if source_format is SourceFormat.MJPEG:
        # Multipart MJPEG carries no time; without this ffmpeg takes every camera for one of 25 frames a second.
        options["use_wallclock_as_timestamps"] = "1"
    if source.scheme in _TLS_SCHEMES:
        # Cameras sign their own certificates. FFmpeg before 8 never checked one over RTSP, so this is the same on all.
        options["tls_verify"] = "0"
    return options


def _feed_by_argument(source: SourceUrl, options: Mapping[str, str]) -> tuple[list[str], None]:
    return [*_as_arguments(options), "-i", source.full], None


def _as_arguments(options: Mapping[str, str]) -> list[str]:
    return [argument for name, value in options.items() for argument in (f"-{name}", value)]


def _feed_by_stdin(source: SourceUrl, options: Mapping[str, str]) -> tuple[list[str], str]:
    lines = [
        "ffconcat version 1.0",
        f"file {_quote(source.full)}",
        *(f"option {name} {_quote(value)}" for name, value in options.items()),
    ]
    arguments = ["-f", "concat", "-safe", "0", "-protocol_whitelist", "pipe", "-i", "pipe:0"]
    return arguments, "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """Give the text as a playlist of the concat demuxer takes it; one word that needs no quotes stays bare."""
    return text if re.fullmatch(r"[A-Za-z0-9_,]+", text) else "'" + text.replace("'", r"'\''") + "'"


def _pick_streams(source_format: SourceFormat, encoders: Collection[str], *, with_audio: bool) -> list[str]:
    if source_format is SourceFormat.MJPEG:
        return ["-map", "0:v:0", *_encode_mjpeg(choose_h264_encoder(encoders))]
    # AAC from MPEG-TS segments lacks the header that RTSP announces it by; only coding it anew brings one.
    sound = "aac" if source_format is SourceFormat.HLS else "copy"
    audio = ["-map", "0:a:0?", "-c:a", sound] if with_audio else []
    return ["-map", "0:v:0", "-c:v", "copy", *audio]


def _encode_mjpeg(encoder: str) -> list[str]:
    # Copied instead, FFmpeg 9.0 dropped every picture ("RFC 2435 requires standard Huffman tables"), and MediaMTX said
    # that it was recording M-JPEG, wrote no file, and hung up after its 10 s.
    speed = ["-preset", "ultrafast", "-tune", "zerolatency"] if encoder == "libx264" else []
    # H.264 in the colours browsers know needs even sides and the narrow range; JPEG guarantees neither.
    picture = "scale=trunc(iw/2)*2:trunc(ih/2)*2:out_range=tv,format=yuv420p"
    keyframes = ["-force_key_frames", "expr:gte(t,n_forced*2)"]
    return ["-vf", picture, "-c:v", encoder, *speed, "-threads", "1", "-fps_mode", "vfr", *keyframes]
