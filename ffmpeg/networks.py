"""Where a camera may be: decided from its addresses alone. Nothing here asks the network or the system anything.

A camera's address is typed by a person of one city, and our programs connect to it from the inside of the platform's
network. So a few places are never a camera's, whatever a city's list says, and a city can name where its cameras are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Service = tuple[str, int]
"""A host, by name or address, and a port."""
Peer = tuple[Address, int]
"""The far end of a connection."""


class Refusal(StrEnum):
    """Why an address is refused; the values are stable and may be stored."""

    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    NO_HOST = "no_host"
    WRAPPED = "wrapped"
    OUR_OWN = "our_own"
    NOT_LISTED = "not_listed"


TEXTS = {
    Refusal.LOOPBACK: (
        "The camera's address leads to this machine itself (127.0.0.1 and the like). Use the camera's own address; "
        "where a camera really is on this machine, a platform administrator names 127.0.0.0/8 in the city's networks."
    ),
    Refusal.LINK_LOCAL: (
        "The camera's address leads to a link-local address (169.254.x.x, fe80::) or to a cloud's own services, "
        "which are never pulled. Give the camera a fixed address of its network."
    ),
    Refusal.NO_HOST: (
        "The camera's address leads to no single device: it is 0.0.0.0, a multicast or a reserved address. "
        "Use the camera's own address."
    ),
    Refusal.WRAPPED: (
        "The camera's address leads to an IPv4 address wrapped into IPv6. Write the IPv4 address itself."
    ),
    Refusal.OUR_OWN: (
        "The camera's address leads to a service of this VMS (database, Redis, MediaMTX or web server), "
        "which is never pulled. Use the camera's own address and port."
    ),
    Refusal.NOT_LISTED: (
        "The camera's address leads outside of the networks in which this city's cameras may be. "
        "Use an address in them, or have a platform administrator add the network to the city's."
    ),
}
"""Each refusal in words for the person who typed the address."""


@dataclass(frozen=True)
class Neighbourhood:
    """What is known when a city's camera is judged; both as text, so that it can be handed to another process."""

    networks: tuple[str, ...] = ()
    """In which the city's cameras may be, in CIDR form; none: anywhere that is not always refused."""
    own: tuple[Service, ...] = ()
    """The services of this VMS."""

    def services_at(self, port: int) -> list[str]:
        """Give the hosts, by name or address, of our own services that listen at this port."""
        return [host for host, own_port in self.own if own_port == port]

    def names_at(self, port: int) -> list[str]:
        """Give those of them that must be looked up before anything at this port can be judged."""
        return [host for host in self.services_at(port) if read_address(host) is None]


def read_address(host: str) -> Address | None:
    """Give the address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def judge_addresses(
    addresses: Iterable[Address],
    port: int,
    *,
    networks: Collection[Network],
    own: Collection[tuple[Address, int]],
    here: Collection[Address] = (),
) -> Refusal | None:
    """Say why a camera may not be at these addresses and this port; None if it may be at each of them.

    `own` are the services of this VMS; `here` those of the addresses that are this machine's, where every port of
    ours is refused, since a service may listen on all of its addresses.
    """
    ports = {own_port for _, own_port in own}
    for address in addresses:
        if refusal := _always_refused(address):
            return refusal
        is_here = address.is_loopback or address in here
        if (address, port) in own or (is_here and port in ports):
            return Refusal.OUR_OWN
        if refusal := _refused_by_list(address, networks):
            return refusal
    return None


def judge_peers(peers: Collection[Peer], around: Neighbourhood, publish_to: Service) -> Refusal | None:
    """Say why a running relay may not be connected as it is; one connection to where it publishes is expected.

    A second one there means that it pulls from our own media server, where other cities' pictures are. Services of ours
    that are known by name only are not recognised otherwise.
    """
    host, port = publish_to
    at_port = [address for address, peer_port in peers if peer_port == port]
    if len(at_port) > len(set(at_port)):
        return Refusal.OUR_OWN
    server = read_address(host)
    others = [(address, each) for address, each in peers if each != port or (server is not None and address != server)]
    own = [(address, each) for name, each in around.own if (address := read_address(name)) is not None]
    networks = read_networks(around.networks)
    verdicts = (judge_addresses([address], each, networks=networks, own=own) for address, each in others)
    return next((verdict for verdict in verdicts if verdict), None)


def read_networks(texts: Iterable[str]) -> list[Network]:
    """Give the networks of texts in CIDR form; ValueError where one is none, or has bits beyond its length."""
    return [ip_network(text) for text in texts]


def _always_refused(address: Address) -> Refusal | None:
    # :: and ::1 lie in the first of the wrappers, and have better reasons.
    if address in _IN_THE_FIRST:
        return Refusal.NO_HOST if address.is_unspecified else None
    if any(address in network for network in _WRAPPERS if network.version == address.version):
        return Refusal.WRAPPED
    if address.is_link_local or address in _CLOUDS_OWN:
        return Refusal.LINK_LOCAL
    if address.is_unspecified or address.is_multicast or _is_reserved(address):
        return Refusal.NO_HOST
    return None


def _refused_by_list(address: Address, networks: Collection[Network]) -> Refusal | None:
    fitting = [network for network in networks if network.version == address.version and address in network]
    if address.is_loopback:
        # Only a network that lies in the loopback names it: 0.0.0.0/0 means "anywhere", not "here".
        return None if any(network.is_loopback for network in fitting) else Refusal.LOOPBACK
    return Refusal.NOT_LISTED if networks and not fitting else None


def _is_reserved(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return address in _THIS_NETWORK or address.is_reserved
    return False


_IN_THE_FIRST = {IPv6Address("::"), IPv6Address("::1")}
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_CLOUDS_OWN = {ip_address("fd00:ec2::254"), ip_address("100.100.100.200")}
"""Where clouds answer with credentials of the machine, besides 169.254.169.254."""
_WRAPPERS = [
    ip_network(text) for text in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]
