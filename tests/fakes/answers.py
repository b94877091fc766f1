"""The fake daemon's state as the JSON that a real engine's API gives."""

from typing import Any

from tests.fakes.daemon import UP, Container, Daemon, Image, Refusal, human, stamp


def status(container: Container, now_ns: int) -> str:
    """ "Up 2 hours (healthy)", "Exited (137) 3 seconds ago"."""
    if container.state in ("running", "paused"):
        words = f"Up {human((now_ns - container.started_ns) / 1e9)}"
        if container.state == "paused":
            return f"{words} (Paused)"
        if container.health == "starting":
            return f"{words} (health: starting)"
        return f"{words} ({container.health})" if container.health else words
    ago = human((now_ns - container.finished_ns) / 1e9)
    return {
        "created": "Created",
        "exited": f"Exited ({container.exit_code}) {ago} ago",
        "restarting": f"Restarting ({container.exit_code}) {ago} ago",
        "removing": "Removal In Progress",
    }.get(container.state, "Dead")


def list_item(container: Container, now_ns: int, *, sizes: bool = False) -> dict[str, Any]:
    return {
        **({"SizeRw": 1000, "SizeRootFs": 5_001_000} if sizes else {}),
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.image,
        "ImageID": container.image_id,
        "Command": " ".join(container.config.get("Cmd") or ()),
        "Created": container.created_ns // 10**9,
        "Ports": _listed_ports(container),
        "Labels": container.labels,
        "State": container.state,
        "Status": status(container, now_ns),
        "HostConfig": {"NetworkMode": _network(container)},
        "NetworkSettings": {"Networks": {_network(container): {}}},
        "Mounts": [],
    }


def inspected(container: Container) -> dict[str, Any]:
    health = {"Status": container.health, "FailingStreak": 0, "Log": []}
    return {
        "Id": container.id,
        "Created": stamp(container.created_ns),
        "Name": f"/{container.name}",
        "Image": container.image_id,
        "RestartCount": container.restart_count,
        "State": {
            "Status": container.state,
            "Running": container.state in UP,
            "Paused": container.state == "paused",
            "Restarting": container.state == "restarting",
            "OOMKilled": False,
            "Dead": container.state == "dead",
            "Pid": 4242 if container.state in UP else 0,
            "ExitCode": container.exit_code,
            "Error": "",
            "StartedAt": stamp(container.started_ns),
            "FinishedAt": stamp(container.finished_ns),
            **({"Health": health} if container.health else {}),
        },
        "Config": {
            "Tty": False,
            "Env": [],
            "Cmd": None,
            "Image": container.image,
            **container.config,
        },
        "HostConfig": {
            "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
            "LogConfig": {"Type": "json-file", "Config": {}},
            "IpcMode": "private",
            **container.host_config,
            "NetworkMode": _network(container),
        },
        "NetworkSettings": {
            "Ports": container.host_config.get("PortBindings") or {},
            "Networks": {_network(container): {}},
        },
        "Mounts": [
            {
                "Type": mount["Type"],
                "Source": mount.get("Source", ""),
                "Destination": mount["Target"],
                "RW": not mount.get("ReadOnly", False),
            }
            for mount in container.host_config.get("Mounts") or ()
        ],
    }


def image_item(image: Image) -> dict[str, Any]:
    return {
        "Id": image.id,
        "ParentId": "",
        "RepoTags": image.tags or ["<none>:<none>"],
        "RepoDigests": image.digests or ["<none>@<none>"],
        "Created": image.created_ns // 10**9,
        "Size": image.size_bytes,
        "SharedSize": -1,
        "Containers": -1,
        "Labels": image.labels or None,
    }


def image_inspected(image: Image) -> dict[str, Any]:
    return {
        "Id": image.id,
        "RepoTags": image.tags,
        "RepoDigests": image.digests,
        "Created": stamp(image.created_ns),
        "Size": image.size_bytes,
        "Os": "linux",
        "Architecture": "amd64",
        "Config": {
            "Env": ["PATH=/bin"],
            "Cmd": ["sh"],
            "Labels": image.labels or None,
            **image.config,
        },
        "RootFS": {
            "Type": "layers",
            "Layers": [digest for digest, _step, _bytes in image.layers if digest],
        },
    }


def image_history(image: Image) -> list[dict[str, Any]]:
    """Newest first; a step without a digest made no layer."""
    steps: list[dict[str, Any]] = [
        {
            "Id": "<missing>",
            "Created": image.created_ns // 10**9,
            "CreatedBy": step,
            "Tags": None,
            "Size": size_bytes,
            "Comment": "",
        }
        for _digest, step, size_bytes in reversed(image.layers)
    ]
    steps[0] |= {"Id": image.id, "Tags": image.tags or None}
    return steps


def volume(daemon: Daemon, name: str) -> dict[str, Any]:
    if name not in daemon.volumes:
        raise Refusal(404, f"get {name}: no such volume")
    options = daemon.volumes[name]
    return {"Name": name, "Driver": "local", "Options": options or None, "Scope": "local"}


def system_df(daemon: Daemon) -> dict[str, Any]:
    used = [container.image_id for container in daemon.containers.values()]
    return {
        "LayersSize": sum(image.size_bytes for image in daemon.images.values()),
        "Images": [
            {**image_item(image), "SharedSize": 0, "Containers": used.count(image.id)}
            for image in daemon.images.values()
        ],
        "Containers": [
            list_item(container, daemon.now_ns(), sizes=True)
            for container in daemon.containers.values()
        ],
        "Volumes": [],
        "BuildCache": [],
    }


def _network(container: Container) -> str:
    mode = container.host_config.get("NetworkMode") or "default"
    return "bridge" if mode == "default" else str(mode)


def _listed_ports(container: Container) -> list[dict[str, Any]]:
    bindings = container.host_config.get("PortBindings") or {}
    exposed = container.config.get("ExposedPorts") or {}
    ports: list[dict[str, Any]] = []
    for key in sorted({*bindings, *exposed}):
        number, _, protocol = key.partition("/")
        port = {"PrivatePort": int(number), "Type": protocol}
        for each in bindings.get(key) or ():
            address = each.get("HostIp") or "0.0.0.0"  # noqa: S104 (as engines say it)
            ports.append({**port, "IP": address, "PublicPort": int(each.get("HostPort") or 0)})
        if not bindings.get(key):
            ports.append(port)
    return ports
