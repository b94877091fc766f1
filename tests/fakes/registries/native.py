"""The products' own APIs, as far as a dashboard asks them (facts 12, 13 and 25)."""

import json
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.hostile_registry import Asked, Reply
from tests.fakes.registries.store import CREATED, Store

PAGE = 20  # repositories of one page at GitLab


def harbor(asked: Asked, store: Store) -> Reply | None:
    """/api/v2.0: ping, and the repositories of a project; None for another address."""
    path = urlsplit(asked.path).path
    if path == "/api/v2.0/ping":
        return Reply(body=b"Pong", headers={"Content-Type": "text/plain"})
    if path == "/api/v2.0/projects":
        names = sorted({name.partition("/")[0] for name in store.repositories})
        return _json([{"name": name} for name in names])
    start = "/api/v2.0/projects/"
    if path.startswith(start) and path.endswith("/repositories"):
        project = unquote(path[len(start) : -len("/repositories")])
        found = [name for name in store.repositories if name.startswith(f"{project}/")]
        rows = [{"name": name, "artifact_count": len(store.manifests[name])} for name in found]
        return _json(_cut(asked, rows, "page_size", 10))
    return None


def gitlab(asked: Asked, store: Store) -> Reply | None:
    """/api/v4: the repositories of a group or project; twenty of a page."""
    path = urlsplit(asked.path).path
    if not (path.startswith("/api/v4/") and path.endswith("/registry/repositories")):
        return None
    group = unquote(path.split("/")[4])
    rows = [
        {"id": at, "path": name, "tags_count": len(store.tags.get(name, {}))}
        for at, name in enumerate(store.repositories, 1)
        if name.startswith(f"{group}/") or name == group
    ]
    return _json(_cut(asked, rows, "per_page", PAGE))


def hub(asked: Asked, store: Store, own: str) -> Reply | None:
    """hub.docker.com/v2: the repositories of a namespace, and the tags of one with details."""
    path = urlsplit(asked.path).path
    start = "/v2/repositories/"
    if not path.startswith(start):
        return None
    parts = path[len(start) :].strip("/").split("/")
    if len(parts) == 1:
        found = [name for name in store.repositories if name.startswith(f"{parts[0]}/")]
        rows: list[dict[str, object]] = [
            {"namespace": parts[0], "name": name.split("/", 1)[1], "description": "of the lab"}
            for name in found
        ]
    else:
        rows = [_hub_tag(store, "/".join(parts[:2]), tag) for tag in
                store.tags.get("/".join(parts[:2]), {})]  # fmt: skip
    size, at = _asked(asked, "page_size", 10), _asked(asked, "page", 1)
    more = len(rows) > size * at
    following = f"{own}{path}?page_size={size}&page={at + 1}" if more else None
    page = rows[size * (at - 1) : size * at]
    return _json({"count": len(rows), "next": following, "results": page})


def _hub_tag(store: Store, name: str, tag: str) -> dict[str, object]:
    digest = store.tags[name][tag]
    _type, raw = store.manifests[name][digest]
    said = json.loads(raw)
    images = [
        {**each.get("platform", {}), "digest": each["digest"], "size": _size(store, name, each)}
        for each in said.get("manifests", [{"digest": digest, "platform": {}}])
    ]
    return {
        "name": tag, "digest": digest, "last_updated": CREATED, "tag_last_pushed": CREATED,
        "full_size": images[0]["size"], "images": images,
    }  # fmt: skip


def _size(store: Store, name: str, entry: dict[str, object]) -> int:
    said = json.loads(store.manifests[name][str(entry["digest"])][1])
    return sum(layer["size"] for layer in said["layers"])


def _cut(asked: Asked, rows: list[dict[str, object]], key: str, most: int) -> list[object]:
    size, at = _asked(asked, key, most), _asked(asked, "page", 1)
    return list(rows[size * (at - 1) : size * at])


def _asked(asked: Asked, key: str, default: int) -> int:
    return int(parse_qs(urlsplit(asked.path).query).get(key, [str(default)])[0])


def _json(said: object) -> Reply:
    return Reply(body=json.dumps(said).encode())
