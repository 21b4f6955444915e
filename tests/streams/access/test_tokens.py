"""Tokens for MediaMTX: what they allow, for how long, and that nobody else makes or changes one."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.signing import Signer
from hypothesis import given
from hypothesis import strategies as st

from streams.access.tokens import LASTS, Action, Grant, make_token, read_token
from tests.world import NOW

CAMERA = uuid4()
SECOND = timedelta(seconds=1)


def test_a_token_says_what_it_allows() -> None:
    token = make_token(Action.READ, CAMERA, 7, now=NOW)
    assert read_token(token) == Grant(Action.READ, CAMERA, 7, NOW + LASTS[Action.READ])
    assert make_token(Action.READ, CAMERA, 7, now=NOW) != token


@pytest.mark.parametrize("action", list(Action))
def test_it_is_good_for_one_thing_and_a_while(action: Action) -> None:
    grant = read_token(make_token(action, CAMERA, 7, now=NOW))
    assert grant is not None
    [other] = set(Action) - {action}
    assert grant.allows(action, CAMERA, NOW)
    assert grant.allows(action, CAMERA, NOW + LASTS[action] - SECOND)
    assert not grant.allows(action, CAMERA, NOW + LASTS[action])
    assert not grant.allows(other, CAMERA, NOW)
    assert not grant.allows(action, uuid4(), NOW)


@given(position=st.integers(0, 200), character=st.characters(codec="ascii", categories=["L", "Nd"]))
def test_a_changed_token_is_none(position: int, character: str) -> None:
    token = make_token(Action.READ, CAMERA, 7, now=NOW)
    position %= len(token)
    changed = token[:position] + character + token[position + 1 :]
    # The last letter of a signature in base64 holds two bits that mean nothing.
    assert changed == token or position == len(token) - 1 or read_token(changed) is None


@given(st.text())
def test_no_text_is_a_token(text: str) -> None:
    assert read_token(text) is None


def test_what_the_same_key_signs_elsewhere_is_none() -> None:
    assert read_token(Signer(sep=".").sign_object(["read", CAMERA.hex, 7, 2**33, "x"])) is None


def test_it_needs_no_quoting_in_a_query() -> None:
    token = make_token(Action.PUBLISH, CAMERA, None, now=NOW)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
