"""Verbs that change which cameras exist."""

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from cameras.credentials import NoCredentialKey, open_sealed, seal
from cameras.models import Camera, MediaServer
from cameras.networks import check_source
from cities.audit.services import Deed, Subject, note_deed
from cities.errors import Conflict, InvalidInput
from cities.models import AuditAction, City, User
from cities.scope import every_city
from ffmpeg.errors import UnsafeSource
from ffmpeg.sources import SourceUrl, mask_secret_parameters, parse_source_url

RemovalStep = Callable[[Camera, User | None, datetime], object]

SourceJudge = Callable[[City, SourceUrl], None]
"""Refuses a source that leads to where no camera of the city may be: InvalidInput (source_url)."""

_LONGEST_CREDENTIAL = 255

removal_steps: list[RemovalStep] = []
"""What rooms above must do when a camera goes, in the same transaction; they register in their AppConfig.ready()."""

AdditionStep = Callable[[Camera], object]

addition_steps: list[AdditionStep] = []
"""What rooms above do when a camera was added; they register in their AppConfig.ready()."""


@transaction.atomic
def add_camera(  # noqa: PLR0913 -- all that a camera is, each by its name
    city: City,
    *,
    name: str,
    location: str = "",
    source_url: str = "",
    by: User | None = None,
    now: datetime,
    judge: SourceJudge = check_source,
) -> Camera:
    """Add a camera to a city, on the media server with the fewest cameras.

    `source_url` may carry credentials: they are split off and kept apart. Empty: the camera publishes by itself.
    `judge` is for who looked many hosts up before: the usual one may wait three seconds for each.
    Raises InvalidInput (name, source_url) or Conflict (name taken, no media server).
    """
    camera = Camera(
        city=city, name=clean_name(name), location=location.strip(), media_server=_least_loaded_server(), created_at=now
    )
    _set_source(camera, source_url, judge)
    _save_camera(camera, None)
    for step in addition_steps:
        step(camera)
    note_deed(city.pk, Deed(AuditAction.CAMERA_ADDED, by, now, subject_of(camera), facts=_told_of(camera)))
    return camera


@transaction.atomic
def change_camera(  # noqa: PLR0913 -- as above
    camera: Camera,
    *,
    name: str | None = None,
    location: str | None = None,
    source_url: str | None = None,
    by: User | None = None,
    now: datetime,
    judge: SourceJudge = check_source,
) -> Camera:
    """Change what is given and leave what is None; a source address equal to the shown one keeps its credentials."""
    if name is not None:
        camera.name = clean_name(name)
    if location is not None:
        camera.location = location.strip()
    fields = ["name", "location"]
    if source_url is not None and source_url.strip() not in {camera.source_url, shown_source_url(camera)}:
        _set_source(camera, source_url, judge)
        fields += ["source_url", "source_credentials"]
    # Only these: the observer, the recording switch and a rotation of keys may have changed the others meanwhile.
    _save_camera(camera, fields)
    deed = Deed(AuditAction.CAMERA_CHANGED, by, now, subject_of(camera), facts=_told_of(camera))
    note_deed(camera.city_id, deed)
    return camera


def remove_camera(camera: Camera, *, by: User | None, now: datetime) -> None:
    """Take a camera away: stream and recording end, its past sessions and footage stay."""
    with transaction.atomic():
        for step in removal_steps:
            step(camera, by, now)
        if Camera.objects.filter(pk=camera.pk, removed_at=None).update(removed_at=now, recording_enabled=False):
            note_deed(camera.city_id, Deed(AuditAction.CAMERA_REMOVED, by, now, subject_of(camera)))


def subject_of(camera: Camera) -> Subject:
    """Give the camera as the audit log names it."""
    return Subject("camera", str(camera.pk), camera.name)


def _told_of(camera: Camera) -> dict[str, str]:
    """Give what the audit log keeps of it: nothing secret."""
    return {"location": camera.location, "source": shown_source_url(camera)}


def clean_name(name: str) -> str:
    """Give the name without blanks around it; InvalidInput if nothing is left."""
    cleaned = name.strip()
    if not cleaned:
        raise InvalidInput("A camera needs a name.", field="name")
    return cleaned


def source_of(camera: Camera) -> SourceUrl:
    """Give the source address with its credentials: for our ingest only.

    Raises CredentialsLost if no key of ours opens it, UnsafeSource if the rules have grown stricter since.
    """
    if camera.source_credentials:
        return open_sealed(camera.pk, camera.source_credentials)
    return parse_source_url(camera.source_url)


def shown_source_url(camera: Camera) -> str:
    """Give the source address for people: no credentials, keys or tokens; empty for one that publishes by itself."""
    return mask_secret_parameters(camera.source_url)


def keep_source(camera: Camera, source: SourceUrl | None) -> None:
    """Set the fields of the source, what is secret in it sealed; None: the camera publishes by itself. No save."""
    camera.source_url = source.redacted if source else ""
    camera.source_credentials = seal(camera.pk, source) if source and source.has_secret else ""


def _set_source(camera: Camera, url: str, judge: SourceJudge) -> None:
    source = _parse_source(url.strip()) if url.strip() else None
    if source:
        judge(camera.city, source)
    try:
        keep_source(camera, source)
    except NoCredentialKey as error:
        raise Conflict(
            "This installation has no key to keep passwords with; its administrator finds why by `manage.py check`.",
            field="source_url",
        ) from error


def _parse_source(url: str) -> SourceUrl:
    try:
        source = parse_source_url(url)
    except UnsafeSource as error:
        raise InvalidInput(str(error), field="source_url") from error
    if "***" in {source.username, source.password} or "=***" in source.full:
        raise InvalidInput(
            "The address holds *** in place of a secret, which we do not repeat: type the whole address again.",
            field="source_url",
        )
    if max(len(source.username), len(source.password)) > _LONGEST_CREDENTIAL:
        message = f"The user name and the password may have {_LONGEST_CREDENTIAL} characters each."
        raise InvalidInput(message, field="source_url")
    return source


def _least_loaded_server() -> MediaServer:
    loaded = MediaServer.objects.annotate(load=Count("cameras", filter=Q(cameras__removed_at=None)))
    with every_city("a media server carries the cameras of several cities"):
        server = loaded.order_by("load", "pk").first()
    if server is None:
        raise Conflict("There is no media server yet; run `manage.py prepare` or add one in the admin.")
    return server


def _save_camera(camera: Camera, fields: list[str] | None) -> None:
    """Write these fields of the camera, all of a new one; Conflict where the name is taken."""
    try:
        with transaction.atomic():
            camera.save(update_fields=fields)
    except IntegrityError as error:
        if "one_camera_of_a_name_per_city" not in str(error):
            raise
        raise Conflict("This city already has a camera of this name; choose another.", field="name") from error
