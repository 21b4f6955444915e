"""`manage.py create_token USER`: make a token for a program that calls the API."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cities.errors import InvalidInput
from cities.models import User
from cities.tokens import make_token


class Command(BaseCommand):
    """Prints the token, and nothing else, on standard output."""

    help = "Make a token for a user. It is shown once: only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="made by manage.py create_token", help="what it is for")
        parser.add_argument("--days", type=int, default=365, help="how long it is good for (default: 365)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user {options['username']!r}; make one in the admin first.")
        if options["days"] < 1:
            raise CommandError("--days must be 1 or more.")
        try:
            token = make_token(user, name=options["name"], lasts=timedelta(days=options["days"]))
        except InvalidInput as refused:
            raise CommandError(f"--{refused.field}: {refused.message}") from refused
        self.stderr.write(
            f"Token of {user.username} (X-User-ID: {user.pk}), good for {options['days']} days, shown once:"
        )
        self.stdout.write(token)
