"""How far a container is kept apart from its host, in words (pure but for translation)."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from engine.types import ContainerDetail, MountPoint

# Capabilities with which root in a container reaches out of it (capabilities(7))
WIDE = {"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_READ_SEARCH", "BPF"}
SYSTEM_FOLDERS = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys",
    "/usr", "/var/lib/docker", "/var/run", "/var/spool/cron",
)  # fmt: skip
SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")
DISKS = ("/dev/sd", "/dev/vd", "/dev/xvd", "/dev/nvme", "/dev/dm-", "/dev/mapper", "/dev/loop")
MEMORY = ("/dev/mem", "/dev/kmem", "/dev/port")


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence; `glyph` is ok, warn or bad."""

    glyph: str
    text: str


def facts(found: ContainerDetail) -> list[Fact]:
    """What separates the container from its host, and what does not; the worst first."""
    told = [*_user(found), *_privileges(found), *_namespaces(found), *_rest(found)]
    order = {"bad": 0, "warn": 1, "ok": 2}
    return sorted(told, key=lambda fact: order[fact.glyph])


def ways_to_root(found: ContainerDetail) -> list[str]:
    """Why somebody in the container could become root on its host; empty where we see no way."""
    ways = []
    if found.privileged:
        ways.append(_("it is privileged"))
    for mount in found.mounts:
        if _is_socket(mount):
            ways.append(_("it can talk to an engine through %(path)s") % {"path": mount.source})
        elif mount.type == "bind" and not mount.read_only and _is_system(mount.source):
            ways.append(_("it can write to %(path)s of the host") % {"path": mount.source})
    wide = sorted(WIDE & {_capability(name) for name in found.capabilities_added})
    if wide and not found.privileged:
        ways.append(_("it has the capabilities %(names)s") % {"names": ", ".join(wide)})
    ways += [
        _("it can reach the host's %(device)s") % {"device": device}
        for device in found.devices
        if device.startswith((*DISKS, *MEMORY))
    ]
    return ways


def _user(found: ContainerDetail) -> list[Fact]:
    name = found.user.partition(":")[0]
    if name in {"", "0", "root"}:
        return [Fact("warn", _("Its main process runs as root."))]
    return [Fact("ok", _("Its main process runs as the user %(user)s.") % {"user": found.user})]


def _privileges(found: ContainerDetail) -> list[Fact]:
    if found.privileged:
        text = _("Privileged: it has every capability and every device of the host.")
        return [Fact("bad", text)]
    told = []
    added = [_capability(name) for name in found.capabilities_added]
    dropped = [_capability(name) for name in found.capabilities_dropped]
    if added:
        glyph = "bad" if WIDE.intersection(added) else "warn"
        text = _("Capabilities beyond the default: %(names)s.")
        told.append(Fact(glyph, text % {"names": ", ".join(added)}))
    if "ALL" in dropped:
        told.append(Fact("ok", _("All default capabilities are dropped.")))
    elif dropped:
        text = _("Capabilities dropped: %(names)s.")
        told.append(Fact("ok", text % {"names": ", ".join(dropped)}))
    if not added and not dropped:
        told.append(Fact("ok", _("Not privileged; the default capabilities.")))
    return told


def _namespaces(found: ContainerDetail) -> list[Fact]:
    modes = {
        "network": (found.network_mode, _("It shares the host's network.")),
        "pid": (found.pid_mode, _("It sees all processes of the host.")),
        "ipc": (found.ipc_mode, _("It shares the host's memory segments and queues.")),
        "uts": (found.uts_mode, _("It shares the host's name.")),
        "user": (found.userns_mode, _("Its users are the host's users.")),
    }
    told = []
    for kind, (mode, text) in modes.items():
        if mode == "host":
            told.append(Fact("bad" if kind in {"network", "pid"} else "warn", text))
        elif mode.startswith("container:"):
            shared = _("It shares the %(kind)s namespace of another container.")
            told.append(Fact("warn", shared % {"kind": kind}))
    return told or [Fact("ok", _("Namespaces of its own: network, processes, host name."))]


def _rest(found: ContainerDetail) -> list[Fact]:
    told = []
    if found.read_only:
        told.append(Fact("ok", _("Its root file system is read-only.")))
    if found.devices and not found.privileged:
        text = _("Devices of the host: %(names)s.")
        told.append(Fact("warn", text % {"names": ", ".join(found.devices)}))
    for option in found.security_opt:
        text = _("Security option: %(option)s.") % {"option": option}
        loose = "unconfined" in option or option in {"label=disable", "label:disable"}
        told.append(Fact("warn" if loose else "ok", text))
    return told


def _capability(name: str) -> str:
    return name.upper().removeprefix("CAP_")


def _is_socket(mount: MountPoint) -> bool:
    return mount.type == "bind" and mount.source.endswith(SOCKETS)


def _is_system(path: str) -> bool:
    place = PurePosixPath(path)
    return path == "/" or any(place.is_relative_to(folder) for folder in SYSTEM_FOLDERS)
