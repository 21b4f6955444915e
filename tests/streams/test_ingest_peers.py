"""Whom our programs are connected to: read from the kernel, judged, and what becomes of one that is led astray."""

import os
import socket
from ipaddress import ip_address

import pytest

from ffmpeg.networks import Neighbourhood, Peer, Refusal, judge_peers
from streams.ingest.peers import find_peers, parse_peer

AROUND = Neighbourhood(own=(("127.0.0.1", 8554), ("127.0.0.1", 5432), ("redis", 6379)))
PUBLISHING = "127.0.0.1", 8554


def peers(*texts: str) -> list[Peer]:
    pairs = [text.rsplit(":", 1) for text in texts]
    return [(ip_address(host), int(port)) for host, port in pairs]


@pytest.mark.parametrize(
    ("connected", "refusal"),
    [
        ((), None),
        (("127.0.0.1:8554",), None),
        (("10.0.0.5:554", "127.0.0.1:8554"), None),
        (("10.0.0.5:8554", "127.0.0.1:8554"), None),
        (("10.0.0.5:80", "10.0.0.5:80", "127.0.0.1:8554"), None),
        (("127.0.0.1:8554", "127.0.0.1:8554"), Refusal.OUR_OWN),
        (("10.0.0.5:554", "127.0.0.1:5432"), Refusal.OUR_OWN),
        (("127.0.0.1:9000", "127.0.0.1:8554"), Refusal.LOOPBACK),
        (("169.254.169.254:80",), Refusal.LINK_LOCAL),
    ],
)
def test_one_connection_to_our_media_server_is_the_publishing_one(
    connected: tuple[str, ...], refusal: Refusal | None
) -> None:
    assert judge_peers(peers(*connected), AROUND, PUBLISHING) == refusal


def test_a_media_server_known_by_name_is_known_by_its_port() -> None:
    around = Neighbourhood(("10.0.0.0/8",), (("mediamtx", 8554),))
    assert judge_peers(peers("10.0.0.5:554", "172.18.0.4:8554"), around, ("mediamtx", 8554)) is None
    assert judge_peers(peers("172.18.0.4:8554", "172.18.0.4:8554"), around, ("mediamtx", 8554)) == Refusal.OUR_OWN
    assert judge_peers(peers("172.18.0.4:80", "172.18.0.4:8554"), around, ("mediamtx", 8554)) == Refusal.NOT_LISTED


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_kernel_tells_our_connections(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as server:
        server.bind((host, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((host, port)):
            found = find_peers([os.getpid(), 2**22 + 1])
    assert (ip_address(host), port) in found[os.getpid()]
    assert found[2**22 + 1] == []


def test_an_address_of_ipv4_in_a_socket_of_ipv6_is_the_address_itself() -> None:
    assert parse_peer("0100007F:1F90") == (ip_address("127.0.0.1"), 8080)
    assert parse_peer("0000000000000000FFFF00000100007F:1F90") == (ip_address("127.0.0.1"), 8080)
    assert parse_peer("00000000000000000000000001000000:0050") == (ip_address("::1"), 80)
