"""Seals every stored secret anew with the first of CREDENTIAL_KEYS, while everything runs (F1)."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model

from accounts_app import audit
from core.sealed import CannotUnseal, keyring, seal, unseal


class Command(BaseCommand):
    help = "Seal every stored secret anew with the first of CREDENTIAL_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        newest = next(iter(keyring()))
        done, lost = 0, []
        for model, column in sealed_columns():
            old = model._default_manager.exclude(  # noqa: SLF001 - the only general way
                **{f"{column}__startswith": f"v1:{newest}:"}
            ).exclude(**{column: ""})
            for row in old.iterator():
                try:
                    done += reseal(row, column)
                except CannotUnseal as error:
                    lost.append(str(error))
        audit.record(None, "keys.rotate", target=newest, outcome="succeeded", sealed=done)
        print(f"{done} secrets were sealed anew with {newest}.")
        if lost:
            raise CommandError(f"These cannot be read with any of the keys: {', '.join(lost)}.")


def sealed_columns() -> Iterator[tuple[type[Model], str]]:
    """Whatever is called so holds what core.sealed made."""
    for model in apps.get_models():
        for field in model._meta.get_fields():  # noqa: SLF001 - Django documents _meta as public
            if field.name == "sealed" or field.name.endswith("_sealed"):
                yield model, field.name


@transaction.atomic
def reseal(row: Model, column: str) -> int:
    """1, or 0 where somebody has changed the secret meanwhile. Raises CannotUnseal."""
    before = getattr(row, column)
    same = type(row)._default_manager.filter(pk=row.pk, **{column: before})  # noqa: SLF001
    return same.update(**{column: seal(row, column, unseal(row, column))})
