"""Verbs of walls: keeping one as a mosaic, changing and removing it; each is written down."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from cameras.models import Camera
from cameras.queries import cameras_in_scope
from cities.audit.services import Deed, Subject, note_deed
from cities.errors import Conflict, InvalidInput, NotAllowed
from cities.models import AuditAction, City, User
from cities.scope import every_city, sees_whole
from mosaics.arrangements import Arrangement, Change, Tile, apply_change, tell_arrangement, tell_change, tidy
from mosaics.models import Mosaic, MosaicTile
from mosaics.queries import find_mosaic, shows_all


@transaction.atomic
def create_mosaic(city: City, wanted: Arrangement, *, by: User | None, now: datetime) -> Mosaic:
    """Keep a wall under a name. Raises InvalidInput (with its field) or Conflict (name taken)."""
    arrangement = tidy(wanted)
    _check_cameras(city.pk, arrangement.tiles)
    mosaic = Mosaic(city=city, created_by=by, created_at=now, updated_at=now)
    with _moving_tiles():
        _save(mosaic, arrangement)
        _put_tiles(mosaic, arrangement.tiles)
    facts = tell_arrangement(arrangement, _read_names(arrangement.tiles))
    note_deed(city.pk, Deed(AuditAction.MOSAIC_MADE, by, now, _subject_of(mosaic), facts=facts))
    return find_mosaic(mosaic.pk)


@transaction.atomic
def change_mosaic(mosaic_id: UUID, change: Change, *, revision: int, by: User | None, now: datetime) -> Mosaic:
    """Change what is given of a mosaic, if it still is the `revision` that the caller has seen.

    Raises NotThere, NotAllowed (cameras of it are hidden from the caller), InvalidInput (with its field) or Conflict
    (changed meanwhile, name taken).
    """
    mosaic = _take(mosaic_id)
    if mosaic.revision != revision:
        raise Conflict(
            "Somebody changed this mosaic meanwhile. Read it again, then save your change upon that.", field="revision"
        )
    _check_sees_all(mosaic)
    before = _arrangement_of(mosaic)
    after = apply_change(before, change)
    if after == before:
        return mosaic
    mosaic.revision, mosaic.updated_at = revision + 1, now
    _save(mosaic, after)
    if after.tiles != before.tiles:
        _replace_tiles(mosaic, after.tiles)
    facts = tell_change(before, after, _read_names([*before.tiles, *after.tiles]))
    note_deed(mosaic.city_id, Deed(AuditAction.MOSAIC_CHANGED, by, now, _subject_of(mosaic), facts=facts))
    return find_mosaic(mosaic_id)


@transaction.atomic
def remove_mosaic(mosaic_id: UUID, *, by: User | None, now: datetime) -> None:
    """Take a mosaic away; its cameras stay. Raises NotThere or NotAllowed (as `change_mosaic` does)."""
    mosaic = _take(mosaic_id)
    _check_sees_all(mosaic)
    arrangement, subject = _arrangement_of(mosaic), _subject_of(mosaic)
    facts = tell_arrangement(arrangement, _read_names(arrangement.tiles))
    with _moving_tiles():
        mosaic.delete()
    note_deed(mosaic.city_id, Deed(AuditAction.MOSAIC_REMOVED, by, now, subject, facts=facts))


def take_off_walls(camera: Camera, by: User | None, now: datetime) -> None:  # noqa: ARG001 -- a removal step's signature
    """Take a camera that is removed off every mosaic."""
    MosaicTile.objects.filter(camera=camera).delete()


def _take(mosaic_id: UUID) -> Mosaic:
    """Give a mosaic as it is once nobody else can change it."""
    Mosaic.objects.select_for_update().filter(pk=mosaic_id).first()
    return find_mosaic(mosaic_id)


def _check_sees_all(mosaic: Mosaic) -> None:
    """Refuse who would change what they cannot see."""
    if not shows_all(mosaic):
        raise NotAllowed(
            "This mosaic holds cameras that you may not see. Ask a member who sees the whole city to change it, "
            "or keep one of your own."
        )


@contextmanager
def _moving_tiles() -> Iterator[None]:
    """Let a mosaic be seen while it has no tiles, by which who sees only some cameras finds it."""
    with every_city("what may be written is decided, and by its tiles a mosaic is not found while they move"):
        yield


def _arrangement_of(mosaic: Mosaic) -> Arrangement:
    tiles = tuple(Tile(tile.position, tile.camera_id) for tile in mosaic.tiles.all())
    return Arrangement(mosaic.name, mosaic.rows, mosaic.columns, mosaic.rotation_seconds, tiles)


def _subject_of(mosaic: Mosaic) -> Subject:
    return Subject("mosaic", str(mosaic.pk), mosaic.name)


def _save(mosaic: Mosaic, wanted: Arrangement) -> None:
    mosaic.name = wanted.name
    mosaic.rows, mosaic.columns = wanted.rows, wanted.columns
    mosaic.rotation_seconds = wanted.rotation_seconds
    try:
        with transaction.atomic():
            mosaic.save()
    except IntegrityError as error:
        if "one_mosaic_of_a_name_per_city" not in str(error):
            raise
        raise Conflict("This city already has a mosaic of this name; choose another.", field="name") from error


def _check_cameras(city_id: UUID, tiles: Sequence[Tile]) -> None:
    """Refuse cameras that the caller cannot see, and to who sees only some a wall that they would not find again."""
    wanted = [tile.camera_id for tile in tiles]
    known = set(cameras_in_scope().filter(pk__in=wanted, city=city_id).values_list("pk", flat=True))
    strange = sorted(tile.position for tile in tiles if tile.camera_id not in known)
    if strange:
        message = f"There is no such camera in this city: see position {', '.join(map(str, strange))}."
        raise InvalidInput(message, field="tiles")
    if not tiles and not sees_whole(city_id):
        raise InvalidInput("Put at least one of your cameras on it: you would not find it without.", field="tiles")


def _replace_tiles(mosaic: Mosaic, tiles: Sequence[Tile]) -> None:
    _check_cameras(mosaic.city_id, tiles)
    with _moving_tiles():
        MosaicTile.objects.filter(mosaic=mosaic).delete()
        _put_tiles(mosaic, tiles)


def _put_tiles(mosaic: Mosaic, tiles: Sequence[Tile]) -> None:
    MosaicTile.objects.bulk_create(
        MosaicTile(mosaic=mosaic, city_id=mosaic.city_id, camera_id=tile.camera_id, position=tile.position)
        for tile in tiles
    )


def _read_names(tiles: Sequence[Tile]) -> dict[UUID, str]:
    """Give the names of cameras by their ids; of one that was just removed too."""
    wanted = {tile.camera_id for tile in tiles}
    return dict(Camera.objects.filter(pk__in=wanted).order_by().values_list("pk", "name"))
