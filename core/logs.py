"""Our own log: one line per fact, control characters escaped, secrets struck out."""

import logging
import re
import time

SECRETS = re.compile(
    r"(?i)((?:authorization|x-registry-auth|x-registry-config|cookie)[\"']?\s*[:=]\s*)\S+(?: \S+)?"
    r"|(://[^/\s:@]*:)[^@/\s]+(?=@)"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class LineFormatter(logging.Formatter):
    """`2026-11-24T08:13:59Z INFO hosts_app.services: text`: one line a fact, in UTC (D8).

    A traceback follows on lines of its own, each behind a bar so that no text can pass for one
    of ours.
    """

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        head, *trace = super().format(record).split("\nTraceback ", 1)
        lines = [plain(head)]
        if trace:
            lines += [f"    | {plain(line)}" for line in f"Traceback {trace[0]}".splitlines()]
        return "\n".join(lines)


def plain(text: str) -> str:
    """`text` on one line, without secrets and without anything a terminal would obey."""
    struck = SECRETS.sub(lambda match: f"{match[1] or match[2]}***", text)
    return CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", struck.replace("\n", "\\n"))
