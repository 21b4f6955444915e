"""Keeps an import as it was shown, and applies exactly that: all of it, or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cameras.credentials import CredentialsLost
from cameras.models import Camera
from cameras.networks import check_source, list_names
from cameras.queries import cameras_in_scope
from cameras.services import SourceJudge, add_camera, change_camera, shown_source_url, source_of
from cities.access import Access
from cities.errors import Conflict, InvalidInput
from cities.models import City
from ffmpeg.checking import Lookup, lookup_host
from ffmpeg.errors import UnsafeSource
from ffmpeg.sources import parse_source_url
from inventory.errands import find_errand, finish_errand, make_errand, read_content
from inventory.imports.hosts import look_up_hosts
from inventory.imports.plan import CHANGED, NEW, SAME, Known, Step, describe_steps, digest_cameras, plan_steps
from inventory.imports.sheet import Mistake, read_sheet
from inventory.models import Errand, ErrandKind


@dataclass(frozen=True)
class Trial:
    """What a dry run gave: an errand to confirm, or the mistakes that keep it from being one."""

    errand: Errand | None
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Shown:
    """What people see of an import: its steps without credentials, and how many of each kind."""

    steps: list[dict[str, Any]]
    counts: dict[str, int]


def try_import(access: Access, text: str, now: datetime, lookup: Lookup = lookup_host) -> Trial:
    """Say what an import of this table would do, and keep it for the confirmation; nothing is changed."""
    sheet = read_sheet(text)
    known = _read_known()
    steps, more = plan_steps(sheet.lines, known)
    mistakes = (*sheet.mistakes, *more, *_judge_places(access.city, steps, lookup))
    if mistakes:
        return Trial(None, tuple(sorted(mistakes, key=lambda each: each.line)))
    kept: dict[str, Any] = {"digest": digest_cameras(known), "steps": [_keep(step) for step in steps]}
    kept |= {"shown": describe_steps(steps), "counts": _count(steps)}
    return Trial(make_errand(access, ErrandKind.IMPORT, kept, now), ())


def show_import(errand: Errand) -> Shown:
    """Give what an import does, or did."""
    content = read_content(errand)
    return Shown(content["shown"], content["counts"])


def apply_import(access: Access, errand_id: UUID, now: datetime, lookup: Lookup = lookup_host) -> Errand:
    """Do what was shown, all of it or nothing; Conflict where cameras changed meanwhile, or it was done already."""
    steps = _read_open(find_errand(access, errand_id, ErrandKind.IMPORT, now))["steps"]
    # Before the transaction: it locks every camera of the city, and whoever switches one must not wait for names.
    judge = _prepare_judge(access.city, (step["wanted"] for step in steps), lookup)
    with transaction.atomic():
        errand = find_errand(access, errand_id, ErrandKind.IMPORT, now, to_change=True)
        content = _read_open(errand)
        list(Camera.objects.select_for_update(of=("self",)).filter(removed_at=None).order_by("pk").values_list("pk"))
        if digest_cameras(_read_known()) != content["digest"]:
            raise Conflict("Cameras changed since this was shown: nothing was imported. Try the table again.")
        for step in content["steps"]:
            _apply(access, step, judge, now)
        finish_errand(errand, {"shown": content["shown"], "counts": content["counts"]}, now)
    return errand


def _read_open(errand: Errand) -> dict[str, Any]:
    if errand.done_at is not None:
        raise Conflict("This import was done already.")
    return read_content(errand)


def _apply(access: Access, step: dict[str, Any], judge: SourceJudge, now: datetime) -> None:
    try:
        if step["kind"] == NEW:
            add_camera(access.city, **step["wanted"], by=access.user, now=now, judge=judge)
        elif step["kind"] == CHANGED:
            camera = cameras_in_scope().get(pk=step["camera_id"])
            change_camera(camera, **step["wanted"], by=access.user, now=now, judge=judge)
    except (InvalidInput, Conflict) as refused:
        told = _("Nothing was imported. Line %(line)d: %(why)s") % {"line": step["line"], "why": _(refused.message)}
        raise InvalidInput(told, field=refused.field) from refused


def _read_known() -> list[Known]:
    return [
        Known(
            id=str(camera.pk),
            name=camera.name,
            location=camera.location,
            shown=shown_source_url(camera),
            source=_open(camera),
            sealed=camera.source_credentials,
        )
        for camera in cameras_in_scope()
    ]


def _open(camera: Camera) -> Any:
    if not camera.source_url:
        return None
    try:
        return source_of(camera)
    except (CredentialsLost, UnsafeSource):
        return None


def _judge_places(city: City, steps: Iterable[Step], lookup: Lookup) -> Iterable[Mistake]:
    placed = [step for step in steps if step.wanted.get("source_url")]
    judge = _prepare_judge(city, (step.wanted for step in placed), lookup)
    for step in placed:
        try:
            judge(city, parse_source_url(step.wanted["source_url"]))
        except InvalidInput as refused:
            yield Mistake(step.line, "source_url", _(refused.message))


def _prepare_judge(city: City, wanted: Iterable[Mapping[str, str]], lookup: Lookup) -> SourceJudge:
    """Give what judges these sources, all names looked up at once; one not known by then is the ingest's to judge."""
    sources = [parse_source_url(url) for each in wanted if (url := each.get("source_url"))]
    found = look_up_hosts(list_names(city, sources), lookup)
    return partial(check_source, lookup=found)


def _keep(step: Step) -> dict[str, Any]:
    kept = asdict(step)
    return {name: kept[name] for name in ("line", "kind", "camera_id", "wanted")}


def _count(steps: Iterable[Step]) -> dict[str, int]:
    kinds = [step.kind for step in steps]
    return {kind: kinds.count(kind) for kind in (NEW, CHANGED, SAME)}
