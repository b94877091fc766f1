from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts_app.audit import first_broken, head, holds


class Command(BaseCommand):
    help = "Check the audit trail; exit status 1 and the first bad row if it was altered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchor",
            default="",
            help="A head of the trail from our log, number:mac; shows whether its end was cut.",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if broken := first_broken():
            raise CommandError(f"The audit trail was altered at row {broken}.")
        if not holds(options["anchor"]):
            raise CommandError("The row of this anchor is no longer there: the trail was cut.")
        print(f"The audit trail is whole; its head is {head()}.")
