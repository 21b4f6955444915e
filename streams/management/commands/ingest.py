"""`manage.py ingest`: pull the wished pictures into MediaMTX until told to stop."""

import logging
import os
import resource
import secrets
import signal
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cameras.credentials import CredentialsLost
from cities.scope import every_city
from ffmpeg.binary import can_forbid_redirects, find_ffmpeg, list_encoders
from ffmpeg.commands import RelayCommand, relay_command
from ffmpeg.errors import FFmpegUnavailable
from ffmpeg.gate import guard_relay
from ffmpeg.sources import SourceUrl, parse_source_url
from mediamtx.names import camera_id_from
from streams.access.tokens import Action, make_token
from streams.ingest.carriers import Carriers, CommandMaker
from streams.ingest.database import Database
from streams.ingest.decisions import Patience, Wish
from streams.ingest.leases import Leases
from streams.ingest.neighbours import name_this_process
from streams.ingest.pulse import find_pulse
from streams.ingest.stopping import StopRequest, time_limit
from streams.ingest.supervisor import Supervisor

logger = logging.getLogger(__name__)

DATABASE_SECONDS = 5.0
"""How long one pass may wait for the database before it counts as away."""


class Command(BaseCommand):
    """Runs one ingest process; start as many as you like, on as many machines as you like: they share."""

    help = "Pull the pictures of cameras that do not publish by themselves into MediaMTX, until SIGTERM or SIGINT."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --name and --max."""
        parser.add_argument("--name", default=name_this_process(), help="how leases name this process")
        parser.add_argument(
            "--max", dest="limit", type=int, default=settings.VMS_INGEST_MAX, help="most pictures at once"
        )

    def handle(self, *args: Any, name: str, limit: int, **options: Any) -> None:
        """Run until told to stop."""
        if limit < 1:
            raise CommandError("--max must be at least 1: how many pictures this process may carry.")
        make_room_for(limit)
        stop = StopRequest()
        stop.listen(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        with every_city("the ingest carries the pictures of all cities"):
            make_supervisor(name, limit).run(stop)


def make_supervisor(name: str, limit: int) -> Supervisor:
    """Put the ingest together from the settings; CommandError without a usable ffmpeg."""
    lease = settings.VMS_INGEST_LEASE_SECONDS
    return Supervisor(
        leases=Leases(name_owner(name), lease),
        carriers=Carriers(_find_command_maker()),
        database=Database(lambda: time_limit(DATABASE_SECONDS)),
        limit=limit,
        patience=Patience(stall=settings.VMS_INGEST_STALL_SECONDS, lease=lease),
        pulse=find_pulse(os.environ),
    )


def name_owner(name: str) -> str:
    """Give the name with something random behind it, so that no two processes ever hold the same lease."""
    return f"{name[:100]}#{secrets.token_hex(4)}"


def make_room_for(pictures: int) -> None:
    """Raise the limit of open files, three pipes and some room for each picture, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 200 + 4 * pictures
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def publish_address(wish: Wish, now: datetime) -> str:
    """Give where the picture goes, with a token: others may read a command line, and a minute later it is worthless."""
    camera_id = camera_id_from(wish.name)
    assert camera_id is not None  # noqa: S101 -- a wish's name is that of its camera's stream
    return f"{wish.publish_url}?token={make_token(Action.PUBLISH, camera_id, None, now=now)}"


def _find_command_maker() -> CommandMaker:
    try:
        ffmpeg = find_ffmpeg(os.environ)
        encoders = list_encoders(ffmpeg)
        forbids = can_forbid_redirects(ffmpeg)
    except FFmpegUnavailable as error:
        raise CommandError(str(error)) from error

    if not forbids:
        logger.warning(
            "%s follows the redirects of HTTP cameras and cannot be kept from it; FFmpeg 8 or newer can.", ffmpeg
        )

    def make_command(wish: Wish, *, with_sound: bool) -> RelayCommand:
        if wish.is_lost:
            raise CredentialsLost

        def make_relay(source: SourceUrl, *, host_header: str) -> RelayCommand:
            return relay_command(
                ffmpeg,
                source,
                publish_address(wish, timezone.now()),
                encoders=encoders,
                with_audio=with_sound,
                can_forbid_redirects=forbids,
                host_header=host_header,
            )

        return guard_relay(parse_source_url(wish.address), wish.neighbourhood, make_relay)

    return make_command
