"""Lists of products that do not list by the protocol: Docker Hub, GitLab, Harbor (their own APIs).

Sources: hub.docker.com/v2, docs.gitlab.com (container registry API), Harbor's swagger. Nothing
of Docker Hub that is asked here counts as a pull; the account signs in only to list a namespace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from core.text import visible
from registries_app.content.scan import Scan
from registries_app.models import Registry
from registries_app.protocol.answers import Names
from registries_app.protocol.authorization import basic, kept
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import (
    AuthFailed,
    NoAccess,
    NotARegistry,
    NotSupported,
    RegistryFailed,
    no_catalogue,
    type_it,
)
from registries_app.protocol.manifests import DIGEST, MOST_BYTES, moment
from registries_app.protocol.tags import is_repository, is_tag
from registries_app.protocol.targets import HUB_DOMAIN, KNOWN_REALMS, origin_of

HUB_API = "https://hub.docker.com"
HUB_TOKEN_S = 300.0  # it holds longer; a changed password shows soon
HUB_NEWEST = 100  # tags that one question tells all about
PAGES = 20  # of a hundred entries each
PROJECTS = 200  # of GitLab, each a question of its own


@dataclass(slots=True)
class Listed:
    """What a product's own API lists."""

    names: Names
    about: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HubTag:
    """A tag of Docker Hub with what it tells without a pull."""

    name: str
    digest: str
    pushed: datetime | None
    platforms: list[dict[str, Any]]


def lists(registry: Registry, scan: Scan) -> Listed:
    """Its repositories, where its kind has an API for that. Raises NotSupported, ….

    A password goes to the registry's own origin, or to one that was confirmed for it (E3).
    """
    kind = registry.kind
    if kind == Registry.Kind.HUB and registry.username:
        return scan.once(lambda client: namespace(client, registry.username))
    if kind == Registry.Kind.HARBOR:
        return scan.once(_harbor)
    if kind == Registry.Kind.GITLAB and registry.signs_in:
        return _gitlab(scan)
    raise NotSupported(no_catalogue(scan.client.target.name), hint=type_it())


# -- Docker Hub ---------------------------------------------------------------------------------


def namespace(client: Client, name: str) -> Listed:
    """Repositories of a user or organisation of Docker Hub, as far as the account sees them."""
    login = hub_login(client)
    about: dict[str, str] = {}
    complete = False
    for page in range(1, PAGES + 1):
        path = f"/v2/repositories/{quote(name, safe='')}/?page_size=100&page={page}"
        said = client.other(f"{HUB_API}{path}", login)
        for each in _dicts(said, "results"):
            whole = f"{name}/{each.get('name')}"
            if is_repository(whole):
                about[whole] = _words(each.get("description"))
        if not said.get("next"):
            complete = True
            break
    return Listed(Names(tuple(about), complete, page), about)


def hub_login(client: Client) -> str:
    """What the account of Docker Hub signs its API with; "" without one, and elsewhere (E6)."""
    target = client.target
    if target.name != HUB_DOMAIN or target.anonymous:
        return ""
    if known := kept.get(target, HUB_API):
        return known
    pair = {"identifier": target.username, "secret": target.password}
    try:
        said = client.other(f"{HUB_API}/v2/auth/token", body=pair)
    except NoAccess as error:
        raise AuthFailed(target.name, anonymous=False) from error
    token = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise NotARegistry(target.name)
    kept.put(target, HUB_API, f"Bearer {token}", HUB_TOKEN_S)
    return f"Bearer {token}"


def search(client: Client, words: str) -> Listed:
    """Repositories of Docker Hub that match, the official ones under library/."""
    query = quote(words[:100], safe="")
    said = client.other(f"{HUB_API}/v2/search/repositories/?query={query}&page_size=50")
    about: dict[str, str] = {}
    for each in _dicts(said, "results"):
        name = str(each.get("repo_name") or "")
        whole = name if "/" in name else f"library/{name}"
        if is_repository(whole):
            about[whole] = _words(each.get("short_description"))
    return Listed(Names(tuple(about), complete=True, pages=1), about)


def hub_tags(scan: Scan, repository: str, shown: Sequence[str]) -> dict[str, HubTag]:
    """What Docker Hub tells about these tags; the newest hundred are one question."""
    path = f"{HUB_API}/v2/repositories/{repository}/tags"
    said = scan.once(lambda client: client.other(f"{path}?page_size={HUB_NEWEST}"))
    found = {tag.name: tag for tag in map(_hub_tag, _dicts(said, "results")) if tag.digest}
    missing = [name for name in shown if name not in found and is_tag(name)]

    def one(client: Client, name: str) -> HubTag:
        return _hub_tag(client.other(f"{path}/{name}"))

    return found | {
        name: told
        for name, told in scan.each(one, missing)
        if not isinstance(told, RegistryFailed) and told.digest
    }


def _hub_tag(said: Any) -> HubTag:
    said = said if isinstance(said, dict) else {}
    images = [each for each in _dicts(said, "images") if each.get("architecture") != "unknown"]
    digest = said.get("digest") or (images[0].get("digest") if len(images) == 1 else "")
    return HubTag(
        name=str(said.get("name") or ""),
        digest=digest if isinstance(digest, str) and DIGEST.fullmatch(digest) else "",
        pushed=moment(said.get("tag_last_pushed") or said.get("last_updated")),
        platforms=[_hub_platform(each) for each in images if _is_digest(each.get("digest"))],
    )


def _hub_platform(each: dict[str, Any]) -> dict[str, Any]:
    parts = [each.get("os"), each.get("architecture"), each.get("variant")]
    size = each.get("size")
    return {
        "platform": visible("/".join(str(part) for part in parts if part), 100),
        "digest": each["digest"],
        "size": size if isinstance(size, int) and 0 <= size <= MOST_BYTES else None,
        "created": None,
        "layers": [],
        "missing": False,
    }


# -- Harbor and GitLab --------------------------------------------------------------------------


def _harbor(client: Client) -> Listed:
    """Repositories of every project that the account may see."""
    base = f"{origin_of(client.target.url)}/api/v2.0"
    login = "" if client.target.anonymous else basic(client.target)
    names: dict[str, None] = {}
    for project in _pages(client, f"{base}/projects", login, "page_size"):
        where = f"{base}/projects/{quote(str(project.get('name')), safe='')}/repositories"
        for each in _pages(client, where, login, "page_size"):
            name = str(each.get("name") or "")
            if is_repository(name):
                names[name] = None
    return Listed(Names(tuple(names), complete=True, pages=1))


def _gitlab(scan: Scan) -> Listed:
    """Repositories of the projects that the account is a member of."""
    target = scan.client.target
    known = KNOWN_REALMS.get(urlsplit(target.url).hostname or "")
    base = f"{known or next(iter(target.realms), origin_of(target.url))}/api/v4"
    login = f"Bearer {target.password}"

    def projects(client: Client) -> list[dict[str, Any]]:
        return list(_pages(client, f"{base}/projects?membership=true&simple=true", login))

    def of_one(client: Client, project: int) -> list[str]:
        where = f"{base}/projects/{project}/registry/repositories"
        return [str(each.get("path") or "") for each in _pages(client, where, login)]

    ids = [each["id"] for each in scan.once(projects) if isinstance(each.get("id"), int)]
    names: dict[str, None] = {}
    for _project, told in scan.each(of_one, ids[:PROJECTS]):
        if not isinstance(told, RegistryFailed):
            names.update(dict.fromkeys(filter(is_repository, told)))
    return Listed(Names(tuple(sorted(names)), len(ids) <= PROJECTS, 1))


def _pages(
    client: Client, url: str, login: str, size: str = "per_page"
) -> Iterator[dict[str, Any]]:
    """Entries of a list in pages of a hundred, until one is short."""
    for page in range(1, PAGES + 1):
        mark = "&" if "?" in url else "?"
        said = client.other(f"{url}{mark}{size}=100&page={page}", login)
        entries = (
            [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
        )
        yield from entries
        if len(entries) < 100:
            return


def _dicts(said: Any, key: str) -> list[dict[str, Any]]:
    found = said.get(key) if isinstance(said, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _words(said: Any) -> str:
    return visible(said, 300) if isinstance(said, str) else ""


def _is_digest(said: Any) -> bool:
    return isinstance(said, str) and DIGEST.fullmatch(said) is not None
