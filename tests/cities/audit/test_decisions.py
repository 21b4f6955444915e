"""The chain of the audit log: whatever is changed, taken out or put in, it shows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cities.audit.decisions import FIRST, Link, digest_link, find_break

AT = datetime(2026, 1, 27, 12, 0, tzinfo=UTC)


def make_chain(length: int) -> list[tuple[Link, str]]:
    chain: list[tuple[Link, str]] = []
    previous = FIRST
    for number in range(1, length + 1):
        link = Link(
            *("city", number, AT, 7, "operator", "10.0.0.9", "recording_on", "camera", "id", f"Camera {number}"),
            *("a reason", {"to": "ON"}, previous),
        )
        previous = digest_link(link)
        chain.append((link, previous))
    return chain


def test_a_whole_chain_has_no_break() -> None:
    assert (find_break([]), find_break(make_chain(5))) == ("", "")


CHANGES: dict[str, Any] = {
    "at": AT.replace(second=1),
    "actor_id": 8,
    "actor": "somebody",
    "address": "10.0.0.8",
    "action": "recording_off",
    "subject_id": "another",
    "subject": "Another",
    "reason": "",
    "facts": {"to": "OFF"},
    "city": "other",
}


@pytest.mark.parametrize(("name", "value"), CHANGES.items(), ids=CHANGES)
def test_a_changed_entry_shows(name: str, value: Any) -> None:
    chain = make_chain(5)
    link, digest = chain[2]
    chain[2] = replace(link, **{name: value}), digest
    assert find_break(chain) == "entry 3 was changed"


def test_a_changed_entry_with_a_new_digest_shows_at_the_next() -> None:
    chain = make_chain(5)
    forged = replace(chain[2][0], actor="somebody")
    chain[2] = forged, digest_link(forged)
    assert find_break(chain) == "entry 4 does not follow the entry before it"


@given(length=st.integers(2, 8), data=st.data())
def test_an_entry_taken_out_shows_unless_it_was_the_last(length: int, data: st.DataObject) -> None:
    chain = make_chain(length)
    del chain[data.draw(st.integers(0, length - 2))]
    assert find_break(chain) != ""


def test_an_hour_in_another_zone_is_the_same_moment() -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 -- only here

    link = make_chain(1)[0][0]
    assert digest_link(replace(link, at=AT.astimezone(ZoneInfo("America/Sao_Paulo")))) == digest_link(link)
