"""Parameters and answers that the API of played footage shares."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from cities.throttling import FLOOD


def _moment(name: str, text: str, *, required: bool) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.DATETIME, description=f"{text} With its time zone.", required=required)


FROM = _moment("from", "Where the time begins.", required=True)
TO = _moment("to", "Where it ends; now where it is left out.", required=False)
RESOLUTION = OpenApiParameter("resolution", OpenApiTypes.INT, description="Seconds of a bucket of activity.")
CAMERA_IDS = OpenApiParameter(
    "camera_ids", OpenApiTypes.STR, required=True, description="Ids of 1 to 9 cameras, with commas between."
)
MONTH = OpenApiParameter("month", OpenApiTypes.STR, required=True, description="A month of the city, like 2026-11.")
CURSOR = OpenApiParameter("cursor", OpenApiTypes.STR, description="Where the page begins; taken from `next`.")
FORM = OpenApiParameter(
    "as", enum=["h264"], description="h264: pictures made anew, for who cannot play the bytes as they lie on disk."
)
PLAYBACK = OpenApiParameter(
    "playback",
    OpenApiTypes.STR,
    description="A word of yours for one playback: what grows keeps its numbers where you ask again with the same.",
)
AT = _moment(
    "at",
    "What you show first: the head of its file stands in the playlist as a data: URL, and the disk fetches its bytes.",
    required=False,
)


def answers(content: Any) -> dict[int, Any]:
    """Give what an operation answers with."""
    return {200: content, 429: FLOOD}
