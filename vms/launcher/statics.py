"""Whether the static files must be brought together again: it takes 10 s, and seldom anything has changed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

SOURCES_OF_CHANGE = ("requirements.txt", "vms/settings.py")
"""Packages bring static files too, and are pinned in the one; the other says what is done to them."""


def describe_static_sources(checkout: Path, assets: Path) -> str:
    """A digest that differs as soon as a static file of ours, a pinned package or a setting has changed.

    `assets` holds the files that are got at install; it need not be there.
    """
    digest = hashlib.sha256()
    for name in SOURCES_OF_CHANGE:
        digest.update((checkout / name).read_bytes())
    for path in sorted(_list_static_files(checkout)):
        found = path.stat()
        digest.update(f"{path.relative_to(checkout)} {found.st_size} {found.st_mtime_ns}\n".encode())
    for path in sorted(path for path in assets.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(assets)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def are_collected(data: Path, digest: str) -> bool:
    """Whether the static files in the data folder were made from what the digest describes."""
    note = data / "static.digest"
    return (data / "static" / "staticfiles.json").exists() and note.exists() and note.read_text() == digest


def has_collected(data: Path) -> bool:
    """Whether an earlier start came so far as to bring static files together."""
    return (data / "static.digest").exists()


def note_collected(data: Path, digest: str) -> None:
    """Remember what the static files were made from, once they are all there."""
    (data / "static.digest").write_text(digest)


def _list_static_files(checkout: Path) -> Iterator[Path]:
    for folder in (checkout / "static", *checkout.glob("[!.]*/static")):
        if not folder.is_relative_to(checkout / "data"):
            yield from (path for path in folder.rglob("*") if path.is_file())
