"""The options of each action on a container, checked before a Job is written."""

import re
import signal
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.errors import FieldError, Invalid

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+\Z")  # moby, daemon/names/names.go
NAME_LONGEST = 128  # characters; longer ones make no usable host name
GRACE_LONGEST_S = 3600
SIGNALS = frozenset(each.name for each in signal.Signals)
ACTIONS = ("start", "stop", "restart", "pause", "unpause", "kill", "rename", "remove")
BULK_ACTIONS = tuple(action for action in ACTIONS if action != "rename")


def checked(action: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the Job keeps them. Raises Invalid with every wrong field."""
    known = _OPTIONS[action]
    wrong = [
        FieldError(name, _("This action has no such option."))
        for name in options
        if name not in known
    ]
    kept: dict[str, Any] = {}
    for name, check in known.items():
        if name in options and options[name] is not None:
            try:
                kept[name] = check(options[name])
            except ValueError as error:
                wrong.append(FieldError(name, str(error)))
        elif action == "rename":
            wrong.append(FieldError(name, _("Give the new name.")))
    if wrong:
        raise Invalid(wrong[0].message, errors=wrong)
    return kept


def checked_action(action: str, allowed: tuple[str, ...] = ACTIONS) -> str:
    if action not in allowed:
        raise Invalid.field("action", _("One of %(names)s.") % {"names": ", ".join(allowed)})
    return action


def name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.match(value) or len(value) > NAME_LONGEST:
        raise ValueError(
            _("A name begins with a letter or digit; then letters, digits and . _ - may follow.")
        )
    return value


def _grace_s(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdigit() or int(value) > GRACE_LONGEST_S:
        raise ValueError(_("Seconds, from 0 to %(most)d.") % {"most": GRACE_LONGEST_S})
    return int(value)


def _signal(value: Any) -> str:
    wanted = str(value).upper()
    wanted = wanted if wanted.startswith("SIG") else f"SIG{wanted}"
    if wanted not in SIGNALS:
        raise ValueError(_("There is no signal %(name)s.") % {"name": value})
    return wanted


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value) in {"1", "true", "on", "0", "false", ""}:
        return str(value) in {"1", "true", "on"}
    raise ValueError(_("Either true or false."))


_OPTIONS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "start": {},
    "stop": {"timeout": _grace_s},
    "restart": {"timeout": _grace_s},
    "pause": {},
    "unpause": {},
    "kill": {"signal": _signal},
    "rename": {"name": name},
    "remove": {"force": _flag, "volumes": _flag},
}
