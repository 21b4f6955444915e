"""The messages of WS-Discovery and ONVIF that we send, and what we read out of the answers. Pure."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from html import escape
from urllib.parse import unquote, urlsplit
from uuid import UUID

from ffmpeg.networks import Address, read_address
from inventory.discovery.xml import BadXml, Element, parse_xml

_LONGEST_NAME = 80
_LONGEST_URL = 500

_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
    "<e:Header><w:MessageID>uuid:{id}</w:MessageID>"
    '<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>'
    '<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>'
    "<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)
_SOAP = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>{header}</s:Header>'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
_SECURITY = (
    '<Security s:mustUnderstand="1"'
    ' xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><UsernameToken>'
    "<Username>{username}</Username>"
    '<Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">'
    "{digest}</Password>"
    '<Nonce EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">'
    "{nonce}</Nonce>"
    '<Created xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">{created}</Created>'
    "</UsernameToken></Security>"
)
ASK_TIME = '<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/>'
ASK_CAPABILITIES = (
    '<GetCapabilities xmlns="http://www.onvif.org/ver10/device/wsdl"><Category>Media</Category></GetCapabilities>'
)
ASK_PROFILES = '<GetProfiles xmlns="http://www.onvif.org/ver10/media/wsdl"/>'
_ASK_STREAM = (
    '<GetStreamUri xmlns="http://www.onvif.org/ver10/media/wsdl"><StreamSetup>'
    '<Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast</Stream>'
    '<Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport>'
    "</StreamSetup><ProfileToken>{token}</ProfileToken></GetStreamUri>"
)


@dataclass(frozen=True)
class Device:
    """A camera that answered: its numeric address, where its device service is, and what it calls itself."""

    address: str
    service: str
    name: str
    hardware: str


def write_probe(message_id: UUID) -> bytes:
    """Give the question for every camera on the network."""
    return _PROBE.format(id=message_id).encode()


def read_answer(data: bytes, sender: Address) -> Device | None:
    """Give the camera that sent this; None for what is no answer, or names a service at another address."""
    try:
        tree = parse_xml(data)
    except BadXml:
        return None
    for match in tree.find_all("ProbeMatch"):
        services = [url for url in match.find_text("XAddrs").split() if _is_at(url, sender)]
        if services:
            scopes = match.find_text("Scopes").split()
            return Device(str(sender), services[0], _read_scope(scopes, "name"), _read_scope(scopes, "hardware"))
    return None


def write_question(body: str, header: str = "") -> bytes:
    """Give a SOAP message."""
    return _SOAP.format(header=header, body=body).encode()


def write_stream_question(token: str) -> str:
    """Give the question for the address of a profile's stream."""
    return _ASK_STREAM.format(token=escape(token))


def sign(username: str, password: str, nonce: bytes, created: datetime) -> str:
    """Give the header that signs a message in: the digest of the password, never the password."""
    moment = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    # SHA-1 is what ONVIF's user name tokens are made of; the nonce and the moment keep it from being used again.
    digest = sha1(nonce + moment.encode() + password.encode(), usedforsecurity=False).digest()
    return _SECURITY.format(
        username=escape(username),
        digest=b64encode(digest).decode(),
        nonce=b64encode(nonce).decode(),
        created=moment,
    )


def read_time(answer: Element) -> datetime | None:
    """Give the camera's own clock; None where it does not tell."""
    utc = next(answer.find_all("UTCDateTime"), None)
    if utc is None:
        return None
    names = (
        ("Date", "Year"),
        ("Date", "Month"),
        ("Date", "Day"),
        ("Time", "Hour"),
        ("Time", "Minute"),
        ("Time", "Second"),
    )
    try:
        year, month, day, hour, minute, second = (int(utc.find_text(*each)) for each in names)
        return datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{min(second, 59):02}+00:00")
    except ValueError:
        return None


def read_media_service(answer: Element) -> str:
    """Give the address of the media service; empty where it is not told."""
    return answer.find_text("Media", "XAddr")[:_LONGEST_URL]


def read_profile(answer: Element) -> str:
    """Give the token of the first profile; the first is the main stream by custom. Empty where there is none."""
    profile = next(answer.find_all("Profiles"), None)
    return profile.attributes.get("token", "")[:_LONGEST_NAME] if profile else ""


def read_stream_address(answer: Element) -> str:
    """Give the address of the stream; empty where it is not told."""
    return answer.find_text("MediaUri", "Uri")[:_LONGEST_URL]


def _is_at(url: str, sender: Address) -> bool:
    """Say whether a service is at the address that the answer came from: nobody names another's."""
    if len(url) > _LONGEST_URL or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and read_address(parts.hostname or "") == sender and parts.port != 0
    except ValueError:
        return False


def _read_scope(scopes: Iterable[str], kind: str) -> str:
    start = f"onvif://www.onvif.org/{kind}/"
    found = next((unquote(scope[len(start) :]) for scope in scopes if scope.startswith(start)), "")
    return "".join(letter for letter in found if letter.isprintable())[:_LONGEST_NAME].replace("_", " ").strip()
