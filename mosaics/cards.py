"""What a card of the wall says about its camera, and what the wall says about all of them: pure words, no reads."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cameras.models import Camera, CameraState
from cameras.words import describe_recording, describe_state, say_moment
from mosaics.queries import WallCounts
from streams.live import find_live_player
from streams.words import describe_problem

STALE_AFTER = timedelta(seconds=45)
"""Four and a half rounds of the observer: by then states are no news any more."""


@dataclass(frozen=True)
class Card:
    """One camera on the wall; `playable` says whether a picture is worth asking for.

    The picture's address is not here: it opens for two minutes, and the page asks for it when it needs it.
    """

    id: str
    name: str
    location: str
    state: str
    state_text: str
    problem: str
    playable: bool
    recording: bool
    recording_text: str
    page_url: str
    player_url: str

    def as_state(self) -> dict[str, Any]:
        """Give the part that changes, as JSON-ready values."""
        fixed = {"id", "name", "location", "page_url", "player_url"}
        return {key: value for key, value in asdict(self).items() if key not in fixed}


def make_card(camera: Camera, *, zone: ZoneInfo, now: datetime) -> Card:
    """Say what is known of a camera; wants `media_server` and `stream` loaded."""
    return Card(
        id=str(camera.pk),
        name=camera.name,
        location=camera.location,
        state=str(camera.state.value),
        state_text=describe_state(camera, zone=zone, now=now),
        problem="" if camera.state == CameraState.ONLINE else describe_problem(camera, now),
        playable=camera.is_online,
        recording=camera.recording_enabled,
        recording_text=describe_recording(camera),
        page_url=f"/cameras/{camera.pk}",
        player_url=find_live_player(camera),
    )


def describe_notices(counts: WallCounts, *, zone: ZoneInfo, now: datetime) -> list[str]:
    """Say what makes the states doubtful, if anything does."""
    notices = []
    if counts.unanswered and counts.unanswered_since:
        since = say_moment(counts.unanswered_since, zone=zone, now=now)
        notices.append(
            _(
                "The media server does not answer: the states of its cameras are unknown since %(since)s. Pictures and "
                "recordings may still be running. If this lasts, have the administrator look at MediaMTX and /health."
            )
            % {"since": since}
        )
    if counts.unknown > counts.unanswered:
        notices.append(_("The media server has not been asked yet: states appear within half a minute."))
    if counts.checked_at and now - counts.checked_at > STALE_AFTER:
        checked = say_moment(counts.checked_at, zone=zone, now=now)
        notices.append(
            _(
                "The states shown are old: the last check was at %(checked)s. Have the administrator look at the "
                "worker, the beat and /health."
            )
            % {"checked": checked}
        )
    return notices
