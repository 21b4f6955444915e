"""Tests whether a camera's address gives a picture: through ffmpeg, behind every gate that the ingest stands behind."""

import os
from base64 import b64encode
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from cameras.credentials import CredentialsLost
from cameras.models import Camera
from cameras.networks import check_source, neighbourhood_of
from cameras.services import source_of, subject_of
from cities.access import Access
from cities.audit.once import OnceWithin
from cities.audit.services import NOTHING, Deed, Subject, note_deed
from cities.errors import InvalidInput
from cities.models import AuditAction, City
from ffmpeg.binary import can_forbid_redirects, find_ffmpeg
from ffmpeg.commands import RelayCommand, snapshot_command
from ffmpeg.errors import FFmpegError, UnsafeSource
from ffmpeg.gate import guard_relay
from ffmpeg.probing import Look, look_once
from ffmpeg.sources import SourceUrl, parse_source_url
from inventory.errands import KEPT_FOR, finish_errand, make_errand, read_content
from inventory.models import Errand, ErrandKind
from inventory.ordering import send_after_commit
from streams.ingest.peers import find_peers

VIEWS = OnceWithin(KEPT_FOR[ErrandKind.CONNECTION])


def order_test(access: Access, source_url: str, camera: Camera | None, now: datetime) -> Errand:
    """Keep an address for the worker that tests it; InvalidInput (source_url) for one that must not be asked.

    The address that a camera is shown with stands for the one it has, credentials included.
    """
    source = _choose_source(source_url, camera)
    check_source(access.city, source)
    subject = asdict(subject_of(camera) if camera else NOTHING)
    errand = make_errand(access, ErrandKind.CONNECTION, {"address": source.full, "subject": subject}, now)
    send_after_commit(errand)
    return errand


def run_test(errand: Errand, now: datetime) -> dict[str, Any]:
    """Look at the address once, and keep what was seen in its place; wants the errand's city in scope."""
    return keep_look(errand, _look(errand.city, parse_source_url(read_content(errand)["address"])), now)


def keep_look(errand: Errand, look: Look | str, now: datetime) -> dict[str, Any]:
    """Keep what was seen, and where, in place of what was asked."""
    asked, result = read_content(errand), describe_look(look)
    if result["ok"]:
        result |= {"subject": asked["subject"], "tested": parse_source_url(asked["address"]).redacted}
    finish_errand(errand, result, now)
    return result


def note_view(errand: Errand, result: dict[str, Any], *, now: datetime) -> None:
    """Write down whose picture a test shows to who ordered it, before it does: once for each test."""
    key = f"live:test:{errand.pk}"
    if "tested" in result and VIEWS.choose_new([key], now):
        facts = {"cameras": 1, "tested": result["tested"]}
        deed = Deed(AuditAction.LIVE_VIEWED, errand.by, now, Subject(**result["subject"]), facts=facts)
        note_deed(errand.city_id, deed)
        VIEWS.tell([key], now)


def describe_look(look: Look | str) -> dict[str, Any]:
    """Give what was seen, JSON-ready; a text is what kept us from looking."""
    if isinstance(look, str):
        return {"ok": False, "problem": look}
    if look.failure:
        return {"ok": False, "problem": look.failure.text}
    picture = f"data:image/jpeg;base64,{b64encode(look.picture).decode()}"
    return {"ok": True, "picture": picture, **asdict(look.description)}


def say_look(result: dict[str, Any]) -> dict[str, Any]:
    """Give what was seen in the reader's language."""
    if not result["ok"]:
        return {"ok": False, "problem": _(result["problem"])}
    size = f"{result['width']} × {result['height']}" if result["width"] else "–"
    rate = result["frames_per_second"]
    return {
        "ok": True,
        "picture": result["picture"],
        "codec": " ".join(part for part in (result["video"].upper(), result["profile"]) if part),
        "size": size,
        "rate": _("%(rate)s pictures a second") % {"rate": f"{rate:g}"} if rate else "–",
        "audio": " · ".join(part for part in (result["audio"].upper(), result["audio_layout"]) if part) or _("none"),
    }


def _choose_source(source_url: str, camera: Camera | None) -> SourceUrl:
    try:
        if camera is not None and source_url.strip() in {"", camera.source_url}:
            return source_of(camera)
        source = parse_source_url(source_url.strip())
    except (UnsafeSource, CredentialsLost) as error:
        raise InvalidInput(str(error), field="source_url") from error
    if "=***" in source.full:
        raise InvalidInput(
            "The address holds *** in place of a secret, which we do not repeat: type the whole address again.",
            field="source_url",
        )
    return source


def _look(city: City, source: SourceUrl) -> Look | str:
    around = neighbourhood_of(city)
    try:
        command = guard_relay(source, around, _make_snapshot)
        return look_once(command, around, lambda pid: find_peers([pid])[pid])
    except FFmpegError as error:
        return str(error)


def _make_snapshot(source: SourceUrl, *, host_header: str) -> RelayCommand:
    ffmpeg = find_ffmpeg(os.environ)
    forbids = can_forbid_redirects(ffmpeg)
    return snapshot_command(ffmpeg, source, can_forbid_redirects=forbids, host_header=host_header)
