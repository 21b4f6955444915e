"""Durations as MediaMTX writes and reads them: "7d", "168h0m0s", "1d12h", "0s"."""

import re

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DAYS = re.compile(r"([0-9]{1,9})d", re.ASCII)
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> float:
    """Give the seconds of a duration: whole days first, if any, then what Go takes. Raises ValueError."""
    days = _DAYS.match(text)
    rest = text[days.end() :] if days else text
    parts = list(_PART.finditer(rest))
    if "".join(part[0] for part in parts) != rest and rest != "0":
        raise _no_duration(text)
    if not text:
        raise _no_duration(text)
    return (int(days[1]) * 86_400.0 if days else 0.0) + sum(float(part[1]) * _SECONDS[part[2]] for part in parts)


def read_duration(answer: object) -> float:
    """Give the seconds of a duration in an answer of MediaMTX v1.20.1, which writes 0s as "". Raises ValueError."""
    if not isinstance(answer, str):
        raise _no_duration(repr(answer))
    return parse_duration(answer) if answer else 0.0


def _no_duration(text: str) -> ValueError:
    return ValueError(f"{text!r} is no duration such as 7d, 36h or 0s")
