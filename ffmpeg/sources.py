"""Which camera addresses ffmpeg may be given, taken apart so that their credentials never reach a log."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes, urlsplit

from ffmpeg.errors import UnsafeSource

LONGEST_URL = 2_000
"""Characters; ffmpeg's RTSP client cuts at 4,096, and no camera's address comes near."""

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
"""The only schemes there are for us, with the port ffmpeg uses when none is written."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY_AND_REST = re.compile(r"//([^/?]*)(/[^?]*)?(\?.*)?", re.DOTALL)
_HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
# A name begins behind the last underscore, and what has no = behind it is not looked through: who types a megabyte of
# underscores had us look for ten seconds.
_SECRET_PARAMETER = re.compile(
    r"(?i)((?:^|[?&;/_,])(?=[A-Za-z0-9.-]{1,90}+=)(?:[A-Za-z0-9.-]{0,40}"
    r"(?:pass|pwd|psw|token|secret|auth|key|sign|credential|session)[A-Za-z0-9.-]{0,40}"
    r"|p|pw|pin|code|sid|jwt|sig|hash|otp)=)[^&;/?#\s'\"]+"
)
_UDP_ADVICE = "Use the camera's rtsp:// address, or let the camera publish to us by itself"
_REFUSED_SCHEMES = {
    "srt": f"SRT cameras cannot be pulled. {_UDP_ADVICE}",
    "udp": f"a bare UDP stream has no sender we could check. {_UDP_ADVICE}",
    "rtp": f"a bare RTP stream has no sender we could check. {_UDP_ADVICE}",
}


@dataclass(frozen=True)
class SourceUrl:
    """An address that passed every check. Its printed form is always the redacted one."""

    scheme: str
    host: str
    """A name in lower case, an IPv4 address, or an IPv6 address without brackets."""
    port: int | None
    """As written; None means the scheme's own, see `DEFAULT_PORTS`."""
    path: str = field(repr=False)
    query: str = field(repr=False)
    """Without the question mark."""
    username: str = field(repr=False)
    password: str = field(repr=False)
    """Both as the camera knows them: percent-decoded."""

    @property
    def full(self) -> str:
        """The address for ffmpeg, credentials percent-encoded. Never log it, never put it on a command line."""
        return f"{self.scheme}://{self._userinfo}{self._location}"

    @property
    def redacted(self) -> str:
        """The address for people: without user name and password, secret-looking parameters masked."""
        return mask_secret_parameters(f"{self.scheme}://{self._location}")

    @property
    def has_secret(self) -> bool:
        """Whether `full` tells more than `redacted`."""
        return self.full != self.redacted

    @property
    def _userinfo(self) -> str:
        if not self.username and not self.password:
            return ""
        return f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"

    @property
    def _location(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        query = f"?{self.query}" if self.query else ""
        return f"{host}{port}{self.path}{query}"

    def __str__(self) -> str:
        return self.redacted


def parse_source_url(url: str) -> SourceUrl:
    """Check and take apart a camera's address; everything not allowed is refused.

    Raises `UnsafeSource` with the reason in plain words, and nothing else, whatever the text holds.
    """
    _refuse_bad_text(url)
    scheme, rest = _split_scheme(url)
    parts = _AUTHORITY_AND_REST.fullmatch(rest)
    if parts is None:
        raise UnsafeSource(f"The address must begin with {scheme}:// followed by the camera's host name or IP address.")
    authority, path, query = parts[1], parts[2] or "", parts[3] or ""
    userinfo, at, hostport = authority.rpartition("@")
    _refuse_stray_at(userinfo, path + query, has_userinfo=bool(at))
    host, port = _split_hostport(hostport)
    username, _, password = userinfo.partition(":")
    source = SourceUrl(
        scheme=scheme,
        host=host,
        port=port,
        path=quote(path, safe=_KEPT),
        query=quote(query[1:], safe=_KEPT),
        username=_decode_credential(username),
        password=_decode_credential(password),
    )
    if ":" in source.username:
        raise UnsafeSource("The user name must not contain a colon: no camera protocol can carry one.")
    if len(source.full) > LONGEST_URL:
        raise UnsafeSource(f"The address is longer than {LONGEST_URL:,} characters once it is encoded.")
    return source


def read_service(url: str) -> tuple[str, int] | None:
    """Give host and port of a server's address, a usual port where none is written; None where it is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def mask_secret_parameters(text: str) -> str:
    """Replace the values of parameters that look secret (`password=…`, `token=…`) by `***`."""
    # Most addresses have none, and a list of cameras asks for each of them.
    return _SECRET_PARAMETER.sub(r"\g<1>***", text) if "=" in text else text


_KEPT = "".join(chr(code) for code in range(0x21, 0x7F))
# Paths stay as the camera's maker wrote them; only what is not ASCII is encoded.


def _refuse_bad_text(url: str) -> None:
    if not url:
        raise UnsafeSource("The address is empty. It looks like rtsp://camera.example:554/stream1.")
    if len(url) > LONGEST_URL:
        raise UnsafeSource(f"The address is longer than {LONGEST_URL:,} characters.")
    if url.startswith("-"):
        raise UnsafeSource("The address begins with '-', which would be read as an option.")
    if any(character.isspace() for character in url):
        raise UnsafeSource("The address contains a blank or a line break. Write a blank as %20.")
    if not url.isprintable():
        raise UnsafeSource("The address contains an invisible or broken character. Type it again by hand.")
    if "\\" in url:
        raise UnsafeSource("The address contains a backslash. Use / between its parts, or write it as %5C.")
    if "#" in url:
        raise UnsafeSource("The address contains '#'. If it belongs to the password, write it as %23.")
    if re.search(r"(?i)%0[0ad]", url):
        raise UnsafeSource("The address contains an encoded line break or zero byte (%0D, %0A, %00).")


def _split_scheme(url: str) -> tuple[str, str]:
    found = _SCHEME.match(url)
    scheme = found[1].lower() if found else ""
    if found is None or scheme not in DEFAULT_PORTS:
        reason = _REFUSED_SCHEMES.get(scheme, f"allowed are {', '.join(DEFAULT_PORTS)}")
        named = f"{scheme}: is not allowed" if scheme else "It does not say which protocol the camera speaks"
        raise UnsafeSource(f"{named}: {reason}.")
    return scheme, url[found.end() :]


def _refuse_stray_at(userinfo: str, rest: str, *, has_userinfo: bool) -> None:
    # A password with a raw / would end the host part early: "rtsp://admin:12/34@camera" would then mean host "admin".
    if "@" in userinfo:
        raise UnsafeSource("There is more than one '@' before the host. Write an '@' of the password as %40.")
    if "@" in rest and not has_userinfo:
        raise UnsafeSource(
            "There is an '@' after the host. If the password contains '/' or '?', write them as %2F and %3F; "
            "write an '@' of the path as %40."
        )


def _split_hostport(hostport: str) -> tuple[str, int | None]:
    if hostport.startswith("["):
        host, bracket, rest = hostport[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UnsafeSource("The IPv6 address is not closed by ']', or something other than a port follows it.")
        return _check_ipv6(host), _check_port(rest)
    if hostport.count(":") > 1:
        raise UnsafeSource(
            "More than one ':' after //. An IPv6 address goes into [ ]; "
            "a password's '/', ':' and '?' are written %2F, %3A and %3F."
        )
    host, colon, digits = hostport.partition(":")
    return _check_host(host), _check_port(colon + digits)


def _check_port(text: str) -> int | None:
    if not text:
        return None
    digits = text[1:]
    if not re.fullmatch(r"[0-9]{1,5}", digits) or not 1 <= int(digits) <= 65_535:
        raise UnsafeSource(
            "The port must be a number from 1 to 65535. "
            "If the password contains '/', ':' or '?', write them as %2F, %3A and %3F."
        )
    return int(digits)


def _check_ipv6(text: str) -> str:
    if "%" in text:
        raise UnsafeSource("IPv6 addresses with a zone (after '%') are not supported; use the global address.")
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError as problem:
        raise UnsafeSource("The text in [ ] is not an IPv6 address.") from problem


def _check_host(text: str) -> str:
    if not text:
        raise UnsafeSource("The address names no host: after // comes the camera's host name or IP address.")
    host = _to_ascii(text).lower()
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise UnsafeSource("The host is not a valid name or IP address. Write IPv6 addresses in [ ].")
    # Programs differ in how they read 2130706433, 0x7f.1 or 010.0.0.1, so only the usual form is an address.
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _check_ipv4(host)
    return host


def _check_ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as problem:
        raise UnsafeSource(
            "The host looks like an IP address but is none: write four numbers from 0 to 255."
        ) from problem


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError as problem:
        raise UnsafeSource("The host name cannot be written in the letters that the internet's names use.") from problem


def _decode_credential(text: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError as problem:
        raise UnsafeSource(
            "The user name or password has a % code that is not UTF-8. Write a '%' itself as %25."
        ) from problem
    if not decoded.isprintable():
        raise UnsafeSource("The user name or password contains an invisible character.")
    return decoded
