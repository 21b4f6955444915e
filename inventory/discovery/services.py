"""Searches the network for a person of a city, and shows them only what may be a camera of that city."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cameras.models import Camera
from cameras.networks import check_source, neighbourhood_of
from cities.access import Access
from cities.errors import InvalidInput, NotThere
from cities.models import City
from ffmpeg.checking import judge_host
from ffmpeg.errors import UnsafeSource
from ffmpeg.networks import Address
from ffmpeg.sources import parse_source_url
from inventory.discovery.messages import Device
from inventory.discovery.network import NoAnswer, ask_stream_address, find_devices
from inventory.errands import finish_errand, make_errand, read_content
from inventory.models import Errand, ErrandKind
from inventory.ordering import send_after_commit

NO_NETWORK = gettext_noop("The worker's machine cannot ask its network. Add cameras by their addresses.")


def order_search(access: Access, now: datetime) -> Errand:
    """Have a worker search the network."""
    errand = make_errand(access, ErrandKind.DISCOVERY, {}, now)
    send_after_commit(errand)
    return errand


def order_address_question(  # noqa: PLR0913 -- the camera and its credentials, each by its name
    access: Access, search: Errand, *, address: str, username: str, password: str, now: datetime
) -> Errand:
    """Have a worker ask a camera that was found for its stream's address; NotThere for one that was not found."""
    found = {each["address"]: each for each in read_content(search).get("devices", [])}
    if address not in found:
        raise NotThere(f"no device {address}")
    content = {"service": found[address]["service"], "username": username, "password": password}
    errand = make_errand(access, ErrandKind.STREAM_ADDRESS, content, now)
    send_after_commit(errand)
    return errand


def run_search(errand: Errand, now: datetime) -> None:
    """Search, and keep what may be a camera of the city; wants the errand's city in scope."""
    try:
        found = find_devices()
    except OSError:
        finish_errand(errand, {"problem": NO_NETWORK, "devices": []}, now)
        return
    finish_errand(errand, {"problem": "", **keep_allowed(errand.city, found)}, now)


def keep_allowed(city: City, found: list[Device]) -> dict[str, Any]:
    """Give the devices that may be cameras of the city, those that it has already marked, and how many others."""
    known = _hosts_of(city)
    allowed = [device for device in found if _is_allowed(city, device)]
    devices = [asdict(device) | {"known": known.get(device.address, "")} for device in allowed]
    return {"devices": devices, "elsewhere": len(found) - len(allowed)}


def run_address_question(errand: Errand, now: datetime) -> None:
    """Ask the camera, judge what it tells, and keep that without the credentials."""
    asked = read_content(errand)
    finish_errand(errand, _ask(errand.city, asked, now), now)


def _ask(city: City, asked: dict[str, str], now: datetime) -> dict[str, Any]:
    try:
        told = ask_stream_address(asked["service"], asked["username"], asked["password"], now)
        source = parse_source_url(told)
        check_source(city, source)
    except NoAnswer as error:
        return {"ok": False, "problem": str(error)}
    except (UnsafeSource, InvalidInput) as error:
        return {"ok": False, "problem": str(error)}
    return {"ok": True, "source_url": source.redacted}


def say_address(result: dict[str, Any]) -> dict[str, Any]:
    """Give what the camera told, in the reader's language."""
    return result if result["ok"] else {"ok": False, "problem": _(result["problem"])}


def _is_allowed(city: City, device: Device) -> bool:
    parts = urlsplit(device.service)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    refusal, _addresses = judge_host(device.address, port, neighbourhood_of(city), _never_lookup)
    return refusal is None


def _hosts_of(city: City) -> dict[str, str]:
    rows = Camera.objects.filter(city=city, removed_at=None).exclude(source_url="").values_list("name", "source_url")
    return {host: name for name, url in rows if (host := urlsplit(url).hostname)}


def _never_lookup(host: str) -> list[Address]:
    raise OSError(f"{host} is not looked up")
