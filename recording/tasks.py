"""Work of the recording room that beat starts and hooks order."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from cameras.models import Camera, MediaServer
from cameras.queries import list_media_servers
from cities.scope import every_city
from recording import off_order, off_switch, services
from recording.segments import bell, looks, reconcile, unmeasured

LOOK_EXPIRES_SECONDS = 9
"""An ordered look that waited this long is pointless: the next one is there."""

PASS_EXPIRES_SECONDS = 3500
"""The same for a full pass."""


@shared_task
def refresh_recording_cache() -> None:
    """Heal the copies of open sessions in Redis after a flush or a missed update."""
    with every_city("the cache holds the open sessions of the installation"):
        services.refresh_recording_cache()


@shared_task
def apply_off_switch() -> None:
    """Have MediaMTX record no camera whose recording is off; comes again by itself where it must wait or verify."""
    off_order.begin_look()
    with every_city("a media server carries the cameras of several cities"):
        outcome = off_switch.apply_off_switch(now=timezone.now())
    if outcome.again_in is not None:
        off_order.order_look(seconds=outcome.again_in)


@shared_task
def watch_footage() -> None:
    """Order a look at the growing files of every media server."""
    for server in list_media_servers():
        watch_server_footage.apply_async((server.pk,), expires=LOOK_EXPIRES_SECONDS)


@shared_task
def watch_server_footage(server_id: int) -> None:
    """Index what grew, began or ended on one media server."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server:
        with every_city("a media server holds the footage of several cities"):
            looks.watch_server(server, timezone.now())
            if looks.may_settle_doubt(server):
                reconcile_server_footage.apply_async((server.pk,), expires=PASS_EXPIRES_SECONDS)


@shared_task
def reconcile_footage() -> None:
    """Order a full pass over the footage of every media server."""
    for server in list_media_servers():
        reconcile_server_footage.apply_async((server.pk,), expires=PASS_EXPIRES_SECONDS)


@shared_task(time_limit=PASS_EXPIRES_SECONDS)
def reconcile_server_footage(server_id: int) -> None:
    """Bring the index of one media server's footage in line with its disk."""
    server = MediaServer.objects.filter(pk=server_id).first()
    if server:
        with every_city("a media server holds the footage of several cities"):
            reconcile.reconcile(server, timezone.now())


@shared_task
def measure_old_footage() -> None:
    """Measure the activity of some of the segments that were indexed before it was measured."""
    with every_city("an upgrade leaves unmeasured footage in all cities"):
        unmeasured.measure_unmeasured()


@shared_task
def index_camera_footage(camera_id: str) -> None:
    """Index what is new in one camera's folder; the time is read after the bell fell silent, see `bell`."""
    bell.silence_bell(UUID(camera_id))
    with every_city("a hook names a path, not a city"):
        camera = Camera.objects.select_related("media_server").filter(pk=camera_id).first()
        if camera:
            looks.look_at_cameras(camera.media_server, [camera.pk], timezone.now())
