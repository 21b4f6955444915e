"""Which codecs a segment's file holds, read out of its head and remembered: a file's never change."""

from functools import lru_cache
from pathlib import Path

from footage.initialisation import list_codecs
from recording.holds.links import footage_file
from replay.media import open_footage

HEAD_BYTES = 1 << 16


def find_codecs(root: str, file: str, held_file: str) -> tuple[str, ...]:
    """Give the codecs as RFC 6381 spells them; nothing where the file is gone or cannot be read."""
    try:
        return _read_codecs(root, file, held_file)
    except OSError:
        return ()


@lru_cache(maxsize=4096)
def _read_codecs(root: str, file: str, held_file: str) -> tuple[str, ...]:
    with open_footage(Path(root), footage_file(Path(root), file, held_file)) as opened:
        return tuple(list_codecs(opened.read(HEAD_BYTES) or b""))
