"""Our own log: one line per fact, control characters escaped, secrets struck out."""

import logging
import re

SECRETS = re.compile(
    r"(?i)((?:authorization|x-registry-auth|x-registry-config|cookie)[\"']?\s*[:=]\s*)\S+(?: \S+)?"
    r"|(://[^/\s:@]*:)[^@/\s]+(?=@)"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class LineFormatter(logging.Formatter):
    """`2026-11-24T08:13:59 INFO hosts_app.services: text`, always a single line (D8)."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def plain(text: str) -> str:
    """`text` on one line, without secrets and without anything a terminal would obey."""
    struck = SECRETS.sub(lambda match: f"{match[1] or match[2]}***", text)
    return CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", struck.replace("\n", "\\n"))
