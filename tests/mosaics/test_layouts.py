"""How a layout is written, read and drawn."""

import pytest

from mosaics.layouts import Layout, read_layout
from mosaics.pages import draw, say_seconds


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("1x1", Layout(1, 1)),
        ("2x6", Layout(2, 6)),
        ("6x6", Layout(6, 6)),
        *[(text, None) for text in ("", "x", "0x1", "7x1", "1x7", "11x1", "1x1 ", "1X1", "٣x٣", "a", "1x1x1")],
    ],
)
def test_a_layout_is_read_or_means_nothing(text: str, layout: Layout | None) -> None:
    assert read_layout(text) == layout


def test_a_layout_is_written_as_it_is_read() -> None:
    assert (str(Layout(3, 4)), Layout(3, 4).tiles) == ("3x4", 12)


def test_an_icon_has_a_square_for_each_tile() -> None:
    assert draw(Layout(1, 2)) == "M0 0h11v24h-11zM13 0h11v24h-11z"
    assert draw(Layout(4, 4)).count("M") == 16


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "by hand"), (5, "every 5 s"), (90, "every 90 s"), (60, "every 1 min"), (300, "every 5 min")],
)
def test_how_long_a_page_is_shown_is_said(seconds: int, said: str) -> None:
    assert say_seconds(seconds) == said
