"""How a camera's picture is named in MediaMTX."""

import re
from uuid import UUID

_STREAM_ID = re.compile(r"stream_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.ASCII)


def stream_id_for(camera_id: UUID) -> str:
    """Give the one path name under which this camera's picture lives in MediaMTX."""
    return f"stream_{camera_id}"


def camera_id_from(path_name: str) -> UUID | None:
    """Give the camera that a path name stands for, None where it stands for no camera.

    Only the canonical form counts (lower case, with dashes): two spellings of one camera would be two paths.
    """
    match = _STREAM_ID.fullmatch(path_name)
    return UUID(match[1]) if match else None
