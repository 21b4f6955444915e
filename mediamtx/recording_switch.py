"""The cameras that MediaMTX is not to record, as entries under `paths` of its configuration; text in, text out."""

import re
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from .errors import ForeignConfig

NAMES_IN_A_PAGE_BYTES = 8_000_000
"""What the names of our entries may add to one page of /v3/paths/list, which repeats the whole name of its entry for
every live path. Measured with MediaMTX v1.20.1: one entry of 10,000 cameras is in force 0.3 s after the file changed,
but makes its name 370 kB and the page 3.7 GB. On the other hand MediaMTX's cleaner walks all recordings once for each
entry, so there are no more of them than the page wants: one up to 464 cameras, 477 for 10,000 cameras, and finding a
path's entry among those takes 0.1 ms."""

_ID_BYTES = 37
_HEADER = "# MediaMTX v"
_SECTION = "\npaths:\n"
_OTHERS = "  all_others: {}\n"
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(rf"~\^stream_\(({_ID}(?:\|{_ID})*)\)\$", re.ASCII)
_ENTRY = re.compile(rf'  \? "({_NAME.pattern})"\n  : \{{record: no\}}\n', re.ASCII)


def compose_paths(off: Collection[UUID]) -> str:
    """Give the section `paths`: entries that switch these cameras' recording off, and all others as they were.

    Only `record` differs between the entries: MediaMTX moves a live path between them without touching its picture.
    They are written with `?` because YAML lets a key without it have 1,024 characters.
    """
    entries = (f'  ? "{name}"\n  : {{record: no}}\n' for name in compose_names(off))
    return f"paths:\n{''.join(entries)}{_OTHERS}"


def compose_names(off: Collection[UUID]) -> list[str]:
    """Give the names of the entries: anchored, sorted, as few as keep a page within NAMES_IN_A_PAGE_BYTES."""
    ids = sorted(str(camera_id) for camera_id in off)
    size = max(1, NAMES_IN_A_PAGE_BYTES // (_ID_BYTES * len(ids))) if ids else 1
    return [f"~^stream_({'|'.join(ids[first : first + size])})$" for first in range(0, len(ids), size)]


def read_off(text: str) -> frozenset[UUID]:
    """Give the cameras that a configuration switches off; raises ForeignConfig where it is not one of ours."""
    return _read_entries(_split(text)[1])


def replace_off(text: str, off: Collection[UUID]) -> str:
    """Give the configuration with these cameras switched off and nothing else changed.

    Raises ForeignConfig where the text is not one of ours: MediaMTX ends on an invalid file and drops everybody on an
    empty one, so what was not understood is not touched.
    """
    head, section = _split(text)
    _read_entries(section)
    return f"{head}\n{compose_paths(off)}"


def read_off_in_force(entries: Iterable[dict[str, Any]]) -> frozenset[UUID]:
    """Give the cameras that a running MediaMTX switches off, out of its answer to /v3/config/paths/list."""
    names = (_NAME.fullmatch(str(entry.get("name"))) for entry in entries if entry.get("record") is False)
    return frozenset(camera_id for name in names if name for camera_id in _read_ids(name[1]))


def _split(text: str) -> tuple[str, str]:
    """Give what stands before the section `paths`, and what stands under it."""
    head, found, section = text.partition(_SECTION)
    if not text.startswith(_HEADER) or not found or "\npathDefaults:\n" not in head:
        raise ForeignConfig("it is not the configuration that the VMS writes; start the VMS anew to have it written")
    return head, section


def _read_entries(section: str) -> frozenset[UUID]:
    entries = section.removesuffix(_OTHERS)
    matches = list(_ENTRY.finditer(entries))
    if entries == section or "".join(match[0] for match in matches) != entries:
        raise ForeignConfig("it holds entries under `paths` that the VMS did not write; take them out")
    return frozenset(camera_id for match in matches for camera_id in _read_ids(match[2]))


def _read_ids(alternatives: str) -> list[UUID]:
    return [UUID(text) for text in alternatives.split("|")]
