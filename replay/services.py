"""What playing footage needs and leaves behind: the right to its bytes, and a word about who watched."""

from datetime import datetime

from replay.queries import MediaFile, find_media
from replay.tokens import FootageGrant
from streams.access.queries import may_watch


def find_allowed(grant: FootageGrant, now: datetime) -> MediaFile | None:
    """Give the file of a token, None where it is gone or its person may not look any more; one query for a member."""
    media = find_media(grant.segment_id, grant.city_id, grant.user_id)
    if media is None or media.is_member or may_watch(grant.user_id, grant.city_id, now):
        return media
    return None
