"""Adding a camera with all that one wants of it at once."""

from datetime import datetime

from django.db import transaction

from cameras.models import Camera
from cameras.services import add_camera, change_camera
from cities.access import Access
from inventory.forms import CameraForm
from recording.services import switch_recording
from streams.services import wish_stream


@transaction.atomic
def add_whole_camera(access: Access, form: CameraForm, now: datetime) -> Camera:
    """Add a camera, have its picture pulled, and record it where wished; all or nothing."""
    source = form.compose_source()
    camera = add_camera(access.city, name=form.name, location=form.location, source_url=source, by=access.user, now=now)
    if not camera.publishes_by_itself:
        wish_stream(camera, by=access.user, now=now)
    if form.record:
        switch_recording(camera, on=True, by=access.user, now=now)
    return camera


def change_whole_camera(access: Access, camera: Camera, form: CameraForm, now: datetime) -> Camera:
    """Change what the form says; the address as it was shown keeps its credentials."""
    source = form.compose_source()
    return change_camera(camera, name=form.name, location=form.location, source_url=source, by=access.user, now=now)
