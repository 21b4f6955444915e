"""What to do about an alarm, in a sentence; docs/operate.md says more."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from observers.models import AlarmKind

_REMEDIES = {
    AlarmKind.CAMERA_OFFLINE: gettext_noop(
        "Look at its power, its cable and its password; the list of cameras says what our side knows."
    ),
    AlarmKind.MASS_LOSS: gettext_noop(
        "Seldom the cameras: look at the switch, the link or the power that they share, then at the ingest."
    ),
    AlarmKind.FLAPPING: gettext_noop(
        "Look at the power supply, Wi-Fi, and whether two devices publish under one name. It can wait for the morning."
    ),
    AlarmKind.UNSTABLE_CLOCK: gettext_noop(
        "In the camera, set a constant frame rate and bit rate and NTP; if many at once, look at the server's clock."
    ),
    AlarmKind.FROZEN: gettext_noop("Restart the camera; if many at once, look at the network."),
    AlarmKind.WISH_NOT_MET: gettext_noop(
        "Do what the cause asks for: bring the camera back, make room on the disk, or restart the camera."
    ),
    AlarmKind.SERVER_UNREACHABLE: gettext_noop(
        "The platform's administrator sees that MediaMTX runs and can be reached. Recording may well go on."
    ),
    AlarmKind.DISK_FORECAST: gettext_noop("Not tonight: plan a larger disk, or promise fewer days."),
    AlarmKind.EARLY_DELETION: gettext_noop(
        "Hold at once what a case needs; then a larger disk, fewer days or fewer cameras."
    ),
    AlarmKind.DAMAGED_FOOTAGE: gettext_noop(
        "The platform's administrator looks at the disk: was it full, is it failing?"
    ),
    AlarmKind.FOOTAGE_IN_DOUBT: gettext_noop("The platform's administrator mounts the right disk."),
    AlarmKind.ONLY_HELD_LEFT: gettext_noop(
        "Release holds that are no longer needed, or add disk; recording begins again by itself."
    ),
    AlarmKind.PROMISE_BROKEN: gettext_noop(
        "The platform's administrator raises VMS_RECORD_DELETE_AFTER, or sets it to 0s."
    ),
    AlarmKind.DELETION_FAILS: gettext_noop(
        "The platform's administrator looks at the rights of the folder, and whether the disk can be written."
    ),
}


def say_remedy(kind: str) -> str:
    """Give what to do about an alarm of this kind, in the reader's language."""
    return _(_REMEDIES[AlarmKind(kind)])
