"""How serious a line is, exactly as static/js/parts/loglevels.js tells it (pure).

A level that the line names itself, else a word near its beginning.
"""

import re

WORDS = {
    "error": r"\b(?:error|err|fatal|panic|critical|crit|emerg|alert|severe)\b",
    "warn": r"\bwarn(?:ing)?\b",
    "debug": r"\b(?:debug|trace)\b",
    "info": r"\b(?:info|notice)\b",
}
LEVELS = (*WORDS, "none")
NAMED_WITHIN = 160  # UTF-16 units from the start, as JavaScript counts
WORD_WITHIN = 60

_ASCII = re.ASCII | re.IGNORECASE  # as in JavaScript without the flag u
_PATTERNS = [(level, re.compile(words, _ASCII)) for level, words in WORDS.items()]
# JavaScript's \s holds these beside the ASCII ones
_SPACE = r"[\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]*"
_NAMED = re.compile(rf'"?(?:level|lvl|severity)"?{_SPACE}[=:]{_SPACE}"?(\w+)', _ASCII)


def level_of(plain: str) -> str:
    """`error`, `warn`, `info`, `debug` or `none`, of a text without colours."""
    named = _NAMED.search(_start(plain, NAMED_WITHIN))
    words = named[1] if named else _start(plain, WORD_WITHIN)
    return next((level for level, pattern in _PATTERNS if pattern.search(words)), "none")


def _start(text: str, units: int) -> str:
    start = text[:units]
    if start.isascii():
        return start
    return start.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "replace")
