"""Which images a user may see."""

from django.utils.translation import gettext as _

from accounts_app.models import User
from core.errors import NotFound
from images_app.models import Image, ImageQuerySet


def images_for(user: User) -> ImageQuerySet:
    return Image.objects.for_user(user).select_related("host").order_by("host__name", "pk")


def image_for(user: User, host: str, reference: str) -> Image:
    """The image of this id, id prefix or tag on a host that `user` sees; else NotFound."""
    found = images_for(user).filter(host__slug=host)
    if reference.startswith("sha256:") and (image := found.filter(docker_id=reference).first()):
        return image
    for image in found:
        if reference in image.tags or f"{reference}:latest" in image.tags:
            return image
    raise NotFound(_("No such image."), hint=_("Look at the list of images of this host."))
