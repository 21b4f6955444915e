"""The status said in the reader's language, section by section, each a piece of the page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cameras.models import MediaServer
from cameras.words import say_moment
from observers.alarms.remedies import say_remedy
from observers.alarms.words import describe_alarm
from observers.models import Alarm
from observers.status.facts import Status, count_troubles, is_beat_silent, is_server_well, is_short
from recording.models import Forecast
from recording.storage.words import say_outlook

SECTIONS = ("summary", "alarms", "disks", "servers", "ingest", "scheduler")

Say = Callable[[datetime], str]


def render_sections(status: Status, *, zone: ZoneInfo, now: datetime) -> dict[str, str]:
    """Give each section of the page as it is to be shown now."""

    def say(moment: datetime) -> str:
        return say_moment(moment, zone=zone, now=now)

    told: dict[str, dict[str, Any]] = {
        "summary": _tell_summary(status, now),
        "alarms": {"alarms": [_tell_alarm(each, say) for each in status.alarms], "count": status.alarm_count},
        "disks": {"disks": [_tell_disk(each, say) for each in status.forecasts]},
        "servers": {"servers": [_tell_server(each, say, now) for each in status.servers]},
        "ingest": _tell_ingest(status, say),
        "scheduler": _tell_scheduler(status, say, now),
    }
    return {name: render_to_string(f"observers/status_{name}.html", told[name]) for name in SECTIONS}


def _tell_summary(status: Status, now: datetime) -> dict[str, Any]:
    count = count_troubles(status, now)
    if not count:
        return {"kind": "good", "text": _("All is well.")}
    text = ngettext("%(count)d thing needs attention.", "%(count)d things need attention.", count)
    return {"kind": "bad", "text": text % {"count": count}}


def _tell_alarm(alarm: Alarm, say: Say) -> dict[str, Any]:
    subject = alarm.camera or alarm.media_server
    return {
        "kind": alarm.get_kind_display(),
        "subject": str(subject),
        "link": f"/cameras/{alarm.camera_id}" if alarm.camera_id else "",
        "text": describe_alarm(alarm, say),
        "since": say(alarm.opened_at),
        "remedy": say_remedy(alarm.kind),
    }


def _tell_disk(forecast: Forecast, say: Say) -> dict[str, Any]:
    room, kept = forecast.room_bytes, forecast.footage_bytes
    return {
        "name": forecast.media_server.name,
        "kind": _kind_of_disk(forecast),
        "text": say_outlook(forecast.bytes_per_day, forecast.yields_days, forecast.promised_days),
        "kept": filesizeformat(kept),
        "held": filesizeformat(forecast.held_bytes) if forecast.held_bytes else "",
        "daily": filesizeformat(forecast.bytes_per_day) if forecast.bytes_per_day else "",
        "room": filesizeformat(room) if room else "",
        "measured": say(forecast.measured_at),
    }


def _kind_of_disk(forecast: Forecast) -> str:
    if forecast.yields_days is None:
        return "idle"
    return "bad" if is_short(forecast) else "good"


def _tell_server(server: MediaServer, say: Say, now: datetime) -> dict[str, Any]:
    storage = getattr(server, "storage", None)
    free, total = (storage.free_bytes, storage.total_bytes) if storage else (None, None)
    return {
        "name": server.name,
        "kind": "good" if is_server_well(server, now) and not _tell_trouble(storage) else "bad",
        "text": _say_server(server, say, now),
        "trouble": _tell_trouble(storage),
        "version": server.version,
        "started": say(server.started) if server.started else "",
        "free": filesizeformat(free) if free is not None else "",
        "total": filesizeformat(total) if total else "",
        "used": round(100 * (total - free) / total) if total and free is not None else None,
    }


def _tell_trouble(storage: Any) -> str:
    if storage is None:
        return ""
    if storage.refuses_since is not None:
        return _("Only held footage is left: nothing is recorded.")
    return _("The folder of recordings is not the one it was: nothing is deleted there.") if storage.doubt else ""


def _say_server(server: MediaServer, say: Say, now: datetime) -> str:
    if server.reach == MediaServer.Reach.UNKNOWN or server.snapshot_at is None:
        return _("It has not been asked yet.")
    if server.reach == MediaServer.Reach.UNREACHABLE:
        since = say(server.reach_changed_at) if server.reach_changed_at else "–"
        return _("It gives no valid answer since %(since)s: its cameras' states are unknown.") % {"since": since}
    if not is_server_well(server, now):
        return _("It was last asked at %(moment)s: the observer stands still.") % {"moment": say(server.snapshot_at)}
    return _("It answers.")


def _tell_ingest(status: Status, say: Say) -> dict[str, Any]:
    found = status.ingest
    told = {"wished": found.wished, "live": found.live, "retrying": found.retrying, "processes": found.processes}
    if not found.wished:
        return told | {"kind": "idle", "text": _("No picture has to be pulled.")}
    if found.uncarried:
        text = ngettext(
            "%(count)d picture is carried by nobody: see that the ingest process runs.",
            "%(count)d pictures are carried by nobody: see that the ingest process runs.",
            found.uncarried,
        )
        return told | {"kind": "bad", "text": text % {"count": found.uncarried}}
    lease = timedelta(seconds=settings.VMS_INGEST_LEASE_SECONDS)
    alive = say(found.alive_at - lease) if found.alive_at else "–"
    return told | {"kind": "good", "text": _("It works; last sign of life at %(moment)s.") % {"moment": alive}}


def _tell_scheduler(status: Status, say: Say, now: datetime) -> dict[str, Any]:
    if not status.redis_answers:
        return {"kind": "bad", "text": _("Redis gives no answer: nothing is observed or scheduled.")}
    if status.beat is None:
        return {"kind": "bad", "text": _("The scheduler was not heard yet: nothing is observed.")}
    if is_beat_silent(status, now):
        text = _("The scheduler was last heard at %(moment)s: see that beat and a worker run.")
        return {"kind": "bad", "text": text % {"moment": say(status.beat)}}
    return {"kind": "good", "text": _("Last beat at %(moment)s.") % {"moment": say(status.beat)}}
