"""What is in the page cache, and what has left it."""

import mmap
import os
from pathlib import Path

from bench.page_cache import count_resident, evict

PAGES = 5


def test_what_was_just_written_is_resident_and_what_was_evicted_is_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom((PAGES - 1) * mmap.PAGESIZE + 1))
    descriptor = os.open(file, os.O_RDONLY)
    before, is_gone, after = count_resident(descriptor), evict(file), count_resident(descriptor)
    os.close(descriptor)
    assert (before, after) == (PAGES, 0 if is_gone else PAGES)
