"""Lists in pages with cursors: `{results, next, previous}`, steady while rows come and go."""

from base64 import b64decode
from collections.abc import Sequence
from functools import reduce
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class Pages(CursorPagination):
    """Pages by cursor; `ordering` must begin with a field that is unique in the list, or nearly so."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    page_size_query_description = f"Rows per page, 1 or more; at most {max_page_size} come."
    cursor_query_description = "Where the page begins; taken from `next` or `previous`."

    def get_page_size(self, request: Request) -> int:
        """Give the rows per page; ValidationError where what was asked for is no number."""
        asked = request.query_params.get(self.page_size_query_param)
        if not asked:
            return self.page_size
        if not (asked.isascii() and asked.isdecimal() and len(asked) <= 9 and int(asked) > 0):
            raise ValidationError({self.page_size_query_param: ["Send a whole number, 1 or more."]})
        return min(int(asked), self.max_page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Give the cursor, None on the first page; ValidationError for one that we cannot have made."""
        try:
            # What follows reads around characters that do not belong; we made none of those.
            b64decode(request.query_params.get(self.cursor_query_param, ""), validate=True)
            cursor = super().decode_cursor(request)
        except (NotFound, ValueError) as error:
            raise _bad_cursor() from error
        if cursor is not None and "\x00" in str(cursor.position):
            raise _bad_cursor()
        return cursor

    def _get_position_from_instance(self, instance: Any, ordering: Sequence[str]) -> str:
        """Give the value of the first ordering field, also where it stands in a related row."""
        return str(reduce(getattr, ordering[0].lstrip("-").split("__"), instance))


def _bad_cursor() -> ValidationError:
    return ValidationError(
        {"cursor": ["This is no cursor of ours; follow `next` and `previous`, or begin without one."]}
    )
