"""Which images a list shows."""

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import Invalid
from core.listing import sort_field
from images_app.models import ImageQuerySet
from images_app.selectors import images_for

COLUMNS = {"host": "host__name", "size": "size_bytes", "created": "created", "tags": "tags"}
DANGLING = Q(tags=[])
USED = Q(containers__gone=None, containers__isnull=False)
YES_OR_NO = {"1": True, "true": True, "0": False, "false": False}


def wanted(user: User, params: QueryDict) -> ImageQuerySet:
    """The images that these parameters ask for, in order. Raises Invalid."""
    images = images_for(user)
    if host := params.get("host"):
        images = images.filter(host__slug=host)
    for word in params.get("q", "").split():
        images = images.filter(
            Q(tags__icontains=word)
            | Q(digests__icontains=word)
            | Q(docker_id__icontains=word)
            | Q(host__name__icontains=word)
        )
    for name, match in {"dangling": DANGLING, "used": USED}.items():
        if name in params:
            asked = _yes_or_no(params.get(name, ""), name)
            matching = images.filter(match).values("pk")
            images = images.filter(pk__in=matching) if asked else images.exclude(pk__in=matching)
    column, descending = sort_field(params.get("sort", ""), COLUMNS, "host")
    return images.order_by(f"{'-' if descending else ''}{COLUMNS[column]}", "pk")


def _yes_or_no(text: str, field: str) -> bool:
    if text.lower() not in YES_OR_NO:
        raise Invalid.field(field, _("Either true or false."))
    return YES_OR_NO[text.lower()]
