"""The head of a segment's file, which players need before any part of it."""

import logging
import os
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from footage.initialisation import hide_sound
from recording.holds.links import footage_file
from replay.media import open_footage

logger = logging.getLogger(__name__)

LONGEST_HEAD = 1 << 20
LONGEST_INSIDE = 1 << 16
"""A longer one is not put into a playlist: they have one to four thousand bytes."""


class FirstGroup(NamedTuple):
    """Which bytes of a file are shown first, and how many its head has."""

    offset: int
    size: int
    init_bytes: int


def read_head(file: FileIO, init_bytes: int) -> bytes:
    """Give the head as players get it, of a file that stands at its beginning."""
    return hide_sound(file.read(min(init_bytes, LONGEST_HEAD)) or b"")


def fetch_first(root: str, file: str, held_file: str, group: FirstGroup) -> bytes:
    """Give a file's head, and have the disk fetch the group meanwhile: its player asks for that next.

    Nothing where the file is gone or cannot be read, and of a head that is too long.
    """
    if group.init_bytes > LONGEST_INSIDE:
        return b""
    try:
        with open_footage(Path(root), footage_file(Path(root), file, held_file)) as opened:
            _fetch(opened.fileno(), group)
            return read_head(opened, group.init_bytes)
    except OSError as error:
        logger.warning("%s cannot be read ahead: %s", file, error)
        return b""


def _fetch(descriptor: int, group: FirstGroup) -> None:
    if hasattr(os, "posix_fadvise"):  # macOS has none, and reads when it is asked
        os.posix_fadvise(descriptor, group.offset, group.size, os.POSIX_FADV_WILLNEED)
