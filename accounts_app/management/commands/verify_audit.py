from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts_app.audit import first_broken


class Command(BaseCommand):
    help = "Check the audit trail; exit status 1 and the first bad row if it was altered."

    def handle(self, **_options: Any) -> None:
        if broken := first_broken():
            raise CommandError(f"The audit trail was altered at row {broken}.")
        print("The audit trail is whole.")
