"""Tokens for programs: only a hash is kept, so a token is shown once, when it is made."""

from datetime import timedelta

from cities.errors import InvalidInput
from cities.models import ApiToken, User

LONGEST_DAYS = 3650
_LONGEST_NAME = 80


def make_token(user: User, *, lasts: timedelta, name: str = "unnamed") -> str:
    """Make a token for a user and give it; nobody can read it again. Raises InvalidInput (name, days)."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _LONGEST_NAME:
        raise InvalidInput("A token needs a name of 1 to 80 characters: say what it is for.", field="name")
    if lasts > timedelta(days=LONGEST_DAYS):
        raise InvalidInput("A token is good for 3650 days at most.", field="days")
    _, token = ApiToken.objects.create(user=user, name=cleaned, expiry=lasts)
    return str(token)


def revoke_token(user: User, digest: str) -> int:
    """Make one token of a user worthless at once; give how many there were of it: one, or none."""
    count, _ = ApiToken.objects.filter(user=user, digest=digest).delete()
    return int(count)


def revoke_tokens(user: User) -> list[str]:
    """Make every token of a user worthless at once; give their names."""
    found = ApiToken.objects.filter(user=user)
    names = sorted(found.values_list("name", flat=True))
    found.delete()
    return names
