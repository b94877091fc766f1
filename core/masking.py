"""Keeping values that may be secrets out of what is shown: variables keep their names (F3)."""

import re
from collections.abc import Iterable

HIDDEN = "***"
NAME = re.compile(r"(?:\A|\s)([A-Za-z_][A-Za-z0-9_.-]*)=")
WITH_VALUES = {"ENV", "ARG"}
WITHIN = re.compile(r"(#\(nop\)\s+|\A\s*)(ENV|ARG)\s+(.*)", re.DOTALL | re.IGNORECASE)


def masked_variable(pair: str) -> str:
    """`NAME=***`; an empty value is no secret, and is often the fault one looks for."""
    name, equals, value = pair.partition("=")
    return f"{name}{equals}{HIDDEN}" if value else pair


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
