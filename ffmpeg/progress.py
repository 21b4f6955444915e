"""Reading what ffmpeg writes with `-progress`: how far it has come, so that a standstill can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

_LONGEST_LINE = 4_096


@dataclass(frozen=True)
class Progress:
    """One report of ffmpeg, about one a second."""

    out_time_us: int | None
    """Microseconds of stream written so far; None while ffmpeg does not know (it prints N/A)."""
    frames: int
    """Pictures written so far."""
    total_bytes: int | None
    """Bytes written so far; None over RTSP, where ffmpeg cannot tell."""
    at: datetime
    """When we read it."""

    def has_moved_since(self, earlier: Progress | None) -> bool:
        """Tell whether pictures were written between `earlier` and this report."""
        return earlier is None or self.frames != earlier.frames


@dataclass
class ProgressParser:
    """Takes the output in pieces of any size and gives the reports that became complete."""

    _unfinished: str = ""
    _values: dict[str, str] = field(default_factory=dict)

    def feed(self, text: str, now: datetime) -> list[Progress]:
        """Take the next piece of output; give the reports completed by it, oldest first."""
        *lines, rest = (self._unfinished + text).split("\n")
        self._unfinished = rest[-_LONGEST_LINE:]
        return [report for line in lines if (report := self._take_line(line, now)) is not None]

    def _take_line(self, line: str, now: datetime) -> Progress | None:
        name, equals, value = line.strip().partition("=")
        if not equals:
            return None
        if name != "progress":
            if name in _KEPT:
                self._values[name] = value.strip()
            return None
        values, self._values = self._values, {}
        return Progress(
            out_time_us=_whole_number(values.get("out_time_us")),
            frames=_whole_number(values.get("frame")) or 0,
            total_bytes=_whole_number(values.get("total_size")),
            at=now,
        )


_KEPT = {"out_time_us", "frame", "total_size"}


def _whole_number(text: str | None) -> int | None:
    if text is None or len(text) > 20 or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        return None
    try:
        return int(text)
    except ValueError:
        return None
