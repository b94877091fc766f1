from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts_app.selectors import admin_exists
from accounts_app.services import new_setup_token


class Command(BaseCommand):
    help = "Print a new one-time token for the setup page."

    def handle(self, **_options: Any) -> None:
        if admin_exists():
            raise CommandError("There is an administrator already: the setup page is closed.")
        print(new_setup_token())
