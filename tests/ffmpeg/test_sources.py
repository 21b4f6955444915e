"""Camera addresses: what is taken, what is refused and why, and that no secret shows."""

import re
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ffmpeg.errors import UnsafeSource
from ffmpeg.sources import DEFAULT_PORTS, mask_secret_parameters, parse_source_url


def refusal(url: str) -> str:
    with pytest.raises(UnsafeSource) as caught:
        parse_source_url(url)
    return str(caught.value)


def test_takes_an_address_apart() -> None:
    source = parse_source_url("RTSP://Admin:s%40cret@Camera-1.Example:8554/live/ch1?sub=0")
    assert (source.scheme, source.host, source.port) == ("rtsp", "camera-1.example", 8554)
    assert (source.path, source.query) == ("/live/ch1", "sub=0")
    assert (source.username, source.password) == ("Admin", "s@cret")
    assert source.full == "rtsp://Admin:s%40cret@camera-1.example:8554/live/ch1?sub=0"
    assert source.redacted == "rtsp://camera-1.example:8554/live/ch1?sub=0"


@pytest.mark.parametrize("scheme", DEFAULT_PORTS)
def test_takes_each_allowed_scheme(scheme: str) -> None:
    assert parse_source_url(f"{scheme}://10.0.0.5/a").full == f"{scheme}://10.0.0.5/a"


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://camera",
        "rtsp://camera/",
        "rtsp://camera?channel=1",
        "rtsp://10.0.0.5:554/cam/realmonitor?channel=1&subtype=0",
        "rtsp://[2001:db8::1]:554/a",
        "http://camera_1.local./mjpg/video.mjpg",
        "rtsp://camera/a//b/./c;d=e,f'g",
    ],
)
def test_leaves_a_good_address_as_it_was(url: str) -> None:
    assert parse_source_url(url).full == url


def test_encodes_credentials_typed_raw() -> None:
    source = parse_source_url("rtsp://admin:50%off&[x]!=é:1@camera/a")
    assert source.password == "50%off&[x]!=é:1"
    assert source.full == "rtsp://admin:50%25off%26%5Bx%5D%21%3D%C3%A9%3A1@camera/a"


def test_writes_international_host_names_in_ascii_and_paths_encoded() -> None:
    assert parse_source_url("rtsp://câmera.example/praça").full == "rtsp://xn--cmera-3qa.example/pra%C3%A7a"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "The address is empty"),
        ("file:///etc/passwd", "file: is not allowed"),
        ("concat:rtsp://a|rtsp://b", "concat: is not allowed"),
        ("pipe:0", "pipe: is not allowed"),
        ("gopher://camera/", "gopher: is not allowed"),
        ("unix:/run/x.sock", "unix: is not allowed"),
        ("data:text/plain,x", "data: is not allowed"),
        ("subfile,,start,0,end,9,,:/etc/passwd", "It does not say which protocol"),
        ("tcp://camera:80", "tcp: is not allowed"),
        ("srt://camera:9000", "SRT cameras cannot be pulled"),
        ("udp://239.0.0.1:1234", "a bare UDP stream has no sender we could check"),
        ("/etc/passwd", "It does not say which protocol"),
        ("camera.example/live", "It does not say which protocol"),
        ("-i", "begins with '-'"),
        ("rtsp:camera", "must begin with rtsp://"),
        ("rtsp:/camera", "must begin with rtsp://"),
        ("rtsp://", "names no host"),
        ("rtsp:///live", "names no host"),
        ("rtsp://user:pw@/live", "names no host"),
        ("rtsp://cam era/", "contains a blank"),
        (" rtsp://camera/", "contains a blank"),
        ("rtsp://camera/\r\nSETUP", "contains a blank or a line break"),
        ("rtsp://camera/\x00", "invisible or broken character"),
        ("rtsp://camera/\x7f", "invisible or broken character"),
        ("rtsp://camera/\u202egpj", "invisible or broken character"),
        ("rtsp://camera/\ud800", "invisible or broken character"),
        ("rtsp://camera/%0d%0aHost:x", "encoded line break"),
        ("rtsp://a%0a:b@camera/", "encoded line break"),
        ("rtsp://a%01:b@camera/", "invisible character"),
        ("rtsp://a%ff:b@camera/", "not UTF-8"),
        ("rtsp://a%3ab:c@camera/", "must not contain a colon"),
        ("rtsp://camera\\@evil/", "backslash"),
        ("rtsp://camera#@evil/", "contains '#'"),
        ("rtsp://camera@evil@host/", "more than one '@'"),
        ("rtsp://admin:12/34@camera/", "'@' after the host"),
        ("rtsp://admin:1?x@camera/", "'@' after the host"),
        ("rtsp://admin:pa/ss@camera/", "'@' after the host"),
        ("rtsp://camera:0/", "port must be"),
        ("rtsp://camera:65536/", "port must be"),
        ("rtsp://camera:/", "port must be"),
        ("rtsp://camera:٥٥٤/", "port must be"),
        ("rtsp://camera:554:1/", "More than one ':'"),
        ("rtsp://2001:db8::1/", "IPv6 address goes into [ ]"),
        ("rtsp://[2001:db8::zz]/", "not an IPv6 address"),
        ("rtsp://[::1]evil/", "not closed"),
        ("rtsp://[::1/", "not closed"),
        ("rtsp://[fe80::1%25eth0]/", "zone"),
        ("rtsp://2130706433/", "looks like an IP address"),
        ("rtsp://127.0.0.0x1/", "looks like an IP address"),
        ("rtsp://127.1/", "looks like an IP address"),
        ("rtsp://010.0.0.1/", "looks like an IP address"),
        ("rtsp://10.0.0.256/", "looks like an IP address"),
        ("rtsp://-camera/", "not a valid name"),
        ("rtsp://cam..era/", "not a valid name"),
        ("rtsp://$(id)/", "not a valid name"),
        ("rtsp://cam%65ra/", "not a valid name"),
        ("rtsp://" + "a" * 64 + "/", "not a valid name"),
        ("rtsp://" + "é" * 80 + "/", "cannot be written"),
        ("rtsp://camera/" + "a" * 2_000, "longer than 2,000"),
        ("rtsp://camera/" + "é" * 1_000, "longer than 2,000"),
    ],
)
def test_refuses_and_says_why(url: str, reason: str) -> None:
    assert reason in refusal(url)


def test_a_refusal_never_repeats_the_credentials() -> None:
    assert "hunter2" not in refusal("rtsp://admin:hunter2@camera:99999/")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://u:p@c/a", "rtsp://c/a"),
        ("http://c/video?user=me&pwd=p1&x=2", "http://c/video?user=me&pwd=***&x=2"),
        ("rtsp://c/user=admin&password=p1&channel=1", "rtsp://c/user=admin&password=***&channel=1"),
        ("http://c/a.m3u8?access_token=abc", "http://c/a.m3u8?access_token=***"),
        ("rtmp://c/live/a?user=x&pass=y", "rtmp://c/live/a?user=x&pass=***"),
    ],
)
def test_what_people_see_holds_no_secret(url: str, shown: str) -> None:
    source = parse_source_url(url)
    assert (source.redacted, str(source), source.has_secret) == (shown, shown, True)
    assert "p1" not in repr(source)


def test_an_address_without_secrets_is_shown_whole() -> None:
    source = parse_source_url("rtsp://c:554/a?channel=1")
    assert (source.redacted, source.has_secret) == (source.full, False)


# What is masked, in its plainest spelling, which takes 400 steps for each underscore.
_PLAIN = re.compile(
    r"(?i)((?:^|[?&;/_,])(?:[A-Za-z0-9_.-]{0,40}"
    r"(?:pass|pwd|psw|token|secret|auth|key|sign|credential|session)[A-Za-z0-9.-]{0,40}"
    r"|p|pw|pin|code|sid|jwt|sig|hash|otp)=)[^&;/?#\s'\"]+"
)
_PIECES = [*"_=&/?.,;#- ap", "pass", "PWD", "key", "a" * 39, "_" * 39, "otp", "credential", "user_token", "\n", "x=y"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_what_looks_secret_is_masked_wherever_it_stands(text: str) -> None:
    assert mask_secret_parameters(text) == _PLAIN.sub(r"\g<1>***", text)


@pytest.mark.parametrize("piece", ["_", "_a", "_pass", "_pwd.-", "/" + "a" * 40, "?p", "=_", "a="])
def test_a_megabyte_of_anything_is_looked_through_at_once(piece: str) -> None:
    text = "=" + piece * (2**20 // len(piece))
    begun = time.process_time()
    assert mask_secret_parameters(text) == text
    assert round((time.process_time() - begun) / 2) == 0


_CONFUSING = st.text(st.sampled_from(list("rtsphfile:/@[]%#?\\.0129ax-_ \r\n\x00é'\"$|,;&=")), max_size=80)


@given(st.one_of(st.text(max_size=60), _CONFUSING, _CONFUSING.map("rtsp://".__add__)))
def test_any_text_is_either_refused_or_becomes_a_harmless_address(url: str) -> None:
    try:
        source = parse_source_url(url)
    except UnsafeSource:
        return
    assert source.scheme in DEFAULT_PORTS
    assert source.full.startswith(f"{source.scheme}://")
    assert source.full.isascii()
    assert not any(character.isspace() for character in source.full)
    assert parse_source_url(source.full) == source


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_credentials_survive_encoding(username: str, password: str) -> None:
    try:
        userinfo = f"{quote(username, safe='')}:{quote(password, safe='')}"
        source = parse_source_url(f"rtsp://{userinfo}@camera/a")
    except (UnsafeSource, UnicodeEncodeError):
        return
    assert (source.username, source.password) == (username, password)
    assert parse_source_url(source.full) == source
