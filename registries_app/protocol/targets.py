"""A registry as it is connected to: where, with which certificates, as whom."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

HUB = "https://registry-1.docker.io"
HUB_DOMAIN = "docker.io"
HUB_NAMES = {"docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com"}
ADDRESSES = {"hub": HUB, "ghcr": "https://ghcr.io", "quay": "https://quay.io"}
# Sign-in services that belong to a registry of another name (E3)
KNOWN_REALMS = {
    "registry-1.docker.io": "https://auth.docker.io",
    "registry.gitlab.com": "https://gitlab.com",
}
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """`realms` are the origins, besides its own, to which its sign-in may go."""

    url: str  # http(s)://host[:port][/path], without a slash at the end
    username: str = ""
    password: str = field(default="", repr=False)
    ca: str = field(default="", repr=False)  # PEM
    cert: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    skip_verify: bool = False
    realms: tuple[str, ...] = ()
    ns: str = ""  # of a mirror of kind ns: the registry whose images it is asked for

    @property
    def name(self) -> str:
        """For sentences: as it stands in references."""
        return domain_of(self.url)

    @property
    def anonymous(self) -> bool:
        return not (self.username or self.password)

    def allows_realm(self, origin: str) -> bool:
        own = origin_of(self.url)
        known = KNOWN_REALMS.get(urlsplit(self.url).hostname or "")
        return origin in {own, known, *self.realms}


def origin_of(url: str) -> str:
    """scheme://host[:port], without the port that the scheme means anyway. Raises ValueError."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if not host or parts.scheme not in PORTS:
        raise ValueError(f"no http address: {url}")
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    tail = "" if port in {None, PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{tail}"


def domain_of(url: str) -> str:
    """The registry's part of an image reference: host[:port]; docker.io for Docker Hub."""
    domain = origin_of(url).partition("://")[2]
    return HUB_DOMAIN if domain in HUB_NAMES else domain


def plain_url(text: str) -> str:
    """An address as somebody types it, in full. Raises ValueError for one that is none."""
    text = text.strip()
    url = text if "://" in text else f"https://{text}"
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query or parts.fragment or not text.isprintable():
        raise ValueError(f"no address of a registry: {text}")
    origin = origin_of(url)
    if domain_of(url) == HUB_DOMAIN:
        return HUB
    path = parts.path.rstrip("/").removesuffix("/v2").removesuffix("/v1")
    if any(letter in path for letter in " \\%;") or "//" in path or ".." in path:
        raise ValueError(f"no path of a registry: {path}")
    return f"{origin}{path}"
