"""Registries that do not list by the protocol: Docker Hub, GitLab and Harbor by their own APIs."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from accounts_app.models import User
from core.sealed import seal
from registries_app.content import looking, native
from registries_app.models import Manifest, Registry, Repository, Tag
from registries_app.selectors import repositories_of
from tests import make
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile

DIGEST, CHILD = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def record(url: str, kind: str, **said: Any) -> Registry:
    password = said.pop("password", "")
    domain = url.partition("://")[2]
    made = Registry.objects.create(
        slug="shop", name="shop", url=url, domain=domain, kind=kind, **said
    )
    if password:
        made.password_sealed = seal(made, "password_sealed", password)
        made.save()
    return made


def said(value: Any) -> Reply:
    return Reply(body=json.dumps(value).encode())


def names_of(registry: Registry) -> list[str]:
    with looking.page_scan(registry) as scan:
        looking.names(registry, scan)
    return sorted(row.name for row in repositories_of(registry))


def hub(asked: Asked, _fake: Fake) -> Reply:
    """As hub.docker.com answers, and the registry beside it."""
    images = [
        {"os": "linux", "architecture": "amd64", "digest": CHILD, "size": 70},
        {"os": "linux", "architecture": "arm64", "variant": "v8", "digest": CHILD, "size": 60},
        {"os": "unknown", "architecture": "unknown", "digest": CHILD, "size": 1},
    ]
    tag = {"name": "1.27", "digest": DIGEST, "images": images,
           "tag_last_pushed": "2026-05-06T07:08:09.123456Z"}  # fmt: skip
    path = asked.path.partition("?")[0]
    answers: dict[str, Any] = {
        "/v2/repositories/ann/": {
            "next": None, "results": [{"name": "app", "description": "Ours"}, {"name": "BAD"}],
        },
        "/v2/search/repositories/": {
            "results": [{"repo_name": "nginx", "short_description": "Official"},
                        {"repo_name": "grafana/grafana"}],
        },
        "/v2/repositories/library/nginx/tags": {"results": [tag]},
        "/v2/repositories/library/nginx/tags/1.9": tag | {"name": "1.9", "images": images[:1]},
        "/v2/library/nginx/tags/list": {"tags": ["1.27", "1.9"]},
    }  # fmt: skip
    return said(answers[path]) if path in answers else Reply(404)


def test_docker_hub_is_listed_by_namespace_and_searched_without_the_password(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile(hub) as fake:
        monkeypatch.setattr(native, "HUB_API", fake.url)
        registry = record(fake.url, "hub", username="ann", password="canary")
        assert names_of(registry) == ["ann/app"]
        assert Repository.objects.get().about == "Ours"
        client = make.session(Client(), admin)
        html = client.get("/registries/shop/?part=repositories&find=ngin").content.decode()
        assert re.findall(r'href="(/registries/shop/[^"]+)"', html) == [
            "/registries/shop/library/nginx/", "/registries/shop/grafana/grafana/",
        ]  # fmt: skip
        assert {each.authorization for each in fake.asked} == {""}


def test_tags_of_docker_hub_are_told_without_a_pull(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile(hub) as fake:
        monkeypatch.setattr(native, "HUB_API", fake.url)
        record(fake.url, "hub")
        client = make.session(Client(), admin)
        html = client.get("/registries/shop/library/nginx/?part=images&fresh=1").content.decode()
        assert not [each.path for each in fake.asked if "/manifests/" in each.path]
    tags = dict(Tag.objects.values_list("name", "digest"))
    assert tags == {"1.27": DIGEST, "1.9": DIGEST}
    known = Manifest.objects.get()
    assert not known.complete
    assert [each["platform"] for each in known.platforms][:1] == ["linux/amd64"]
    assert "pushed" in html
    assert "amd64" in html


def test_harbor_is_listed_by_its_projects_where_it_refuses_the_catalogue(db: None) -> None:
    def harbor(asked: Asked, _fake: Fake) -> Reply:
        path = asked.path.partition("?")[0]
        if path == "/api/v2.0/projects":
            return said([{"name": "shop"}, {"name": "lab"}])
        if path == "/api/v2.0/projects/shop/repositories":
            return said([{"name": "shop/web"}, {"name": "shop/team/api"}])
        if path == "/api/v2.0/projects/lab/repositories":
            return said([])
        return Reply(404)

    with hostile(harbor) as fake:
        registry = record(fake.url, "harbor", username="robot$ci", password="canary")
        assert names_of(registry) == ["shop/team/api", "shop/web"]
        asked = [each for each in fake.asked if each.path.startswith("/api/")]
        assert all(each.authorization.startswith("Basic ") for each in asked)


def test_gitlab_is_listed_by_the_projects_of_the_account(db: None) -> None:
    def gitlab(asked: Asked, _fake: Fake) -> Reply:
        path = asked.path.partition("?")[0]
        if path == "/api/v4/projects":
            return said([{"id": 7}, {"id": 9}])
        if path == "/api/v4/projects/7/registry/repositories":
            return said([{"path": "group/app"}, {"path": "group/app/worker"}])
        if path == "/api/v4/projects/9/registry/repositories":
            return Reply(403)
        return Reply(404)

    with hostile(gitlab) as fake, hostile(lambda _asked, _fake: Reply(404)) as quiet:
        registry = record(quiet.url, "gitlab", username="ann", password="pat", realms=[fake.url])
        assert names_of(registry) == ["group/app", "group/app/worker"]
        assert {each.authorization for each in fake.asked} == {"Bearer pat"}
        assert {each.authorization for each in quiet.asked} == {""}
