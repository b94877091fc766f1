"""Where we never connect, whoever names it: link-local, metadata, our own services (E1).

Private and loopback addresses are normal here: an administrator entered them. A name is looked
up once per connection, and exactly the address that was checked is connected to.
"""

import ipaddress
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from engine.errors import Down

METADATA = {
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")  # AWS, Alibaba, Oracle
}
NAT64 = ipaddress.ip_network("64:ff9b::/96")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_own_paths: set[str] = set()
_own_addresses: set[tuple[str, int]] = set()


def keep_off(*, paths: Iterable[str] = (), addresses: Iterable[tuple[str, int]] = ()) -> None:
    """Never connect to these sockets and (host, port)s: our own database and Valkey."""
    _own_paths.update(paths)
    _own_addresses.update(addresses)


def check_path(path: str) -> None:
    """Raises Down for a unix socket of our own, under whatever name."""
    for own in _own_paths:
        try:
            same = Path(path).samefile(own)
        except OSError:  # one of them is not there (yet)
            same = os.path.realpath(path) == os.path.realpath(own)
        if same:
            raise Down(f"{path} is not allowed: it belongs to the dashboard itself")


def check_literal(host: str, port: int) -> None:
    """Raises Down where `host` is an address already, and a forbidden one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    check_address(host, port)


def check_address(text: str, port: int) -> None:
    """Raises Down for an address that we never connect to."""
    address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    if address in METADATA or address.is_link_local:
        raise Down(f"{text} is not allowed: it is link-local or a cloud's metadata service")
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        raise Down(f"{text} is not allowed: it does not name one machine")
    for host, own_port in _own_addresses:
        if port == own_port and _is_same(address, host):
            raise Down(f"{text} port {port} is not allowed: it belongs to the dashboard itself")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`, each allowed. Raises Down, or OSError from the lookup."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    for address in addresses:
        check_address(address, port)
    return addresses


def _is_same(address: IpAddress, host: str) -> bool:
    try:
        own = {ipaddress.ip_address(host)}
    except ValueError:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            return False
        own = {ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found}
    return address in own or (address.is_loopback and any(each.is_loopback for each in own))


def _plain(address: IpAddress) -> IpAddress:
    """The IPv4 address behind an IPv6 spelling of it, if there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
