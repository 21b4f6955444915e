"""Looking a host up within its time, and judging all that it leads to."""

import socket
import threading
from ipaddress import ip_address

import pytest

from ffmpeg.checking import is_here, judge_host, lookup_host, lookup_within
from ffmpeg.networks import Address, Neighbourhood, Refusal

NAMES = {
    "camera.example": ["10.0.0.5"],
    "rebound.example": ["8.8.8.8", "127.0.0.1"],
    "mediamtx": ["172.18.0.4"],
    "alias.example": ["172.18.0.4"],
}


def lookup(host: str) -> list[Address]:
    if host not in NAMES:
        raise socket.gaierror("unknown")
    return [ip_address(text) for text in NAMES[host]]


@pytest.mark.parametrize(
    ("host", "port", "refusal"),
    [
        ("camera.example", 554, None),
        ("10.0.0.6", 554, None),
        ("rebound.example", 554, Refusal.LOOPBACK),
        ("alias.example", 554, None),
        ("alias.example", 8554, Refusal.OUR_OWN),
        ("172.18.0.4", 8554, Refusal.OUR_OWN),
        ("mediamtx", 8554, Refusal.OUR_OWN),
    ],
)
def test_every_answer_for_a_host_is_judged(host: str, port: int, refusal: Refusal | None) -> None:
    around = Neighbourhood(own=(("mediamtx", 8554), ("not-running", 6379)))
    assert judge_host(host, port, around, lookup)[0] == refusal


def test_our_own_names_are_looked_up_at_their_ports_alone() -> None:
    asked: list[str] = []

    def note(host: str) -> list[Address]:
        asked.append(host)
        return lookup(host)

    around = Neighbourhood(own=(("mediamtx", 8554), ("postgres", 5432)))
    assert [judge_host("10.0.0.6", port, around, note)[0] for port in (554, 8554)] == [None, None]
    assert asked == ["mediamtx"]


def test_a_host_that_nobody_knows_is_told() -> None:
    with pytest.raises(OSError, match="unknown"):
        judge_host("nowhere.example", 554, Neighbourhood(), lookup)


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST", "cam.localhost"])
def test_a_name_of_the_loopback_is_the_loopback(host: str) -> None:
    assert judge_host(host, 554, Neighbourhood(), lookup_host)[0] == Refusal.LOOPBACK


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1"])
def test_what_the_system_reads_as_the_loopback_is_the_loopback(host: str) -> None:
    assert judge_host(host, 554, Neighbourhood(), lookup_host)[0] == Refusal.LOOPBACK


def test_a_look_up_ends_in_time() -> None:
    never = threading.Event()

    def hang(host: str) -> list[Address]:
        never.wait()
        return []

    with pytest.raises(OSError, match="in time"):
        lookup_within("slow.example", 0.05, hang)
    never.set()
    assert lookup_within("camera.example", 5, lookup) == [ip_address("10.0.0.5")]
    with pytest.raises(OSError, match="unknown"):
        lookup_within("nowhere.example", 5, lookup)


def test_this_machine_knows_its_own_addresses() -> None:
    assert [is_here(ip_address(text)) for text in ("127.0.0.1", "203.0.113.77")] == [True, False]
