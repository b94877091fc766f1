"""What of a new container only an administrator of its host may set (B5, B6): one function.

Docker has no users: who may mount the host's files or join its network is root there. What is
not in ContainerSpec at all (privileged, capabilities, devices, …) nobody can send.
"""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from core.errors import FieldError, Forbidden
from engine.types import ContainerSpec

VolumeOptions = Mapping[str, Mapping[str, str]]
"""Volume name → the options its driver was given, as far as the engine was asked."""


def require_allowed(spec: ContainerSpec, volumes: VolumeOptions | None = None) -> None:
    """Raise Forbidden, in words for the reader, unless anybody who may run may run this."""
    if refused := refusals(spec, volumes or {}):
        raise Forbidden(
            " ".join(each.message for each in refused),
            hint=_("Ask an administrator of the host to run it."),
        )


def refusals(spec: ContainerSpec, volumes: VolumeOptions) -> list[FieldError]:
    """Each field of `spec` that is an administrator's, with the reason."""
    refused = []
    for n, mount in enumerate(spec.mounts):
        if mount.type == "bind":
            text = _("Only an administrator of the host may mount its files: %(path)s.")
            refused.append(FieldError(f"mounts.{n}.type", text % {"path": mount.source}))
        elif mount.type == "volume" and is_of_the_host(volumes.get(mount.source, {})):
            text = _(
                "The volume %(name)s shows a device or folder of the host; only an administrator "
                "of the host may mount it."
            )
            refused.append(FieldError(f"mounts.{n}.source", text % {"name": mount.source}))
    if spec.network == "host" or spec.network.startswith("container:"):
        text = _("Only an administrator of the host may use the network mode %(mode)s.")
        refused.append(FieldError("network", text % {"mode": spec.network}))
    return refused


def is_of_the_host(options: Mapping[str, str]) -> bool:
    """Whether a volume with these driver options shows something that is not its own."""
    kinds = options.get("o", "").split(",")
    return bool(options.get("device")) or not {"bind", "rbind"}.isdisjoint(kinds)
