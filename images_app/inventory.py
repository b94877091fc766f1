"""Making our image rows say what the engine says."""

from typing import Any

from django.db import transaction
from django.utils.timezone import now

from engine.types import ImageSummary
from hosts_app.models import Host
from images_app.models import Image


@transaction.atomic
def reconcile(host: Host, listed: list[ImageSummary], version: int) -> set[int]:
    """Upsert every image listed, forget the rest; returns the keys of rows that changed."""
    known = {row.docker_id: row for row in Image.objects.filter(host=host)}
    changed: set[int] = set()
    new = []
    for item in listed:
        values: dict[str, Any] = {
            "tags": list(item.tags),
            "digests": list(item.digests),
            "labels": item.labels,
            "size_bytes": item.size_bytes,
            "created": item.created,
        }
        row = known.pop(item.id, None)
        if row is None:
            new.append(Image(host=host, docker_id=item.id, version=version, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            if row.digests != values["digests"]:
                values["since"] = now()
            Image.objects.filter(pk=row.pk).update(version=version, **values)
            changed.add(row.pk)
    gone = {row.pk for row in known.values()}
    Image.objects.filter(pk__in=gone).delete()
    changed |= {row.pk for row in Image.objects.bulk_create(new)}
    return changed | gone
