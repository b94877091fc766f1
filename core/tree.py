"""JSON as a page folds it: a flat list of lines that open, close or stand alone (pure)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.text import visible

MOST_NODES = 5000  # of one answer; a container with 20,000 labels is still a page
OPEN_DEPTH = 1  # levels that are unfolded at first


@dataclass(frozen=True, slots=True)
class Node:
    """`kind`: open (something with parts follows), close, leaf, or cut (the rest is left out)."""

    kind: str
    key: str = ""
    path: str = ""  # as jq takes it: .Config.Env[0]
    text: str = ""
    style: str = ""  # of a leaf: str, num or lit
    count: int = 0  # parts of what opens
    unfolded: bool = False


def nodes(value: Any) -> list[Node]:
    """The parts of `value`, which is an object or a list, in order."""
    found: list[Node] = []
    skipped = 0  # levels opened within what was left out
    for node in _parts(value, "", 0):
        if node.kind == "close" and skipped:
            skipped -= 1
        elif node.kind == "close" or len(found) < MOST_NODES:
            found.append(node)
        else:
            skipped += node.kind == "open"
            if found[-1].kind != "cut":
                found.append(Node("cut"))
    return found


def _parts(value: Any, path: str, depth: int) -> Iterator[Node]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in pairs:
        here = f"{path}{_step(name)}" if path else _step(name).replace("[", ".[", 1)
        key = visible(str(name), 400)
        if isinstance(each, dict | list) and each:
            yield Node("open", key, here, count=len(each), unfolded=depth < OPEN_DEPTH)
            yield from _parts(each, here, depth + 1)
            yield Node("close")
        else:
            yield Node("leaf", key, here, visible(_text(each)), _style(each))


def _step(name: str | int) -> str:
    if isinstance(name, int):
        return f"[{name}]"
    plain = name.isascii() and name.isidentifier()
    return f".{name}" if plain else f"[{json.dumps(name)}]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _style(value: Any) -> str:
    if isinstance(value, str):
        return "str"
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return "lit"
    return "num"
