"""What an area's texts are made of."""

from collections.abc import Callable

Strings = dict[str, str | dict[str, str]]


def forms(translate: Callable[[int], str]) -> dict[str, str]:
    """The forms that English tells apart; in Chinese both are the same text."""
    return {"one": translate(1), "other": translate(2)}
