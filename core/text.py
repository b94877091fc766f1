"""Texts that others wrote, made safe to look at."""

import re

# C0 without tab and newline, C1, zero-width, and what turns the direction of writing (D3)
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def visible(text: str, most: int = 4096) -> str:
    """`text` with what a reader could not see spelt out, and cut after `most` characters."""
    shown = UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text[:most])
    return f"{shown}…" if len(text) > most else shown
