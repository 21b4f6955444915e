"""What an alarm says, in the reader's language: a sentence for each kind, filled with the facts that its row keeps."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from observers.models import Alarm, AlarmKind

Say = Callable[[datetime], str]

_OF_CAMERA = {
    AlarmKind.CAMERA_OFFLINE: gettext_noop("No picture since %(since)s."),
    AlarmKind.FLAPPING: gettext_noop("The picture came or went %(count)s times in ten minutes."),
    AlarmKind.UNSTABLE_CLOCK: gettext_noop(
        "%(count)s recordings began within an hour that no loss of the picture explains: the camera's clock runs "
        "wrong, and each new file costs some seconds of footage."
    ),
    AlarmKind.FROZEN: gettext_noop("The camera is connected, but no bytes of picture arrive."),
    AlarmKind.WISH_NOT_MET: gettext_noop("Nothing was recorded since %(since)s: %(why)s"),
    AlarmKind.DAMAGED_FOOTAGE: gettext_noop("Damaged files found in the last 24 hours: %(count)s."),
}

_OF_SERVER = {
    AlarmKind.MASS_LOSS: gettext_noop("%(count)s of %(of)s cameras on this media server went offline together."),
    AlarmKind.FLAPPING: gettext_noop("The pictures of %(count)s of %(of)s cameras on this media server come and go."),
    AlarmKind.UNSTABLE_CLOCK: gettext_noop(
        "The clocks of %(count)s of %(of)s cameras on this media server seem to run wrong: is the server's own right?"
    ),
    AlarmKind.FROZEN: gettext_noop(
        "%(count)s of %(of)s cameras on this media server are connected, but no bytes of picture arrive."
    ),
    AlarmKind.WISH_NOT_MET: gettext_noop(
        "%(count)s of %(of)s cameras on this media server are not recorded although wished: %(why)s"
    ),
    AlarmKind.DAMAGED_FOOTAGE: gettext_noop(
        "%(count)s of %(of)s cameras on this media server have damaged files of the last 24 hours."
    ),
    AlarmKind.SERVER_UNREACHABLE: gettext_noop(
        "The media server gives no valid answer since %(since)s: the state of its cameras is unknown."
    ),
    AlarmKind.DISK_FORECAST: gettext_noop("The disk yields %(yields)s of the promised %(promised)s days."),
    AlarmKind.EARLY_DELETION: gettext_noop(
        "Segments deleted before their promised days: %(segments)s. Cameras: %(cameras)s."
    ),
    AlarmKind.FOOTAGE_IN_DOUBT: gettext_noop(
        "The folder of recordings is not the one it was, so nothing is deleted there: is the disk mounted?"
    ),
    AlarmKind.ONLY_HELD_LEFT: gettext_noop(
        "The disk is full of held footage, which is never deleted. Nothing is recorded since %(since)s."
    ),
    AlarmKind.PROMISE_BROKEN: gettext_noop(
        "MediaMTX itself deletes footage sooner than promised. Days until it does: %(days)s."
    ),
    AlarmKind.DELETION_FAILS: gettext_noop("Segments that could not be deleted in three attempts or more: %(count)s."),
}

_CAUSES = {
    "camera_offline": gettext_noop("the camera is offline."),
    "disk_full": gettext_noop("the disk is full."),
    "recording_refused": gettext_noop("only held footage is left on the disk, so recording is refused."),
    "config_not_applied": gettext_noop("MediaMTX did not take up its configuration."),
    "frozen": gettext_noop("no bytes of picture arrive."),
    "unknown": gettext_noop("the cause is unknown."),
}


def describe_alarm(alarm: Alarm, say: Say) -> str:
    """Say in a sentence what is wrong; `say` writes a moment as this reader reads it."""
    sentences = _OF_CAMERA if alarm.camera_id else _OF_SERVER
    sentence = sentences.get(AlarmKind(alarm.kind))
    facts = read_facts_of(alarm)
    return _(sentence) % _Values(facts, say) if sentence else alarm.detail


def cause_of(alarm: Alarm) -> str:
    """Give the machine word for why recording is not as wished; empty for other kinds."""
    return str(read_facts_of(alarm).get("why", ""))


def read_facts_of(alarm: Alarm) -> dict[str, Any]:
    """Give the facts that the row keeps; none where they cannot be read."""
    try:
        facts = json.loads(alarm.detail)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


class _Values(dict[str, Any]):
    """The facts as words; one that an older version did not write is a question mark."""

    def __init__(self, facts: dict[str, Any], say: Say) -> None:
        super().__init__(facts)
        if "why" in facts:
            self["why"] = _(_CAUSES.get(facts["why"], _CAUSES["unknown"]))
        if "since" in facts:
            self["since"] = say(datetime.fromisoformat(facts["since"]))

    def __missing__(self, key: str) -> str:
        return "?"
