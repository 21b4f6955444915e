"""Where a request comes from: nobody can make that up, except towards himself."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory

from cities.addresses import find_client_address, is_trusted_proxy

PROXY, OTHER_PROXY, PERSON = "10.0.0.1", "10.0.0.2", "203.0.113.9"


@pytest.fixture(autouse=True)
def _proxies(settings) -> None:
    settings.VMS_TRUSTED_PROXIES = [ip_network("10.0.0.0/24")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        (PERSON, None, PERSON),
        (PERSON, "198.51.100.7", PERSON),
        (PROXY, None, PROXY),
        (PROXY, PERSON, PERSON),
        (PROXY, f"{PERSON}, {OTHER_PROXY}", PERSON),
        (PROXY, f"198.51.100.7, {PERSON}, {OTHER_PROXY}", PERSON),
        (PROXY, f"{OTHER_PROXY}, {PERSON}", PERSON),
        (PROXY, "not an address", PROXY),
        (PROXY, f"{PERSON}, not an address", PROXY),
        (f"::ffff:{PROXY}", PERSON, PERSON),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        ("", None, ""),
    ],
)
def test_what_stands_left_of_the_first_stranger_counts_for_nothing(
    peer: str, forwarded: str | None, found: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert find_client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)) == found


def test_what_is_no_address_is_no_proxy() -> None:
    assert [is_trusted_proxy(text) for text in ("", "unix:", "10.0.0.1:80", PROXY)] == [False, False, False, True]
