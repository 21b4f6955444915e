"""Cells of the tables (CSV) that people open in a spreadsheet: none of them is taken for a formula. Pure.

Between our cells stand commas. A spreadsheet of a country that writes decimals with commas (Brazil) splits each line at
its semicolons instead, and at every line's end, so that a formula may begin behind those too.
"""

import re

_BEGINNING = r"(^|[;\r\n])"
_FORMULA = r"""(?='*"*[=+\-@\t\r])"""
_ARMED = re.compile(_BEGINNING + _FORMULA)
_DISARMED = re.compile(f"{_BEGINNING}'{_FORMULA}")


def disarm(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would take for the beginning of a formula."""
    return _ARMED.sub(r"\1'", text)


def arm(text: str) -> str:
    """Take back what `disarm` did."""
    return _DISARMED.sub(r"\1", text)
