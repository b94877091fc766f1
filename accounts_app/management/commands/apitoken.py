from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts_app import audit
from accounts_app.models import ApiToken
from accounts_app.selectors import user_named
from accounts_app.tokens import new_token
from core.errors import NotFound


class Command(BaseCommand):
    help = "Print a new API token of a user, once, alone on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--scope", choices=list(ApiToken.SCOPES), default="read")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            user = user_named(options["username"])
        except NotFound as error:
            raise CommandError(error.message) from error
        with transaction.atomic():
            audit.record(user, "token.create", target_name="manage.py", outcome="succeeded")
            _row, token = new_token(user, "manage.py", options["scope"], hosts=None, expires=None)
        print(token)
