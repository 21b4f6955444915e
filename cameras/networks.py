"""Where a city's cameras may be, and whether an address leads there: judged when typed, and again by the ingest."""

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Value
from django.db.models.functions import Concat

from cameras.models import MediaServer
from cities.errors import InvalidInput
from cities.models import City
from ffmpeg.checking import Lookup, judge_host, lookup_within
from ffmpeg.gate import port_of
from ffmpeg.networks import TEXTS, Neighbourhood, Service, read_address
from ffmpeg.sources import SourceUrl, read_service

_URLS = ("api_url", "rtsp_url", "public_rtsp_url", "public_hls_url", "public_webrtc_url")


def check_source(city: City, source: SourceUrl, lookup: Lookup = lookup_within) -> None:
    """Refuse a source that leads to where no camera of the city may be: InvalidInput (source_url).

    A name that nobody knows yet is no refusal: it may be a name of the cameras' own network, which the ingest knows,
    and the ingest judges again before it connects.
    """
    around = neighbourhood_of(city)
    try:
        refusal, _ = judge_host(source.host, port_of(source), around, lookup)
    except OSError:
        return
    if refusal:
        raise InvalidInput(TEXTS[refusal], field="source_url")


def list_names(city: City, sources: Iterable[SourceUrl]) -> set[str]:
    """Give the host names that `check_source` looks up to judge these: for who looks them all up before, at once."""
    around = neighbourhood_of(city)
    hosts = {name for source in sources for name in (source.host, *around.names_at(port_of(source)))}
    return {host for host in hosts if read_address(host) is None}


def neighbourhood_of(city: City) -> Neighbourhood:
    """Give what is known when a camera of the city is judged."""
    return Neighbourhood(tuple(city.camera_networks), own_services(_read_media_server_urls()))


def media_server_urls() -> ArraySubquery:
    """Give the expression for all addresses of all media servers, several in one text, for a query of other rows."""
    return ArraySubquery(MediaServer.objects.order_by("pk").values_list(_all_urls(), flat=True))


def own_services(media_server_urls: Iterable[str]) -> tuple[Service, ...]:
    """Give host and port of every service of this VMS: those of the settings, and those of the media servers."""
    return _read_services(tuple(media_server_urls), tuple(settings.VMS_OWN_SERVICES))


def _read_media_server_urls() -> list[str]:
    return list(MediaServer.objects.values_list(_all_urls(), flat=True))


def _all_urls() -> Concat:
    spaced = [part for name in _URLS for part in (name, Value(" "))]
    return Concat(*spaced)


@cache
def _read_services(texts: tuple[str, ...], own: tuple[Service, ...]) -> tuple[Service, ...]:
    found = (read_service(url) for text in texts for url in text.split())
    return tuple(sorted({*own, *(service for service in found if service)}))
