"""What counts as an answer of MediaMTX, and what is no answer at all."""

import inspect
import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from mediamtx.client import MediaMTXClient, PathState, decode_snapshot
from mediamtx.errors import MediaMTXUnavailable
from tests.mediamtx.conftest import RawServer, make_answer

Serve = Callable[..., RawServer]


def make_path(name: str, **changes: Any) -> dict[str, Any]:
    """Give a path as v1.20.1 writes it."""
    when = "2026-11-23T18:31:30.123456789Z"
    path = {
        "name": name,
        "confName": "all_others",
        "ready": True,
        "readyTime": when,
        "available": True,
        "availableTime": when,
        "online": True,
        "onlineTime": when,
        "source": {"type": "rtspSession", "id": "5a0b0b83-1f1c-4b2f-8a55-3f9f25a3f5f3"},
        "tracks": ["H264", "MPEG-4 Audio"],
        "tracks2": [
            {"codec": "H264", "codecProps": {"width": 1920, "height": 1080, "profile": "High", "level": "4"}},
            {"codec": "MPEG-4 Audio", "codecProps": {"sampleRate": 48000, "channelCount": 2}},
        ],
        "readers": [{"type": "rtspSession", "id": "5a0b0b83-1f1c-4b2f-8a55-3f9f25a3f5f4"}],
        "inboundBytes": 123456789,
        "outboundBytes": 1234,
        "inboundFramesInError": 0,
        "bytesReceived": 123456789,
        "bytesSent": 1234,
    }
    return path | changes


def make_page(*paths: dict[str, Any], **changes: Any) -> bytes:
    """Give a page of paths."""
    return json.dumps({"itemCount": len(paths), "pageCount": 1, "items": list(paths)} | changes).encode()


def test_a_path_is_read_in_our_words() -> None:
    assert decode_snapshot(make_page(make_path("a"))).paths == (
        PathState(
            name="a",
            available=True,
            online=True,
            source_type="rtspSession",
            tracks=("H264", "MPEG-4 Audio"),
            inbound_bytes=123456789,
            readers=1,
            online_since=datetime(2026, 11, 23, 18, 31, 30, 123457, tzinfo=UTC),
        ),
    )


def test_a_path_without_a_publisher_is_not_online() -> None:
    waiting = make_path("a", available=False, online=False, source=None, tracks2=[], onlineTime=None)
    snapshot = decode_snapshot(make_page(waiting))
    assert snapshot.paths == (PathState("a", False, False, inbound_bytes=123456789, readers=1),)
    assert snapshot.online_names == frozenset()


def test_online_means_available_and_online() -> None:
    paths = [make_path("a"), make_path("b", online=False), make_path("c", available=False)]
    assert decode_snapshot(make_page(*paths)).online_names == frozenset({"a"})


def test_a_path_that_is_absent_is_none_and_no_error() -> None:
    snapshot = decode_snapshot(make_page(make_path("a")))
    assert snapshot.find("b") is None
    assert snapshot.find("a") == snapshot.paths[0]


def test_no_paths_is_a_valid_answer() -> None:
    assert decode_snapshot(make_page()).paths == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b"null",
        make_page(make_path("a"))[:-20],
        make_page(make_path("a"), itemCount=2),
        make_page(make_path("a"), make_path("b"), itemCount=1),
        make_page(make_path("a"), make_path("a")),
        make_page({"name": "a", "ready": True}),
        b'{"status": "error", "error": "authentication error"}',
    ],
    ids=["empty", "html", "object", "null", "torn", "fewer", "more", "twice", "another version", "error"],
)
def test_what_is_not_a_whole_page_is_no_answer(body: bytes) -> None:
    with pytest.raises(MediaMTXUnavailable):
        decode_snapshot(body)


def test_a_page_of_ten_thousand_paths_is_one_snapshot() -> None:
    names = [f"stream_{number}" for number in range(10_000)]
    assert decode_snapshot(make_page(*map(make_path, names))).online_names == frozenset(names)


def test_the_list_is_asked_for_in_one_page(serve: Serve) -> None:
    server = serve(make_answer(make_page(make_path("a"))))
    assert MediaMTXClient(server.url).list_paths().online_names == frozenset({"a"})
    assert [request.split(b"\r\n")[0] for request in server.requests] == [
        b"GET /v3/paths/list?itemsPerPage=100000 HTTP/1.1"
    ]


def test_one_path_is_looked_up_in_the_list(serve: Serve) -> None:
    server = serve(make_answer(make_page(make_path("a"))))
    assert MediaMTXClient(server.url).get_path("b") is None
    assert server.requests[0].startswith(b"GET /v3/paths/list?")


def test_info_tells_version_and_start(serve: Serve) -> None:
    server = serve(make_answer(b'{"version": "v1.20.1", "started": "2026-11-23T18:31:30+01:00"}'))
    info = MediaMTXClient(server.url).get_info()
    assert (info.version, info.started) == ("v1.20.1", datetime(2026, 11, 23, 17, 31, 30, tzinfo=UTC))


def test_config_entries_are_listed_whole(serve: Serve) -> None:
    server = serve(make_answer(b'{"itemCount": 1, "pageCount": 1, "items": [{"name": "all_others"}]}'))
    assert MediaMTXClient(server.url).list_config_paths() == [{"name": "all_others"}]


def test_a_torn_list_of_config_entries_is_no_answer(serve: Serve) -> None:
    server = serve(make_answer(b'{"itemCount": 2, "pageCount": 1, "items": [{"name": "all_others"}]}'))
    with pytest.raises(MediaMTXUnavailable):
        MediaMTXClient(server.url).list_config_paths()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Internal Server Error"])
def test_any_other_status_is_no_answer(serve: Serve, status: str) -> None:
    server = serve(make_answer(make_page(), status))
    with pytest.raises(MediaMTXUnavailable, match=status[:3]):
        MediaMTXClient(server.url).list_paths()


def test_a_refused_connection_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MediaMTXUnavailable, match=f"MediaMTX at 127.0.0.1:{port} gave no answer"):
        MediaMTXClient(f"http://127.0.0.1:{port}").list_paths()


def test_an_answer_cut_short_is_no_answer(serve: Serve) -> None:
    server = serve(make_answer(make_page(make_path("a")))[:-30])
    with pytest.raises(MediaMTXUnavailable):
        MediaMTXClient(server.url).list_paths()


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"], ids=["head", "body"])
def test_a_server_that_drips_cannot_hold_us(serve: Serve, head: bytes) -> None:
    server = serve(head or b"HTTP/1.1 ", *cast("list[bytes | float]", [b"x", 0.05] * 400))
    started = time.monotonic()
    with pytest.raises(MediaMTXUnavailable, match="timed out"):
        MediaMTXClient(server.url, timeout=(1.0, 0.3)).list_paths()
    assert time.monotonic() - started < 2


def test_an_endless_answer_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediamtx.client._MAX_ANSWER_BYTES", 2**20)
    server = serve(b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(2**18)] * 8)
    with pytest.raises(MediaMTXUnavailable, match="more than 1 MB"):
        MediaMTXClient(server.url).list_paths()


def test_credentials_are_sent_and_never_told(serve: Serve) -> None:
    server = serve(make_answer(b"", "401 Unauthorized"))
    with pytest.raises(MediaMTXUnavailable) as caught:
        MediaMTXClient(server.url.replace("://", "://reader:s%40crat@")).list_paths()
    assert b"Authorization: Basic cmVhZGVyOnNAY3JhdA==\r\n" in server.requests[0]
    assert "crat" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "127.0.0.1:9997", "ftp://a", "http://", "http://a:99999", "http://[::1"])
def test_an_unusable_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        MediaMTXClient(url)


def test_there_is_no_way_to_change_mediamtx() -> None:
    methods = {name for name, _ in inspect.getmembers(MediaMTXClient, inspect.isfunction) if not name.startswith("_")}
    looks = {"list_paths", "get_path", "get_info", "get_path_defaults", "list_config_paths", "list_sessions"}
    assert methods == {*looks, "kick"}
