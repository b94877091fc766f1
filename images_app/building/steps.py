"""What the classic builder says, told apart: its steps, the lines of its log, the image (pure)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

STEP = re.compile(r"Step (?P<n>[0-9]{1,4})/(?P<total>[0-9]{1,4}) : (?P<text>.*)", re.DOTALL)
CACHED = " ---> Using cache"
MOST_LOG_BYTES = 64 * 1024 * 1024  # of one build (R47)
LONGEST_LINE = 16 * 1024  # characters
SHORTEST_SECRET = 4  # characters: hiding every 1 would make the log unreadable
HIDDEN = "•••"
QUIET = {"Downloading", "Extracting", "Waiting", "Verifying Checksum", "Pulling fs layer"}


@dataclass(slots=True)
class Step:
    n: int
    text: str
    state: str = "running"  # then succeeded, failed
    cached: bool = False
    began: float = 0.0  # seconds since the build began
    seconds: float = 0.0


@dataclass(slots=True)
class Progress:
    """Reads the engine's messages one by one; `lines` of the last one are taken by the caller."""

    hidden: Collection[str] = ()
    steps: list[Step] = field(default_factory=list)
    total: int = 0
    image: str = ""
    pulling: str = ""
    _rest: str = ""
    _bytes: int = 0

    def __post_init__(self) -> None:
        long_ones = {value for value in self.hidden if len(value) >= SHORTEST_SECRET}
        self.hidden = sorted(long_ones, key=len, reverse=True)

    def read(self, message: Mapping[str, Any], at_s: float) -> list[str]:
        """The lines that `message` ends, `at_s` seconds after the build began."""
        if isinstance(stream := message.get("stream"), str):
            self.pulling = ""
            return self._kept(self._lines(stream, at_s))
        if isinstance(aux := message.get("aux"), dict) and isinstance(aux.get("ID"), str):
            self.image = aux["ID"]
        if isinstance(status := message.get("status"), str):
            return self._kept(self._pulled(message, status))
        return []

    def end(self, at_s: float, *, failed: bool) -> list[str]:
        """The unfinished line, if there is one; the last step ends as the build does."""
        self._close("failed" if failed else "succeeded", at_s)
        rest, self._rest = self._rest, ""
        return self._kept([rest]) if rest else []

    def told(self) -> dict[str, Any]:
        """For the job's `detail`."""
        return {"total": self.total, "steps": [asdict(step) for step in self.steps]}

    def without_secrets(self, text: str) -> str:
        for value in self.hidden:
            text = text.replace(value, HIDDEN)
        return text

    @property
    def text(self) -> str:
        if not self.steps:
            return self.pulling
        return self.pulling or self.steps[-1].text[:200]

    def _lines(self, stream: str, at_s: float) -> list[str]:
        *whole, self._rest = (self._rest + stream).split("\n")
        if len(self._rest) > LONGEST_LINE:
            whole, self._rest = [*whole, self._rest], ""
        for line in whole:
            self._notice(line, at_s)
        return whole

    def _notice(self, line: str, at_s: float) -> None:
        match = STEP.fullmatch(line)
        if match and int(match["n"]) == len(self.steps) + 1:
            self._close("succeeded", at_s)
            self.total = int(match["total"])
            text = self.without_secrets(match["text"])
            self.steps.append(Step(int(match["n"]), text[:LONGEST_LINE], began=round(at_s, 3)))
        elif line == CACHED and self.steps:
            self.steps[-1].cached = True

    def _close(self, state: str, at_s: float) -> None:
        if self.steps and self.steps[-1].state == "running":
            step = self.steps[-1]
            step.state, step.seconds = state, round(at_s - step.began, 3)

    def _pulled(self, message: Mapping[str, Any], status: str) -> list[str]:
        """A base image is pulled: bars become the text, the rest lines."""
        layer, bar = message.get("id"), message.get("progress")
        if status in QUIET:
            self.pulling = " ".join(str(part) for part in (layer, status, bar) if part)[:200]
            return []
        return [f"{layer}: {status}" if layer else status]

    def _kept(self, lines: list[str]) -> list[str]:
        kept = []
        for line in lines:
            text = self.without_secrets(line.replace("\x00", "").removesuffix("\r"))
            self._bytes += len(text) + 1
            if self._bytes > MOST_LOG_BYTES:
                if self._bytes - len(text) - 1 <= MOST_LOG_BYTES:
                    kept.append("… the log is cut here: it is over 64 MiB")
                return kept
            kept.append(text)
        return kept
