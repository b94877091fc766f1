"""Keeping values that may be secrets out of what is shown: variables keep their names (F3)."""

import re
from collections.abc import Collection, Iterable, Mapping

from django.utils.translation import gettext as _

from core.errors import NotFound

HIDDEN = "***"
NAME = re.compile(r"(?:\A|\s)([A-Za-z_][A-Za-z0-9_.-]*)=")
WITH_VALUES = {"ENV", "ARG"}
WITHIN = re.compile(r"(#\(nop\)\s+|\A\s*)(ENV|ARG)\s+(.*)", re.DOTALL | re.IGNORECASE)


def masked_variable(pair: str) -> str:
    """`NAME=***`; an empty value is no secret, and is often the fault one looks for."""
    name, equals, value = pair.partition("=")
    return f"{name}{equals}{HIDDEN}" if value else pair


def revealed(environment: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """The values of these variables. Raises NotFound for a name that is not among them."""
    if unknown := [name for name in names if name not in environment]:
        raise NotFound(_("No such variable: %(names)s") % {"names": ", ".join(unknown)})
    return {name: environment[name] for name in names}


def masked_variables(pairs: Iterable[object]) -> list[str]:
    return [masked_variable(str(each)) for each in pairs]


def masked_instruction(text: str) -> str:
    """A line of an image's history without the values of its ENV and ARG.

    Builders write values down without quotes, so whatever stands behind the first name goes:
    a value with spaces must not come out as if it were something else.
    """
    found = WITHIN.search(text)
    if not found:
        return text
    said = found[3]
    names = NAME.findall(said)
    if not names:
        name, space, _value = said.strip().partition(" ")
        hidden = f"{name} {HIDDEN}" if space else name
    else:
        hidden = " ".join(f"{name}={HIDDEN}" for name in names)
    return f"{text[: found.start()]}{found[1]}{found[2]} {hidden}"
