"""Whether a host can give what a new container wants: its image, its name, its ports."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from containers_app.models import Container
from containers_app.spec import IMAGE_ID, listed_name
from core.errors import FieldError, Invalid
from hosts_app.models import Host
from images_app.models import Image

Binding = tuple[int, str, str]
"""A port of the host, its protocol, the address it is bound to ("" for all)."""


def require_possible(host: Host, wanted: dict[str, Any]) -> None:
    """Make `image` what the engine finds it by. Raises Invalid, with all that cannot be had."""
    wrong = _name_and_port_conflicts(host, wanted)
    if found := _image_on(host, wanted["image"]):
        wanted["image"] = found
    else:
        text = _("%(host)s does not have the image %(image)s.")
        image = listed_name(wanted["image"]) or wanted["image"]
        what = text % {"host": host, "image": image}
        wrong.insert(0, FieldError("image", f"{what} {_('Pull it on the host first.')}"))
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)


def _image_on(host: Host, image: str) -> str:
    """The image as the engine finds it; "" where the host does not have it."""
    known = list(Image.objects.filter(host=host).values_list("docker_id", "tags", "digests"))
    name = listed_name(image)
    if any(name in (*tags, *digests) for _id, tags, digests in known):
        return image
    if IMAGE_ID.match(image):
        bare = image.removeprefix("sha256:")
        ids = [docker_id for docker_id, _t, _d in known if docker_id.startswith(f"sha256:{bare}")]
        if len(ids) == 1:
            return str(ids[0])
    return ""


def _name_and_port_conflicts(host: Host, wanted: dict[str, Any]) -> list[FieldError]:
    """Each field that asks for what another container of the host has, or asks for it twice."""
    wrong = []
    rows = Container.objects.filter(host=host, gone=None)
    name = wanted.get("name")
    if name and rows.filter(name=name).exists():
        wrong.append(FieldError("name", _("The host has a container of this name already.")))
    taken = list(_published(rows.values_list("name", "ports")))
    for n, port in enumerate(wanted.get("ports") or ()):
        if not port["host"]:  # not published, or on a port that the engine chooses
            continue
        binding = (port["host"], port["protocol"], port["address"])
        holder = next((who for who, other in taken if _overlap(binding, other)), None)
        if holder is not None:
            text = (
                _("%(container)s publishes %(port)s already.")
                if holder
                else _("%(port)s is published twice.")
            )
            where = f"{port['host']}/{port['protocol']}"
            message = text % {"container": holder, "port": where}
            wrong.append(FieldError(f"ports.{n}.host", message))
        taken.append(("", binding))
    return wrong


def _published(rows: Any) -> Iterator[tuple[str, Binding]]:
    for name, ports in rows:
        for port in ports:
            if port["host"]:
                yield name, (port["host"], port["protocol"], port["address"])


def _overlap(one: Binding, other: Binding) -> bool:
    if one[:2] != other[:2]:
        return False
    return _is_any(one[2]) or _is_any(other[2]) or one[2] == other[2]


def _is_any(address: str) -> bool:
    try:
        return not address or ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False
