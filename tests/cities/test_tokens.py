"""Tokens: hashed, shown once, and worthless once expired or revoked."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cities.models import ApiToken
from cities.tokens import make_token, revoke_tokens
from tests.world import ApiClient, World

ELSEWHERE = "203.0.113.9"
YEAR = timedelta(days=365)


def look_with(world: World, token: str) -> int:
    """Give the status of a look at the cameras from far away, with this token."""
    client = ApiClient(world.viewer, world.city)
    answer = client.get("/api/v1/cameras", REMOTE_ADDR=ELSEWHERE, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def test_the_token_itself_is_stored_nowhere(world: World) -> None:
    token = make_token(world.viewer, lasts=YEAR)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(cities_apitoken)::text FROM cities_apitoken")
        (text,) = cursor.fetchone()
    assert len(token) == 64
    assert token not in text
    # The beginning is kept in clear to find the row; what is left unknown is 49 hex digits, 196 bits.
    assert token[16:] not in text


def test_an_expired_token_is_worthless(world: World) -> None:
    token = make_token(world.viewer, lasts=timedelta(seconds=-1))
    assert (look_with(world, token), ApiToken.objects.count()) == (401, 0)


def test_a_revoked_token_is_worthless_at_once(world: World) -> None:
    first, second, other = (make_token(user, lasts=YEAR) for user in (world.viewer, world.viewer, world.owner))
    assert (look_with(world, first), look_with(world, second)) == (200, 200)
    assert revoke_tokens(world.viewer) == ["unnamed", "unnamed"]
    assert (look_with(world, first), look_with(world, second)) == (401, 401)
    assert look_with(world, other) == 403


def test_the_command_prints_the_token_alone(world: World) -> None:
    out, notes = StringIO(), StringIO()
    call_command("create_token", "viewer", "--days", "30", stdout=out, stderr=notes)
    assert look_with(world, out.getvalue().strip()) == 200
    assert out.getvalue().count("\n") == 1
    assert f"X-User-ID: {world.viewer.pk}" in notes.getvalue()
    token = ApiToken.objects.get()
    assert (token.expiry - token.created).days in {29, 30}
    call_command("revoke_tokens", "viewer", stdout=out)
    assert ApiToken.objects.count() == 0


@pytest.mark.parametrize("arguments", [["nobody"], ["viewer", "--days", "0"], ["viewer", "--days", "99999"]])
def test_the_command_refuses_nonsense(world: World, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_token", *arguments)
    assert ApiToken.objects.count() == 0


def test_the_revoking_command_names_whom_it_does_not_know(db: Any) -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("revoke_tokens", "nobody")
