import json
from typing import Any

from django.core.management.base import BaseCommand

from dashboard.api import document


class Command(BaseCommand):
    help = "Print the OpenAPI document, as kept in docs/openapi.json."

    def handle(self, *_args: Any, **_options: Any) -> None:
        print(json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True))
