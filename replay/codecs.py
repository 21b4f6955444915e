"""Which codecs a segment's file holds, read out of its head and remembered: once they are there they never change."""

from functools import lru_cache
from pathlib import Path

from footage.errors import FootageError
from footage.initialisation import list_codecs
from recording.holds.links import footage_file
from replay.media import open_footage

HEAD_BYTES = 1 << 16


class _NoCodecs(FootageError):
    """A head that names none, as long as it is not written; not to be remembered."""


def find_codecs(root: str, file: str, held_file: str) -> tuple[str, ...]:
    """Give the codecs as RFC 6381 spells them; nothing where the file is gone or cannot be read."""
    try:
        return _read_codecs(root, file, held_file)
    except (OSError, _NoCodecs):
        return ()


@lru_cache(maxsize=4096)
def _read_codecs(root: str, file: str, held_file: str) -> tuple[str, ...]:
    with open_footage(Path(root), footage_file(Path(root), file, held_file)) as opened:
        found = tuple(list_codecs(opened.read(HEAD_BYTES) or b""))
    if not found:
        raise _NoCodecs(file)
    return found
