"""Compares a table with the cameras that are there, and says what an import would do. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ffmpeg.sources import SourceUrl, mask_secret_parameters
from inventory.imports.sheet import Line, Mistake

NEW, CHANGED, SAME = "new", "changed", "same"


@dataclass(frozen=True)
class Known:
    """A camera as it is: `shown` is its address for people, `source` the whole one where it could be opened."""

    id: str
    name: str
    location: str
    shown: str
    source: SourceUrl | None
    sealed: str = ""


@dataclass(frozen=True)
class Field:
    """One field that changes, as people see it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Step:
    """What an import does with one line. `wanted` is handed to the service and may hold credentials."""

    line: int
    kind: str
    name: str
    camera_id: str
    fields: tuple[Field, ...]
    wanted: Mapping[str, str]


def plan_steps(lines: Iterable[Line], known: Iterable[Known]) -> tuple[list[Step], list[Mistake]]:
    """Say for each line whether its camera is new, changed or the same; mistakes where that cannot be said."""
    by_name = {each.name.lower(): each for each in known}
    steps, mistakes = [], []
    for line in lines:
        there = by_name.get(line.name.lower())
        if _holds_mask(line, there):
            mistakes.append(Mistake(line.number, "source_url", _repeated_mask()))
        else:
            steps.append(_compare(line, there) if there else _add(line))
    return steps, mistakes


def digest_cameras(known: Iterable[Known]) -> str:
    """Give a short text that changes with any camera that an import could touch."""
    rows = sorted([each.id, each.name, each.location, each.shown, each.sealed] for each in known)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def describe_steps(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Give what people see of the steps: no credentials."""
    return [
        {
            "line": each.line,
            "kind": each.kind,
            "name": each.name,
            "fields": [{"name": field.name, "before": field.before, "after": field.after} for field in each.fields],
        }
        for each in steps
    ]


def _add(line: Line) -> Step:
    wanted = {"name": line.name, "location": line.location, "source_url": line.source.full if line.source else ""}
    shown = [Field("location", "", line.location), Field("source_url", "", _show(line.source))]
    return Step(line.number, NEW, line.name, "", tuple(field for field in shown if field.after), wanted)


def _compare(line: Line, there: Known) -> Step:
    wanted: dict[str, str] = {}
    fields: list[Field] = []
    if line.name != there.name:
        wanted["name"] = line.name
        fields.append(Field("name", there.name, line.name))
    if line.location and line.location != there.location:
        wanted["location"] = line.location
        fields.append(Field("location", there.location, line.location))
    if line.source and not _is_same_source(line.source, there):
        wanted["source_url"] = line.source.full
        before, after = there.shown, _show(line.source)
        fields += [Field("source_url", before, after)] if before != after else [Field("credentials", "•••", "•••")]
    return Step(line.number, CHANGED if fields else SAME, line.name, there.id, tuple(fields), wanted)


def _is_same_source(source: SourceUrl, there: Known) -> bool:
    """An address that tells no secret, and is the one that is shown, keeps the credentials that are there."""
    if not source.has_secret:
        return source.full == there.shown
    return (there.source is not None and source.full == there.source.full) or (
        not source.username and not source.password and source.full == there.shown
    )


def _holds_mask(line: Line, there: Known | None) -> bool:
    if line.source is None or "=***" not in line.source.full:
        return False
    return there is None or line.source.full != there.shown


def _show(source: SourceUrl | None) -> str:
    return mask_secret_parameters(source.redacted) if source else ""


def _repeated_mask() -> str:
    return _("The address holds *** in place of a secret, which we do not repeat: type the whole address again.")
