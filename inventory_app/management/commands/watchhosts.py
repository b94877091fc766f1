from typing import Any

from django.core.management.base import BaseCommand

from inventory_app.run import main


class Command(BaseCommand):
    help = "Keep the inventory of every host equal to its engine. Runs until stopped."

    def handle(self, **_options: Any) -> None:
        main()
