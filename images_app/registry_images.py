"""Which hosts have an image, for the search over all registries."""

from collections.abc import Collection, Iterator

from django.db.models import Q

from images_app.models import Image
from registries_app.usage import Kept

MOST = 2000


def keeper(words: Collection[str], digests: Collection[str]) -> Iterator[Kept]:
    """Images that match every word, or have one of these digests."""
    match = Q(pk__in=[])
    if words:
        match = Q()
        for word in words:
            match &= (
                Q(tags__icontains=word)
                | Q(digests__icontains=word)
                | Q(docker_id__contains=word.removeprefix("sha256:"))
            )
    for digest in list(digests)[:MOST]:
        match |= Q(digests__icontains=digest)
    for row in Image.objects.filter(match).select_related("host").order_by("host__name")[:MOST]:
        yield Kept(
            host=row.host,
            image_id=row.docker_id,
            name=row.label,
            tags=tuple(row.tags),
            digests=tuple(text.rpartition("@")[2] for text in row.digests),
        )
