"""Asks the network for cameras, and one camera for the address of its stream; bounded in time and bytes."""

import http.client
import io
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from django.utils.translation import gettext_noop

from ffmpeg.networks import Address
from inventory.discovery.messages import (
    ASK_CAPABILITIES,
    ASK_PROFILES,
    ASK_TIME,
    Device,
    read_answer,
    read_media_service,
    read_profile,
    read_stream_address,
    read_time,
    sign,
    write_probe,
    write_question,
    write_stream_question,
)
from inventory.discovery.xml import MOST_BYTES, BadXml, Element, parse_xml

MULTICAST = ("239.255.255.250", 3702)
LISTEN_SECONDS = 4.0
MOST_ANSWERS = 512
QUESTIONS_SECONDS = 20.0
"""For all questions to one camera together, however slowly it answers."""
_SILENCE_SECONDS = 5.0
_AS_IT_STANDS = "%/:@!$&'()*+,;=~"
"""What a path may hold by its standard; a camera's may hold more, which is escaped."""


class NoAnswer(Exception):
    """A camera did not tell what it was asked; the text says why, in words for people, with the remedy."""


def find_devices(target: tuple[str, int] = MULTICAST, seconds: float = LISTEN_SECONDS) -> list[Device]:
    """Give the cameras that answer the question, by address; OSError where the network cannot be asked."""
    found: dict[str, Device] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        question = write_probe(uuid4())
        for _ in range(2):  # datagrams get lost
            asking.sendto(question, target)
        for data, sender in _listen(asking, seconds):
            device = read_answer(data, sender)
            if device:
                found.setdefault(device.address, device)
    return sorted(found.values(), key=lambda device: ip_address(device.address))


def ask_stream_address(
    service: str, username: str, password: str, now: datetime, seconds: float = QUESTIONS_SECONDS
) -> str:
    """Give the address of a camera's first stream as it tells it, unjudged; NoAnswer where it does not in time.

    `service` is that of a found device. Every question goes to the same host: what a camera names elsewhere is not
    asked, and no redirect is followed.
    """
    until = time.monotonic() + seconds
    told = read_time(_ask(service, write_question(ASK_TIME), until))
    ahead = told - now if told else timedelta(0)

    def signed() -> str:
        return sign(username, password, os.urandom(16), (now + ahead).astimezone(UTC)) if username else ""

    media = read_media_service(_ask(service, write_question(ASK_CAPABILITIES, signed()), until)) or service
    media = _keep_host(media, service)
    token = read_profile(_ask(media, write_question(ASK_PROFILES, signed()), until))
    if not token:
        raise NoAnswer(
            gettext_noop("The camera names no profile. Set one up on its own page, or type its address by hand.")
        )
    return read_stream_address(_ask(media, write_question(write_stream_question(token), signed()), until))


def _listen(asking: socket.socket, seconds: float) -> Iterator[tuple[bytes, Address]]:
    until = time.monotonic() + seconds
    for _ in range(MOST_ANSWERS):
        left = until - time.monotonic()
        if left <= 0:
            return
        asking.settimeout(left)
        try:
            data, sender = asking.recvfrom(65_535)
        except TimeoutError:
            return
        yield data, ip_address(sender[0])


def _keep_host(media: str, service: str) -> str:
    """Give the media service at the device's own host, whatever host the camera believes to have."""
    try:
        named, known = urlsplit(media), urlsplit(service)
        port = named.port
    except ValueError:
        return service
    if named.scheme not in {"http", "https"}:
        return service
    host = f"[{known.hostname}]" if ":" in (known.hostname or "") else known.hostname
    where = f"{host}:{port}" if port and named.hostname == known.hostname else known.netloc
    return f"{known.scheme}://{where}{named.path or '/'}"


def _ask(url: str, question: bytes, until: float) -> Element:
    parts = urlsplit(url)
    path = quote(parts.path, safe=_AS_IT_STANDS) or "/"
    headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
    try:
        with closing(_connect(parts.scheme, parts.hostname or "", parts.port, _time_left(until))) as line:
            line.request("POST", path, question, headers)
            answer = _Answer(line.sock, until)
            answer.begin()
            return _read(answer.status, answer.read(MOST_BYTES + 1))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(
            gettext_noop("The camera does not answer by ONVIF. Is ONVIF switched on at the camera?")
        ) from error


def _connect(scheme: str, host: str, port: int | None, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        # Cameras sign their own certificates; the digest keeps the password to itself.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 -- as said above
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, port, timeout=seconds)


def _time_left(until: float) -> float:
    """Give the seconds that a camera may be silent now; TimeoutError where its time is over."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long in all")
    return min(left, _SILENCE_SECONDS)


class _Answer(http.client.HTTPResponse):
    """An answer that ends in time: the time limit of a socket begins anew with every byte that trickles in."""

    def __init__(self, line: socket.socket, until: float) -> None:
        super().__init__(line, method="POST")
        self.fp.close()
        self.fp = io.BufferedReader(_Trickle(line, until))


class _Trickle(io.RawIOBase):
    def __init__(self, line: socket.socket, until: float) -> None:
        self._line = line
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._line.settimeout(_time_left(self._until))
        return self._line.recv_into(buffer)


def _read(status: int, body: bytes) -> Element:
    if status in {401, 403} or b"NotAuthorized" in body or b"FailedAuthentication" in body:
        raise NoAnswer(
            gettext_noop(
                "The camera did not accept the user name and password. Many cameras have users of their own for ONVIF."
            )
        )
    if status != http.HTTPStatus.OK:
        raise NoAnswer(
            gettext_noop("The camera refused the question. Type its address by hand; its maker's manual tells it.")
        )
    try:
        return parse_xml(body)
    except BadXml as error:
        raise NoAnswer(gettext_noop("What the camera answered cannot be read. Type its address by hand.")) from error
