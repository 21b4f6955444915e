"""What the wall's page shows: which cameras in which places, by which layout, and what its toolbar offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from cameras.models import Camera
from cameras.search import CameraSearch
from cities.errors import NotThere
from mosaics.layouts import COMMON, MOST_A_SIDE, MOST_TILES, Layout, read_layout
from mosaics.models import Mosaic
from mosaics.queries import find_cameras, find_mosaic, list_cameras_of

CARDS_PER_PAGE = 48
_ROTATIONS = (0, 10, 20, 30, 60, 300)
_LAYOUT_KEYS = {"layout", "rows", "columns", "mosaic", "page"}
_DRAWING_SIZE = 24


@dataclass(frozen=True)
class Shown:
    """Cameras in their places; without a `layout` they are a list of cards in pages, `page` being one of these."""

    placed: list[tuple[int, Camera]]
    layout: Layout | None = None
    mosaic: Mosaic | None = None
    page: Page[Camera] | None = None
    is_cut_off: bool = False

    @property
    def rotation_seconds(self) -> int:
        """How long each page of tiles is shown; 0: until somebody turns it."""
        return self.mosaic.rotation_seconds if self.mosaic else 0


def choose_shown(parameters: Mapping[str, str], wanted: CameraSearch) -> Shown:
    """Give what the address asks for: a mosaic, the found cameras in tiles, or a page of them as cards.

    Raises NotThere for a mosaic that is none of the city's.
    """
    if parameters.get("mosaic"):
        mosaic = find_mosaic(_read_id(parameters["mosaic"]))
        return Shown(list_cameras_of(mosaic), _read_layout(parameters) or mosaic.layout, mosaic)
    layout = _read_layout(parameters)
    if layout is None:
        page = Paginator(find_cameras(wanted), CARDS_PER_PAGE).get_page(parameters.get("page"))
        return Shown(list(enumerate(page)), page=page)
    cameras = list(find_cameras(wanted)[: MOST_TILES + 1])
    return Shown(list(enumerate(cameras[:MOST_TILES])), layout, is_cut_off=len(cameras) > MOST_TILES)


def describe_bar(shown: Shown, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Give what the toolbar's template needs of layouts and rotation."""
    kept = [(name, value) for name, value in parameters.items() if name not in _LAYOUT_KEYS]
    with_mosaic = [*kept, *([("mosaic", str(shown.mosaic.pk))] if shown.mosaic else [])]
    return {
        "layout": shown.layout,
        "layouts": [{"layout": layout, "drawing": draw(layout)} for layout in COMMON],
        "is_custom": shown.layout is not None and shown.layout not in COMMON,
        "sides": range(1, MOST_A_SIDE + 1),
        "list_address": f"/?{urlencode(kept)}" if kept else "/",
        "kept_query": with_mosaic,
        "query_without_layout": f"{urlencode(with_mosaic)}&" if with_mosaic else "",
        "rotations": [(seconds, say_seconds(seconds)) for seconds in sorted({*_ROTATIONS, shown.rotation_seconds})],
        "rotation_seconds": shown.rotation_seconds,
    }


def say_seconds(seconds: int) -> str:
    """Say how long a page is shown."""
    if not seconds:
        return _("by hand")
    if seconds % 60:
        return _("every %(count)d s") % {"count": seconds}
    return _("every %(count)d min") % {"count": seconds // 60}


def draw(layout: Layout) -> str:
    """Give the layout's icon as an SVG path in a square of 24."""
    width, height = ((_DRAWING_SIZE - 2 * (side - 1)) / side for side in (layout.columns, layout.rows))
    places = [(column, row) for row in range(layout.rows) for column in range(layout.columns)]
    corners = [(column * (width + 2), row * (height + 2)) for column, row in places]
    return "".join(f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z" for x, y in corners)


def _read_layout(parameters: Mapping[str, str]) -> Layout | None:
    sides = f"{parameters.get('rows', '')}x{parameters.get('columns', '')}"
    return read_layout(parameters.get("layout", "")) or read_layout(sides)


def _read_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotThere("no mosaic of this id") from error


def read_ids(text: str, most: int) -> Iterable[UUID]:
    """Read ids with commas between, at most so many; what is none is left out."""
    for each in text.split(",")[:most]:
        try:
            yield UUID(each)
        except ValueError:
            continue
