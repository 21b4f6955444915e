"""Tokens for programs: only a hash is kept, so a token is shown once, when it is made."""

from datetime import timedelta

from knox.models import get_token_model

from cities.models import User


def make_token(user: User, *, lasts: timedelta) -> str:
    """Make a token for a user and give it; nobody can read it again."""
    _, token = get_token_model().objects.create(user=user, expiry=lasts)
    return str(token)


def revoke_tokens(user: User) -> int:
    """Make every token of a user worthless at once; give how many there were."""
    count, _ = get_token_model().objects.filter(user=user).delete()
    return int(count)
