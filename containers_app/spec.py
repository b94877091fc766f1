"""What may be said of a new container: checked field by field, then the one thing we send.

Field names are those of api.md. Whatever has no name here cannot be sent at all (B4).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from containers_app import options
from core.errors import FieldError, Invalid
from engine.reference import BadReference, parse
from engine.types import ContainerSpec, Mount, Port

OWN_LABELS = "quarterdeck."  # what begins so is ours to set
NETWORK = re.compile(r"(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")  # moby, volume/service
RESTART = re.compile(r"(?:no|always|unless-stopped|on-failure(?::[1-9][0-9]{0,3})?)\Z")
ADDRESS = re.compile(r"[0-9a-fA-F.:]{2,45}\Z")
IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}\Z")
MOST_ENTRIES = 500  # of each list or map
LONGEST_VALUE = 128 * 1024  # bytes of one argument or variable (Linux: MAX_ARG_STRLEN)
HIGHEST_PORT = 65535

Check = Callable[[str, Any, list[FieldError]], Any]
"""(field, value, wrong) → the value as it is kept; what is not right goes to `wrong`."""


def checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """`said` with every field checked. Raises Invalid, which names each wrong field."""
    wrong = [
        FieldError(str(name), _("There is no such field.")) for name in said if name not in _CHECKS
    ]
    kept = {
        name: check(name, said[name], wrong)
        for name, check in _CHECKS.items()
        if said.get(name) is not None
    }
    if not kept.get("image"):
        wrong.insert(0, FieldError("image", _("Which image should it run?")))
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    return kept


def spec_from(said: Mapping[str, Any], *, labels: Mapping[str, str]) -> ContainerSpec:
    """The ContainerSpec of what `checked` returned, with our labels added."""
    return ContainerSpec(
        image=said["image"],
        name=said.get("name", ""),
        command=tuple(said["command"]) if said.get("command") else None,
        environment=dict(said.get("environment") or {}),
        ports=tuple(
            Port(port["container"], port["protocol"], port["host"], port["address"])
            for port in said.get("ports") or ()
        ),
        mounts=tuple(
            Mount(mount["type"], mount["source"], mount["target"], mount["read_only"])
            for mount in said.get("mounts") or ()
        ),
        labels=dict(said.get("labels") or {}) | dict(labels),
        restart=said.get("restart") or "no",
        network=said.get("network") or "",
    )


def listed_name(image: str) -> str:
    """The name under which an engine lists this image; "" for an id.

    `nginx` is nginx:latest, and where a digest is given, the tag beside it does not count.
    """
    try:
        named = parse(image)
    except BadReference:
        return ""
    if named.digest:
        return replace(named, tag="").familiar
    return named.with_default_tag().familiar


# -- The checks --------------------------------------------------------------------------


def _image(field: str, value: Any, wrong: list[FieldError]) -> str:
    if not isinstance(value, str):
        return _no(wrong, field, _("A text."))
    if IMAGE_ID.match(value):
        return value
    try:
        parse(value)
    except BadReference:
        return _no(
            wrong, field, _("This is not an image: nginx:1.27, or registry.example/team/app:2.")
        )
    return value


def _name(field: str, value: Any, wrong: list[FieldError]) -> str:
    if value == "":
        return ""
    try:
        return options.name(value)
    except ValueError as error:
        return _no(wrong, field, str(error))


def _command(field: str, value: Any, wrong: list[FieldError]) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        _no(wrong, field, _("A list of arguments."))
        return []
    for n, each in enumerate(value):
        _text(f"{field}.{n}", each, wrong)
    return value


def _environment(field: str, value: Any, wrong: list[FieldError]) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_ENTRIES:
        _no(wrong, field, _("Names and their values."))
        return {}
    for name, each in value.items():
        place = f"{field}.{name}"
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            _no(wrong, place, _("A variable's name has no = and is not empty."))
        else:
            _text(place, each, wrong)
    return value


def _labels(field: str, value: Any, wrong: list[FieldError]) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_ENTRIES:
        _no(wrong, field, _("Names and their values."))
        return {}
    for name, each in value.items():
        place = f"{field}.{name}"
        if not isinstance(name, str) or not name.strip():
            _no(wrong, place, _("A label needs a name."))
        elif name.startswith(OWN_LABELS):
            _no(wrong, place, _("Labels that begin with quarterdeck. are our own."))
        else:
            _text(place, each, wrong)
    return value


def _ports(field: str, value: Any, wrong: list[FieldError]) -> list[dict[str, Any]]:
    return _items(field, value, wrong, _port)


def _port(place: str, each: dict[str, Any], wrong: list[FieldError]) -> dict[str, Any]:
    _known(place, each, wrong, {"container", "host", "protocol", "address"})
    protocol, address = each.get("protocol") or "tcp", each.get("address") or ""
    if protocol not in {"tcp", "udp", "sctp"}:
        _no(wrong, f"{place}.protocol", _("One of %(names)s.") % {"names": "tcp, udp, sctp"})
    if not isinstance(address, str) or (address and not ADDRESS.match(address)):
        _no(wrong, f"{place}.address", _("An IP address of the host."))
    host = each.get("host")
    return {
        "container": _number(f"{place}.container", each.get("container"), wrong, least=1),
        "host": None if host is None else _number(f"{place}.host", host, wrong, least=0),
        "protocol": protocol,
        "address": address,
    }


def _mounts(field: str, value: Any, wrong: list[FieldError]) -> list[dict[str, Any]]:
    return _items(field, value, wrong, _mount)


def _mount(place: str, each: dict[str, Any], wrong: list[FieldError]) -> dict[str, Any]:
    _known(place, each, wrong, {"type", "source", "target", "read_only"})
    kind, source, target = each.get("type"), each.get("source") or "", each.get("target")
    read_only = each.get("read_only") or False
    if not isinstance(source, str) or "\0" in source:
        _no(wrong, f"{place}.source", _("A text."))
    elif kind == "bind" and not source.startswith("/"):
        _no(wrong, f"{place}.source", _("A path of the host, from its root: /srv/data."))
    elif kind == "volume" and source and not VOLUME.match(source):
        _no(wrong, f"{place}.source", _("A volume's name: letters, digits and . _ - only."))
    elif kind == "tmpfs" and source:
        _no(wrong, f"{place}.source", _("A tmpfs has no source."))
    elif kind not in {"bind", "volume", "tmpfs"}:
        _no(wrong, f"{place}.type", _("One of %(names)s.") % {"names": "volume, bind, tmpfs"})
    if not isinstance(target, str) or not target.startswith("/") or "\0" in target:
        _no(wrong, f"{place}.target", _("A path in the container, from its root: /data."))
    elif not target.strip("/."):
        _no(wrong, f"{place}.target", _("The root itself cannot be mounted over."))
    if not isinstance(read_only, bool):
        _no(wrong, f"{place}.read_only", _("Either true or false."))
    return {"type": kind, "source": source, "target": target, "read_only": read_only}


def _restart(field: str, value: Any, wrong: list[FieldError]) -> str:
    if not isinstance(value, str) or (value and not RESTART.match(value)):
        names = "no, always, unless-stopped, on-failure, on-failure:5"
        return _no(wrong, field, _("One of %(names)s.") % {"names": names})
    return value or "no"


def _network(field: str, value: Any, wrong: list[FieldError]) -> str:
    if not isinstance(value, str) or (value and not NETWORK.match(value)):
        return _no(wrong, field, _("A network's name: letters, digits and . _ - only."))
    return value


def _start(field: str, value: Any, wrong: list[FieldError]) -> bool:
    if not isinstance(value, bool):
        _no(wrong, field, _("Either true or false."))
        return True
    return value


_CHECKS: dict[str, Check] = {
    "image": _image,
    "name": _name,
    "command": _command,
    "environment": _environment,
    "ports": _ports,
    "mounts": _mounts,
    "labels": _labels,
    "restart": _restart,
    "network": _network,
    "start": _start,
}


def _items(field: str, value: Any, wrong: list[FieldError], check: Check) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        _no(wrong, field, _("A list."))
        return []
    kept = []
    for n, each in enumerate(value):
        if isinstance(each, dict):
            kept.append(check(f"{field}.{n}", each, wrong))
        else:
            _no(wrong, f"{field}.{n}", _("An object."))
    return kept


def _known(place: str, each: dict[str, Any], wrong: list[FieldError], names: set[str]) -> None:
    for name in each:
        if name not in names:
            _no(wrong, f"{place}.{name}", _("There is no such field."))


def _number(place: str, value: Any, wrong: list[FieldError], *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= HIGHEST_PORT:
        text = _("A number from %(least)d to %(most)d.") % {"least": 1, "most": HIGHEST_PORT}
        _no(wrong, place, text)
        return least
    return value


def _text(place: str, value: Any, wrong: list[FieldError]) -> None:
    if not isinstance(value, str):
        _no(wrong, place, _("A text."))
    elif "\0" in value:
        _no(wrong, place, _("It contains a zero byte."))
    elif len(value.encode(errors="replace")) > LONGEST_VALUE:
        _no(wrong, place, _("At most %(most)d bytes.") % {"most": LONGEST_VALUE})


def _no(wrong: list[FieldError], place: str, message: str) -> str:
    wrong.append(FieldError(place, message))
    return ""
