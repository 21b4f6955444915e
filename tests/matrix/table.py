"""Reads docs/roles.md: the one place that says who may do what."""

from functools import cache
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "roles.md"
ROLES = ("viewer", "operator", "manager", "auditor")
ADMINISTRATOR = "platform administrator"
WITH_A_REASON = "with a reason"

Rows = dict[str, dict[str, str]]


@cache
def read_table(first_column: str) -> Rows:
    """Give the rows of the table whose first column is called so: by their name, what stands in each other column."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    start = next(number for number, line in enumerate(lines) if _cells(line)[0] == first_column)
    columns = _cells(lines[start])[1:]
    rows: Rows = {}
    for line in lines[start + 2 :]:
        name, *cells = _cells(line)
        if not name.startswith("`"):
            break  # the next table
        assert name not in rows, f"{name} stands twice in {PAGE}"
        rows[name.strip("`")] = dict(zip(columns, cells, strict=True))
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
