"""How a wall is divided: rows and columns, read from an address and written into one. Pure decisions."""

import re
from dataclasses import dataclass

MOST_A_SIDE = 6
MOST_TILES = 200
"""Places of a mosaic, on all its pages: as many cameras as a page asks the states of."""

FASTEST_ROTATION_SECONDS = 5
SLOWEST_ROTATION_SECONDS = 3600
_WRITTEN = re.compile(rf"([1-{MOST_A_SIDE}])x([1-{MOST_A_SIDE}])", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """Rows and columns of a wall, 1 to 6 each."""

    rows: int
    columns: int

    @property
    def tiles(self) -> int:
        """How many cameras it shows at once."""
        return self.rows * self.columns

    def __str__(self) -> str:
        return f"{self.rows}x{self.columns}"


COMMON = tuple(Layout(side, side) for side in (1, 2, 3, 4))
"""What one button each chooses: 1, 4, 9 and 16 cameras."""


def read_layout(text: str) -> Layout | None:
    """Read "rows x columns" ("3x4"); None for what means nothing."""
    found = _WRITTEN.fullmatch(text)
    return Layout(int(found[1]), int(found[2])) if found else None
