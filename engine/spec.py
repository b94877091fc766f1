"""Builds the body that creates a container, from our own fields and never from a caller's JSON."""

from typing import Any

from engine.types import ContainerSpec, Mount, Port


def container_body(spec: ContainerSpec) -> dict[str, Any]:
    """The body of POST /containers/create.

    A port with `host` None is exposed and not published; with `host` 0 the engine chooses.
    """
    policy, _, most = spec.restart.partition(":")
    host: dict[str, Any] = {
        "PortBindings": _bindings(spec.ports),
        "Mounts": [_mount(mount) for mount in spec.mounts],
        "RestartPolicy": {"Name": policy, "MaximumRetryCount": int(most or 0)},
    }
    if spec.network:
        host["NetworkMode"] = spec.network
    body: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "Labels": dict(spec.labels),
        "ExposedPorts": {_key(port): {} for port in spec.ports},
        "HostConfig": host,
    }
    if spec.command is not None:
        body["Cmd"] = list(spec.command)
    return body


def _bindings(ports: tuple[Port, ...]) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        if port.host is not None:
            binding = {"HostIp": port.address, "HostPort": str(port.host or "")}
            bindings.setdefault(_key(port), []).append(binding)
    return bindings


def _key(port: Port) -> str:
    return f"{port.container}/{port.protocol}"


def _mount(mount: Mount) -> dict[str, Any]:
    return {
        "Type": mount.type,
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
    }
