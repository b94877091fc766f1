"""Deletion by the own APIs of Docker Hub and GHCR, and private namespaces of Docker Hub."""

import json
import re

import pytest
from django.test import Client as Client_

from accounts_app.models import User
from registries_app.content import looking, native
from registries_app.content.native import hub_login
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.moving import own_api
from registries_app.moving.deletion import OCI, OCI_INDEX
from registries_app.moving.own_api import writer_of
from registries_app.protocol import targets
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import Missing
from registries_app.protocol.targets import Target
from tests import make
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.pushing import Pusher, digest_of
from tests.lab.registry import Registry as LabRegistry
from tests.unit.script import Script
from tests.unit.test_registry_deletion import delete
from tests.unit.test_registry_native import names_of, record, said

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
NONE = Reply(404)


class Hub:
    """hub.docker.com and registry-1.docker.io in one, as far as deletion needs them."""

    def __init__(self) -> None:
        self.tags = {"1.0": ONE, "1": ONE, "2.0": TWO}

    def __call__(self, asked: Asked, fake: Fake) -> Reply:
        path = asked.path.partition("?")[0]
        if path == "/v2/auth/token":
            return said({"access_token": "hub-token"})
        if path == "/v2/repositories/ann/":
            names = ["app", "secret"] if asked.authorization == "Bearer hub-token" else ["app"]
            return said({"next": None, "results": [{"name": name} for name in names]})
        if path == "/v2/repositories/ann/app/tags":
            return said({"results": [{"name": n, "digest": d} for n, d in self.tags.items()]})
        if found := re.fullmatch("/v2/repositories/ann/app/tags/(.+)", path):
            if asked.authorization != "Bearer hub-token":
                return Reply(401)
            return Reply(204, b"") if self.tags.pop(found[1], "") else NONE
        if path == "/v2/ann/app/tags/list":
            return said({"tags": list(self.tags)})
        if found := re.fullmatch("/v2/ann/app/manifests/(.+)", path):
            if asked.method == "DELETE":
                return Reply(405)
            digest = self.tags.get(found[1], found[1])
            there = digest in self.tags.values()
            return Reply(headers={"Docker-Content-Digest": digest}) if there else NONE
        return NONE


class Ghcr:
    """api.github.com and ghcr.io in one: the versions of one package of an organisation."""

    def __init__(self) -> None:
        self.versions = {7: ONE, 8: TWO}
        self.tags = {"1": ONE, "2": TWO}

    def __call__(self, asked: Asked, fake: Fake) -> Reply:
        path = asked.path.partition("?")[0]
        base = "/orgs/team/packages/container/shop%2Fapp"
        if path == base:
            return said({"name": "shop/app"})
        if path == f"{base}/versions":
            return said([{"id": n, "name": digest} for n, digest in self.versions.items()])
        if found := re.fullmatch(f"{base}/versions/(.+)", path):
            gone = self.versions.pop(int(found[1]), "")
            self.tags = {tag: digest for tag, digest in self.tags.items() if digest != gone}
            return Reply(204, b"") if gone and asked.authorization == "Bearer pat" else NONE
        if path == "/v2/team/shop/app/tags/list":
            return said({"tags": list(self.tags)})
        if found := re.fullmatch("/v2/team/shop/app/manifests/(.+)", path):
            digest = self.tags.get(found[1], found[1])
            there = digest in self.versions.values()
            return Reply(headers={"Docker-Content-Digest": digest}) if there else NONE
        return NONE


def named_as(monkeypatch: pytest.MonkeyPatch, fake: Fake, domain: str, slug: str) -> Registry:
    """A record of this product, whose servers are all the fake."""
    for module in (native, own_api):
        monkeypatch.setattr(module, "HUB_API", fake.url)
    monkeypatch.setattr(own_api, "GITHUB_API", fake.url)
    if domain == targets.HUB_DOMAIN:
        monkeypatch.setattr(targets, "HUB_NAMES", {fake.url.partition("://")[2]})
    kind, who = ("hub", "ann") if domain == targets.HUB_DOMAIN else ("ghcr", "ann")
    password = "pat" if kind == "ghcr" else "canary"
    registry = record(fake.url, kind, username=who, password=password)
    registry.slug, registry.domain = slug, domain
    registry.save()
    return registry


def test_docker_hub_loses_one_tag_or_an_image_with_its_last_one(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub()
    with hostile(hub) as fake:
        named_as(monkeypatch, fake, "docker.io", "near")
        job = delete(Script(admin), repository="ann/app", tags=["2.0"])
        assert (job.state, job.error) == ("succeeded", "")
        assert hub.tags == {"1.0": ONE, "1": ONE}
        job = delete(Script(admin), repository="ann/app", digests=[ONE])
        assert (job.state, job.error, hub.tags) == ("succeeded", "", {})
        assert not [each for each in fake.asked if "canary" in each.authorization]


def test_ghcr_deletes_the_version_that_an_image_is(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ghcr = Ghcr()
    with hostile(ghcr) as fake:
        registry = named_as(monkeypatch, fake, "ghcr.io", "near")
        job = delete(Script(admin), repository="team/shop/app", digests=[ONE])
        assert (job.state, job.error) == ("succeeded", "")
        assert (ghcr.versions, ghcr.tags) == ({8: TWO}, {"2": TWO})
        with writer_of(registry) as client, pytest.raises(Missing):
            client.delete("team/shop/app", ONE)


def test_private_repositories_of_docker_hub_are_listed_for_their_account(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile(Hub()) as fake:
        registry = named_as(monkeypatch, fake, "docker.io", "near")
        assert names_of(registry) == ["ann/app", "ann/secret"]


def test_the_password_of_another_registry_never_goes_to_docker_hub(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile(Hub()) as fake:
        monkeypatch.setattr(native, "HUB_API", fake.url)
        registry = record(fake.url, "hub", username="ann", password="canary")
        with Client(target_of(registry)) as client:
            assert hub_login(client) == ""
        with looking.page_scan(registry) as scan:
            assert native.lists(registry, scan).names.names == ("ann/app",)
        assert not [each.path for each in fake.asked if "token" in each.path]


def test_a_part_of_an_image_that_stays_is_named(admin: User, lab_registry: LabRegistry) -> None:
    near = Registry.objects.create(
        slug="near", name="near", url=f"http://{lab_registry.address}", domain=lab_registry.address
    )
    with Pusher(lab_registry.port) as push:
        amd = push.image("own/parts", [], layers=[b"own parts amd"])
        arm = push.image("own/parts", [], platform="linux/arm64", layers=[b"own parts arm"])
        push.index("own/parts", ["1"], ("linux/amd64", amd), ("linux/arm64", arm))
    with looking.page_scan(near) as scan:
        row = looking.tags(near, "own/parts", scan)
        looking.digests(row, scan, list(row.tags.all()))
    body = {"repository": "own/parts", "digests": [arm.digest], "preview": True}
    answer = Script(admin).post("registries/near/delete", body)
    assert answer.body["breaks"] == {"1": ["linux/arm64"]}
    page = make.session(Client_(), admin).get(
        f"/registries/near/own/parts/-/delete/?digest={arm.digest}"
    )
    assert "will lack linux/arm64" in page.content.decode()


def test_what_referred_to_an_image_leaves_the_tag_for_that(
    admin: User, lab_registry: LabRegistry
) -> None:
    """Distribution 2.8 keeps no list of referrers: it is an index under a tag (fact 50)."""
    Registry.objects.create(
        slug="near", name="near", url=f"http://{lab_registry.address}", domain=lab_registry.address
    )
    with Pusher(lab_registry.port) as push:
        image = push.image("own/signed", ["1"], layers=[b"own signed"])
        subject = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.raw)}
        made = []
        for n in range(2):
            config = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
                      "digest": push.blob("own/signed", b"{}")}  # fmt: skip
            manifest = {"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [],
                        "subject": subject, "annotations": {"n": str(n)}}  # fmt: skip
            raw = json.dumps(manifest).encode()
            made.append({"mediaType": OCI, "digest": digest_of(raw), "size": len(raw)})
            push.raw_manifest("own/signed", digest_of(raw), raw, OCI)
        tag = image.digest.replace(":", "-")
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": made}
        push.manifest("own/signed", tag, index, OCI_INDEX)
    target = Target(f"http://{lab_registry.address}")
    for left in ([made[1]], []):
        gone = next(each["digest"] for each in made if each not in left)
        made = left
        job = delete(Script(admin), repository="own/signed", digests=[gone])
        assert (job.state, job.error) == ("succeeded", "")
        with Client(target) as client:
            if left:
                said = json.loads(client.manifest("own/signed", tag).raw)
                assert said["manifests"] == left
            assert (tag in client.tags("own/signed").names) == bool(left)
