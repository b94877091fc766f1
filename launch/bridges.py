"""Network bridges for engines that touch nothing of the machine.

A dockerd with `--bridge=none` deletes the machine's docker0, and one with `--iptables` changes
its firewall. So each private engine gets a bridge of its own: its containers reach each other and
this machine, and docker-proxy publishes their ports without the firewall's help.
"""

import ipaddress
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

from launch.debian import which

Subnet = ipaddress.IPv4Network
SUBNETS = 256  # 172.29.0.0/24 to 172.29.255.0/24
# what dockerd must not do to the machine, whatever bridge it has
QUIET = {"iptables": False, "ip6tables": False, "ip-forward": False, "ip-masq": False}


def make(name: str) -> bool:
    """Makes the bridge `name` (at most 15 characters) with a subnet that no route touches.

    False where the kernel gives us none.
    """
    remove(name)
    for subnet in _candidates(name):
        if not _made(name, subnet):
            break
        if _routes().count(subnet) == 1:
            return True
        remove(name)  # somebody else took it in the same moment
    remove(name)
    return False


def remove(name: str) -> None:
    if name and Path(f"/sys/class/net/{name}").exists():
        _ip("link", "delete", name)


def _made(name: str, subnet: Subnet) -> bool:
    return (
        _ip("link", "add", "name", name, "type", "bridge")
        and _ip("address", "add", f"{subnet[1]}/{subnet.prefixlen}", "dev", name)
        and _ip("link", "set", name, "up")
    )


def _candidates(name: str) -> Iterator[Subnet]:
    """Free subnets, beginning somewhere else for each name: engines may start together."""
    first = zlib.crc32(name.encode())
    for step in range(SUBNETS):
        subnet = Subnet(f"172.29.{(first + step) % SUBNETS}.0/24")
        if not any(subnet.overlaps(route) for route in _routes()):
            yield subnet


def _routes() -> list[Subnet]:
    taken = []
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        # addresses are little-endian hexadecimal there (proc(5), net/route)
        address, mask = (int.from_bytes(bytes.fromhex(fields[i]), "little") for i in (1, 7))
        if mask:
            taken.append(Subnet((address, mask.bit_count())))
    return taken


def _ip(*arguments: str) -> bool:
    status = subprocess.run(  # noqa: S603 - arguments are ours
        [which("ip") or "ip", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=10,
        check=False,
    )
    return status.returncode == 0
