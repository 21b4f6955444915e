"""Why a relay ended, in words for the person who looks after the camera."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from enum import Enum

from ffmpeg.networks import TEXTS, Refusal
from ffmpeg.sources import LONGEST_URL, mask_secret_parameters


class FailureKind(Enum):
    """What kind of thing went wrong; the values are stable and may be stored."""

    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    DNS = "dns"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NO_VIDEO = "no_video"
    UNSUPPORTED_CODEC = "unsupported_codec"
    MEDIA_SERVER = "media_server"
    """The publishing side failed; the camera may be well."""
    ENDED = "ended"
    INVALID_DATA = "invalid_data"
    ADDRESS_REFUSED = "address_refused"
    """Our own gatekeeper refused: the address leads to where no camera of its city may be."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Failure:
    """One relay's end; `text` is plain English with the remedy and never holds credentials."""

    kind: FailureKind
    text: str


def explain_failure(stderr_tail: str, exit_code: int | None) -> Failure:
    """Tell from the last words of a relay's ffmpeg why it ended.

    `exit_code` as Python gives it: negative when a signal ended it, None when it is not known. Made from what FFmpeg
    5.1, 6.0, 7.0 and 9.0 really write; the texts are kept in `tests/ffmpeg/stderr/`.
    """
    if refused := _REFUSED.search(stderr_tail):
        return Failure(FailureKind.ADDRESS_REFUSED, TEXTS[Refusal(refused[1])])
    if exit_code == -signal.SIGALRM:
        return Failure(FailureKind.DNS, _TEXTS[FailureKind.DNS])
    for kind, pattern in _PATTERNS:
        if pattern.search(stderr_tail):
            return Failure(kind, _TEXTS[kind])
    if exit_code == 0:
        return Failure(FailureKind.ENDED, _TEXTS[FailureKind.ENDED])
    return Failure(FailureKind.UNKNOWN, _describe_unknown(stderr_tail, exit_code))


def redact(text: str) -> str:
    """Take user names, passwords and secret-looking parameters out of every address in a text."""
    has_userinfo = "://" in text and "@" in text
    return mask_secret_parameters(_WORD.sub(_hide_userinfo, text) if has_userinfo else text)


def redact_typed(address: str) -> str:
    """Give a refused address for the form that shows it again; of one that is longer than any, nothing is told."""
    return redact(address) if len(address) <= LONGEST_URL else ""


# Word by word: a pattern for the whole would look anew from each ://, and who types a megabyte of them has us look for
# minutes.
_WORD = re.compile(r"\S+")


def _hide_userinfo(word: re.Match[str]) -> str:
    """Up to the last @ of the word: a password written with a raw @ or / must not survive by its second half."""
    before, mark, rest = word[0].partition("://")
    _, at, behind = rest.rpartition("@")
    return f"{before}{mark}***@{behind}" if at else word[0]


_REFUSED = re.compile(rf"^\[error\] address refused: ({'|'.join(Refusal)})$", re.MULTILINE)

# The first that matches decides, so what tells most stands first: a codec that cannot be carried and a camera without
# pictures both end in complaints of the publishing side, and a dead publishing side ends the reading one.
_SIGNS: dict[FailureKind, tuple[str, ...]] = {
    FailureKind.NO_VIDEO: (r"Stream map '(?:0:v:0)?' matches no streams",),
    # "Invalid data found" without another word is MediaMTX: it took the description of the streams and then refused to
    # record (somebody else publishes under that name), or was gone by then.
    FailureKind.UNSUPPORTED_CODEC: (
        r"Could not write header[^\n]*(?:400 Bad Request|Invalid argument|Not yet implemented)",
        r"Unsupported codec",
        r"is currently not supported",
    ),
    FailureKind.MEDIA_SERVER: (
        r"Could not write header",
        r"Error submitting a packet to the muxer",
        r"Error muxing a packet",
        r"av_interleaved_write_frame\(\)",
        r"Error writing trailer",
        r"method (?:ANNOUNCE|RECORD) failed",
    ),
    FailureKind.DNS: (r"Failed to resolve hostname",),
    FailureKind.UNAUTHORIZED: (r"\b401\b[^\n]*Unauthorized", r"\b403\b[^\n]*Forbidden", r"authentication failed"),
    FailureKind.NOT_FOUND: (r"\b404\b[^\n]*Not Found", r"\b410\b[^\n]*Gone", r"\b454\b", r"StreamNotFound"),
    FailureKind.REFUSED: (r"Connection refused",),
    FailureKind.UNREACHABLE: (r"No route to host", r"Network is unreachable", r"Host is down"),
    FailureKind.TIMEOUT: (r"timed out", r"Cannot read RTMP handshake response"),
    FailureKind.ENDED: (
        r"Failed reading RTSP data: End of file(?![\s\S]*Error opening input)",
        r"Connection reset by peer",
        r"Error (?:during )?demuxing",
    ),
    FailureKind.INVALID_DATA: (
        r"Invalid data found when processing input",
        r"not on whitelist",
        r"Could not find codec parameters",
        r"Stream ends prematurely",
        r"Error opening input",
    ),
}
_PATTERNS = tuple((kind, re.compile("|".join(signs), re.IGNORECASE)) for kind, signs in _SIGNS.items())

_TEXTS = {
    FailureKind.REFUSED: (
        "The camera refused the connection: nothing listens at this address and port. "
        "Check the port and that the camera's streaming service is switched on."
    ),
    FailureKind.UNAUTHORIZED: (
        "The camera did not accept the user name and password. Correct them in the camera's address; "
        "some cameras lock an account for minutes after several wrong tries."
    ),
    FailureKind.NOT_FOUND: (
        "The camera answers, but has no stream at this path. Check the part of the address after the host; "
        "the maker's manual or ONVIF tells it."
    ),
    FailureKind.DNS: (
        "The camera's host name is unknown. Check its spelling and the name server, or use its IP address."
    ),
    FailureKind.TIMEOUT: (
        "The camera did not answer, or stopped sending, for too long. Check its power, its network and any firewall."
    ),
    FailureKind.UNREACHABLE: "There is no network route to the camera. Check its IP address, the VPN and the switch.",
    FailureKind.NO_VIDEO: "The camera sends no pictures at this address, only sound or data. Choose a video stream.",
    FailureKind.UNSUPPORTED_CODEC: (
        "The camera's pictures or sound are coded in a way that cannot be passed on. "
        "Set the camera to H.264 or H.265 pictures and AAC sound, or switch its sound off."
    ),
    FailureKind.MEDIA_SERVER: (
        "The camera answers, but the media server did not take its stream or dropped it. "
        "Check that MediaMTX runs, lets this stream be published, and that nobody else publishes it."
    ),
    FailureKind.ENDED: (
        "The camera closed the stream. It is tried again; if this repeats, check whether the camera restarts "
        "or allows too few viewers at once."
    ),
    FailureKind.INVALID_DATA: (
        "What answers at this address sends nothing we can read: it stays silent or speaks another protocol. "
        "Check the port and the path. Over http, HLS addresses must contain .m3u8; all others must be multipart MJPEG; "
        "redirects are not followed."
    ),
}


def _describe_unknown(stderr_tail: str, exit_code: int | None) -> str:
    said = [line.strip() for line in redact(stderr_tail).splitlines() if line.strip() and "[warning]" not in line]
    last_words = f" Its last words: {said[-1][:300]}" if said else ""
    if exit_code is not None and exit_code < 0:
        return f"ffmpeg was ended by signal {-exit_code}. It is started again.{last_words}"
    return f"ffmpeg ended for a reason we do not know (exit code {exit_code}).{last_words}"
