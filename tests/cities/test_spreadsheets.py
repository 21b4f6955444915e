"""No cell of our tables is a formula, whichever character a spreadsheet splits lines at, and each is read as it was."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cities.spreadsheets import arm, disarm

TEXTS = st.text(st.sampled_from([*"=+-@;,\"' \t\r\na1"]), max_size=12)


def split(rows: list[list[str]], between: str) -> list[str]:
    """Give the cells that a spreadsheet makes of the rows as we write them."""
    text = StringIO()
    csv.writer(text).writerows(rows)
    return [cell for row in csv.reader(StringIO(text.getvalue(), newline=""), delimiter=between) for cell in row]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Market square", "Market square"),
        ("R. A; fundos - lado B", "R. A; fundos - lado B"),
        ("=1+1", "'=1+1"),
        ("x;=cmd|'/c calc'!A1;", "x;'=cmd|'/c calc'!A1;"),
        ('x;"=1+1', "x;'\"=1+1"),
        ("x\n@sum;-1", "x\n'@sum;'-1"),
        ("'=1", "''=1"),
    ],
)
def test_what_begins_a_formula_is_text(text: str, written: str) -> None:
    assert (disarm(text), arm(written)) == (written, text)


@given(TEXTS)
def test_what_was_disarmed_is_read_as_it_was(text: str) -> None:
    assert arm(disarm(text)) == text


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=3), st.sampled_from(",;"))
def test_no_cell_is_a_formula_whatever_stands_between(rows: list[tuple[str, str, str]], between: str) -> None:
    cells = split([[disarm(text) for text in row] for row in rows], between)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
