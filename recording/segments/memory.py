"""What this process remembers of growing files, so that a look reads only what is new of them."""

from collections import OrderedDict
from datetime import datetime

from footage.growing import Memory, read_growing
from footage.reader import read_segment
from recording.segments.decisions import DiskFile, SegmentFacts, is_finished, judge_file, judge_growth
from recording.states import SegmentState

MOST_REMEMBERED = 5_000
"""Files, of a few kB each; those looked at longest ago are forgotten first and read from their beginning again."""

_known: OrderedDict[str, Memory] = OrderedDict()


def read_file(root: str, file: DiskFile, now: datetime) -> SegmentFacts:
    """Read a file and give its row: what grows from where this process left it, what is sealed from its beginning.

    Raises OSError.
    """
    path = f"{root}/{file.file}"
    memory = _known.pop(path, None)
    if is_finished(file, now):
        return judge_file(file, read_segment(path), now)
    growth = read_growing(path, memory)
    facts = judge_growth(file, growth.reading, growth.packed, now)
    if facts.state != SegmentState.OPEN:
        return judge_file(file, read_segment(path) if growth.reading.before else growth.reading, now)
    if facts.state == SegmentState.OPEN and growth.memory:
        _remember(path, growth.memory)
    return facts


def forget_all() -> None:
    """Read every file from its beginning next time."""
    _known.clear()


def _remember(path: str, memory: Memory) -> None:
    _known[path] = memory
    if len(_known) > MOST_REMEMBERED:
        _known.popitem(last=False)
