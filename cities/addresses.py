"""Where a request really comes from: what proxies say counts only as far as they are ours."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def is_trusted_proxy(address: str) -> bool:
    """Say whether the address is one of VMS_TRUSTED_PROXIES."""
    peer = _parse(address)
    return peer is not None and any(peer in network for network in settings.VMS_TRUSTED_PROXIES)


def is_media_server(address: str) -> bool:
    """Say whether hooks and questions of media servers are taken from there (VMS_HOOK_NETWORKS)."""
    peer = _parse(address)
    return peer is not None and any(peer in network for network in settings.VMS_HOOK_NETWORKS)


def find_client_address(request: HttpRequest) -> str:
    """Give the address of who asks: the last in X-Forwarded-For that no proxy of ours has.

    Each proxy appends whom it heard, so only what stands right of the first stranger was written by one of ours; what
    stands left of it anybody may have made up.
    """
    heard = str(request.META.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    while is_trusted_proxy(heard) and hops and _parse(hops[-1]):
        heard = hops.pop()
    peer = _parse(heard)
    return str(peer) if peer else ""


@lru_cache(maxsize=1024)
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        peer = ip_address(text)
    except ValueError:
        return None
    # A socket that listens on :: reports 127.0.0.1 as ::ffff:127.0.0.1.
    return (peer.ipv4_mapped or peer) if isinstance(peer, IPv6Address) else peer
