"""From what a form or the API says of a new container to the one specification we send."""

from collections.abc import Mapping
from typing import Any

from engine.types import ContainerSpec, Mount, Port


def spec_from(params: Mapping[str, Any], *, labels: Mapping[str, str]) -> ContainerSpec:
    """The ContainerSpec of checked `params` (names as in api.md), with our labels added."""
    return ContainerSpec(
        image=params["image"],
        name=params.get("name", ""),
        command=tuple(params["command"]) if params.get("command") else None,
        environment=dict(params.get("environment") or {}),
        ports=tuple(
            Port(
                container=port["container"],
                protocol=port.get("protocol") or "tcp",
                host=port.get("host"),
                address=port.get("address") or "",
            )
            for port in params.get("ports") or ()
        ),
        mounts=tuple(
            Mount(
                type=mount["type"],
                source=mount.get("source") or "",
                target=mount["target"],
                read_only=bool(mount.get("read_only")),
            )
            for mount in params.get("mounts") or ()
        ),
        labels=dict(params.get("labels") or {}) | dict(labels),
        restart=params.get("restart") or "no",
        network=params.get("network") or "",
    )
