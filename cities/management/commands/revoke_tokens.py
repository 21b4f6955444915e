"""`manage.py revoke_tokens USER`: make every token of a user worthless."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cities.models import User
from cities.tokens import revoke_tokens


class Command(BaseCommand):
    """Says how many tokens there were."""

    help = "Revoke every token of a user, at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.")
        self.stdout.write(f"{len(revoke_tokens(user))} tokens of {user.username} revoked")
