"""Names of images as Docker reads them: registry, path, tag and digest (pure).

Grammar: github.com/distribution/reference, regexp.go and normalize.go.
"""

import re
from dataclasses import dataclass

DEFAULT_DOMAIN = "docker.io"
OFFICIAL = "library/"
LONGEST_NAME = 255  # characters of domain and path together

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"\w[\w.-]{0,127}"
_ALGORITHM = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*"
REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)"
    rf"(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_ALGORITHM}:[0-9a-fA-F]{{32,}}))?",
    re.ASCII,
)
IDENTIFIER = re.compile(r"[a-f0-9]{64}")
DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}  # hex digits


class BadReference(ValueError):
    """The text names no image."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name. `tag` and `digest` are "" where the text had none."""

    domain: str  # docker.io where the text had none
    path: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """In full: docker.io/library/nginx:latest."""
        return f"{self.domain}/{self.path}{self._tail}"

    @property
    def familiar(self) -> str:
        """As the engine lists it: nginx:latest, without what is the default."""
        if self.domain != DEFAULT_DOMAIN:
            return str(self)
        path = self.path.removeprefix(OFFICIAL)
        short = path if "/" not in path else self.path
        if _split(short)[0] != DEFAULT_DOMAIN:  # its first part would pass for a registry
            return str(self)
        return f"{short}{self._tail}"

    @property
    def _tail(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag

    def with_default_tag(self) -> "Reference":
        """`latest` where neither tag nor digest says which."""
        if self.tag or self.digest:
            return self
        return Reference(self.domain, self.path, "latest")


def parse(text: str) -> Reference:
    """The reference that `text` is, with Docker Hub as the default. Raises BadReference."""
    if IDENTIFIER.fullmatch(text):
        raise BadReference("64 hex digits are an id, not a name")
    domain, path = _split(text)
    match = REFERENCE.fullmatch(f"{domain}/{path}")
    if not match or match["domain"] != domain:
        raise BadReference(f"not an image reference: {text!r}")
    if len(domain) + 1 + len(match["path"]) > LONGEST_NAME:
        raise BadReference(f"the name is over {LONGEST_NAME} characters")
    digest = match["digest"] or ""
    algorithm, _colon, digits = digest.partition(":")
    if digest and len(digits) != DIGEST_LENGTHS.get(algorithm, len(digits)):
        raise BadReference(f"not a digest: {digest}")
    return Reference(domain, match["path"], match["tag"] or "", digest)


def _split(text: str) -> tuple[str, str]:
    """(domain, rest). What comes before the first slash is a domain only if it looks like one."""
    first, slash, rest = text.partition("/")
    looks = "." in first or ":" in first or first == "localhost" or first.lower() != first
    if not slash or not looks:
        first, rest = DEFAULT_DOMAIN, text
    if first == "index.docker.io":
        first = DEFAULT_DOMAIN
    if first == DEFAULT_DOMAIN and "/" not in rest:
        rest = f"{OFFICIAL}{rest}"
    return first, rest
