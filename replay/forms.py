"""The forms in which footage is given: `?as=` of a playlist."""

from collections.abc import Mapping

from cities.errors import InvalidInput
from footage.playlist import ORIGINAL, TRANSCODED, Form

FORMS: dict[str, Form] = {"": ORIGINAL, "h264": TRANSCODED}
"""By the word that asks for them."""


def read_form(asked: Mapping[str, str]) -> Form:
    """Give the form asked for, the original where none is; InvalidInput for one that there is not."""
    form = FORMS.get(asked.get("as", ""))
    if form is None:
        others = " or ".join(sorted(word for word in FORMS if word))
        raise InvalidInput(f"Send {others}, or leave it out." if others else "Leave this out.", field="as")
    return form
