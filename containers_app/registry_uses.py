"""Which containers were made from images of registries: by digest, or by the name given."""

from collections.abc import Collection, Iterator

from django.db.models import Q

from containers_app.models import Container
from engine.reference import BadReference, Reference, parse
from registries_app.usage import Use

UP = {"running", "paused", "restarting"}
MOST_TERMS = 100  # of one question; beyond it all are read and compared here


def finder(digests: Collection[str], references: Collection[str]) -> Iterator[Use]:
    """Containers whose image has one of `digests`, or whose reference is one of `references`.

    References are full (docker.io/library/nginx:1.27); a container's own is read as Docker does.
    """
    wanted, named = set(digests), set(references)
    rows = Container.objects.filter(gone=None).select_related("host", "image_row")
    if len(wanted) + len(named) <= MOST_TERMS:
        rows = rows.filter(_match(wanted, named))
    for row in rows.defer("labels", "ports").order_by("host__name", "name"):
        own = _full(row.image_ref)
        known = _digests(row)
        if own and own.digest:
            known.setdefault(_name(own), own.digest)
        hits = wanted & set(known.values())
        if not hits and (own is None or str(own) not in named):
            continue
        digest = known.get(_name(own), "") if own else ""
        yield Use(
            host=row.host,
            container_id=row.docker_id,
            container_name=row.name,
            image_id=row.image_id,
            reference=row.image_ref,
            running=row.state in UP,
            image_digest=digest or (min(hits) if hits else ""),
        )


def _match(digests: Collection[str], references: Collection[str]) -> Q:
    found = Q(pk__in=[])
    for digest in digests:
        found |= Q(image_row__digests__icontains=digest) | Q(image_ref__contains=digest)
    for reference in references:
        try:
            short = parse(reference).familiar
        except BadReference:
            continue
        found |= Q(image_ref__in={reference, short, short.removesuffix(":latest")})
    return found


def _digests(row: Container) -> dict[str, str]:
    """Repository in full → digest, as the engine tells them of this container's image."""
    known: dict[str, str] = {}
    for text in row.image_row.digests if row.image_row else []:
        found = _full(text)
        if found and found.digest:
            known[_name(found)] = found.digest
    return known


def _full(text: str) -> Reference | None:
    try:
        return parse(text).with_default_tag()
    except BadReference:
        return None


def _name(reference: Reference) -> str:
    return f"{reference.domain}/{reference.path}"
