"""Why nothing may be deleted on a media server's disk: kept in its `Storage` row, where the ring and alarms read it."""

from django.core.cache import cache
from redis.exceptions import RedisError

from cameras.models import MediaServer
from recording.models import Storage
from recording.segments.decisions import Root
from recording.segments.disk import MARKER

SETTLE_AGAIN_SECONDS = 300
"""A doubt that a full pass did not settle is looked into again after so long, an hour at the latest."""


def describe_root(server: MediaServer, found: Root) -> str:
    """Say what is wrong with a folder of recordings and what to do; "" if it is this server's."""
    root = server.recordings_root
    if found is Root.LOST:
        return (
            f"The folder of recordings {root} has no marker file {MARKER}, but there is footage of it in the index: is "
            f"the disk mounted? If this is the right folder, write {server.pk} into {MARKER} in it."
        )
    if found is Root.ANOTHERS:
        return (
            f"The marker file {MARKER} in {root} names another media server than {server.pk}: give each media server a "
            "folder of its own."
        )
    return ""


def describe_disk_error(server: MediaServer, error: OSError) -> str:
    """Say that the disk gives no answer."""
    return f"The folder of recordings {server.recordings_root} cannot be read: {error}."


def write_doubt(server: MediaServer, words: str) -> None:
    """Write what a full pass found, "" for no doubt; nothing is written where that is known already."""
    if Storage.objects.filter(media_server=server, doubt=words).exists():
        return
    Storage.objects.update_or_create(media_server=server, defaults={"doubt": words})


def is_doubted(server: MediaServer) -> bool:
    """Say whether something was found, by a pass or a look, that no full pass has settled yet."""
    return Storage.objects.filter(media_server=server).exclude(doubt="").exists()


def describe_open_loss(server: MediaServer, lost: int, total: int) -> str:
    """Say that so many of the files that were being written are gone at once."""
    return (
        f"{lost} of {total} files that were being written are gone from {server.recordings_root}: is the right disk "
        "mounted? The full pass that is on its way will tell."
    )


def raise_doubt(server: MediaServer, words: str) -> None:
    """Write what a look found. A doubt that is there stays: only a full pass knows whether it is settled."""
    if is_doubted(server):
        return
    Storage.objects.get_or_create(media_server=server)
    Storage.objects.filter(media_server=server, doubt="").update(doubt=words)


def claim_settling(server: MediaServer, found: Root) -> bool:
    """Say whether it is time for a full pass to settle a doubt: the marker is there, and none was ordered of late."""
    if found is not Root.OURS or not is_doubted(server):
        return False
    try:
        return bool(cache.add(f"recording:settling:{server.pk}", 1, timeout=SETTLE_AGAIN_SECONDS))
    except RedisError:
        return False  # the hourly pass settles it too
