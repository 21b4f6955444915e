"""Where a camera may be: every way of writing a place that is never a camera's, and what a city's list changes."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffmpeg.networks import TEXTS, Refusal, judge_addresses, read_networks

OWN = [(ip_address("127.0.0.1"), 5432), (ip_address("10.0.0.2"), 8554)]
HERE = [ip_address("10.0.0.1")]


def judge(*addresses: str, port: int = 554, networks: tuple[str, ...] = ()) -> Refusal | None:
    found = [ip_address(address) for address in addresses]
    return judge_addresses(found, port, networks=read_networks(networks), own=OWN, here=HERE)


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        ("127.0.0.1", Refusal.LOOPBACK),
        ("127.255.255.254", Refusal.LOOPBACK),
        ("::1", Refusal.LOOPBACK),
        ("169.254.169.254", Refusal.LINK_LOCAL),
        ("169.254.0.1", Refusal.LINK_LOCAL),
        ("fe80::1", Refusal.LINK_LOCAL),
        ("febf::1", Refusal.LINK_LOCAL),
        ("fd00:ec2::254", Refusal.LINK_LOCAL),
        ("100.100.100.200", Refusal.LINK_LOCAL),
        ("0.0.0.0", Refusal.NO_HOST),  # noqa: S104 -- the very thing that is refused
        ("0.1.2.3", Refusal.NO_HOST),
        ("::", Refusal.NO_HOST),
        ("224.0.0.1", Refusal.NO_HOST),
        ("239.255.255.250", Refusal.NO_HOST),
        ("ff02::1", Refusal.NO_HOST),
        ("240.0.0.1", Refusal.NO_HOST),
        ("255.255.255.255", Refusal.NO_HOST),
        ("::ffff:127.0.0.1", Refusal.WRAPPED),
        ("::ffff:10.0.0.5", Refusal.WRAPPED),
        ("::127.0.0.1", Refusal.WRAPPED),
        ("64:ff9b::7f00:1", Refusal.WRAPPED),
        ("2002:7f00:1::", Refusal.WRAPPED),
        ("2001:0:7f00:1::", Refusal.WRAPPED),
    ],
)
def test_what_is_never_a_cameras_is_refused_whatever_a_city_lists(address: str, refusal: Refusal) -> None:
    assert judge(address) == refusal
    assert judge(address, networks=("0.0.0.0/0", "::/0")) == refusal
    assert judge("10.0.0.5", address) == refusal


@pytest.mark.parametrize("address", ["10.0.0.5", "172.16.0.9", "192.168.1.64", "8.8.8.8", "100.64.0.7", "fd12::7"])
def test_without_a_list_private_and_public_addresses_are_fine(address: str) -> None:
    assert judge(address) is None


def test_a_list_narrows() -> None:
    networks = ("10.20.0.0/16", "fd12::/32")
    assert [judge(each, networks=networks) for each in ("10.20.3.4", "fd12::9")] == [None, None]
    assert judge("10.21.0.1", networks=networks) == Refusal.NOT_LISTED
    assert judge("10.20.0.1", "10.21.0.1", networks=networks) == Refusal.NOT_LISTED


@pytest.mark.parametrize(
    ("network", "refusal"), [("127.0.0.0/8", None), ("127.0.0.1/32", None), ("0.0.0.0/0", Refusal.LOOPBACK)]
)
def test_only_a_loopback_network_names_the_loopback(network: str, refusal: Refusal | None) -> None:
    assert judge("127.0.0.1", networks=(network,)) == refusal


@pytest.mark.parametrize("address", ["169.254.1.1", "fe80::1"])
def test_link_local_cannot_be_listed(address: str) -> None:
    assert judge(address, networks=("169.254.0.0/16", "fe80::/10")) == Refusal.LINK_LOCAL


@pytest.mark.parametrize(
    ("address", "port", "refusal"),
    [
        ("127.0.0.1", 5432, Refusal.OUR_OWN),
        ("127.9.9.9", 5432, Refusal.OUR_OWN),
        ("127.0.0.1", 8554, Refusal.OUR_OWN),
        ("::1", 5432, Refusal.OUR_OWN),
        ("10.0.0.1", 8554, Refusal.OUR_OWN),
        ("10.0.0.2", 8554, Refusal.OUR_OWN),
        ("10.0.0.2", 554, None),
        ("10.0.0.9", 8554, None),
        ("127.0.0.1", 8654, None),
    ],
)
def test_our_own_services_are_refused_where_the_loopback_is_listed_too(
    address: str, port: int, refusal: Refusal | None
) -> None:
    assert judge(address, port=port, networks=("127.0.0.0/8", "::1/128", "0.0.0.0/0")) == refusal


@given(st.ip_addresses())
def test_no_address_raises_and_a_refusal_has_its_words(address: object) -> None:
    assert judge(str(address)) in {None, *TEXTS}


@given(st.ip_addresses(v=4))
def test_an_address_is_never_better_off_in_disguise(address: object) -> None:
    assert judge(f"::ffff:{address}") in {Refusal.WRAPPED, Refusal.LOOPBACK}


def test_a_network_with_bits_beyond_its_length_is_no_network() -> None:
    with pytest.raises(ValueError, match="host bits"):
        read_networks(["10.0.0.1/8"])
    assert read_networks(["10.0.0.0/8"]) == [ip_network("10.0.0.0/8")]
