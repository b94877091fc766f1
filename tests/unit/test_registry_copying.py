"""Images copied between registries: whole, only what is missing, and with the same digest."""

import json
from typing import Any

import pytest

from accounts_app.models import User
from jobs_app.lifecycle import Cancelled
from jobs_app.models import Job
from registries_app.models import Registry
from registries_app.moving import copy_tasks
from registries_app.moving.deletion import OCI, OCI_CONFIG
from registries_app.protocol import uploading
from registries_app.protocol.answers import digest_of
from registries_app.protocol.distribution import Client
from registries_app.protocol.failures import BadRedirect
from registries_app.protocol.targets import Target
from registries_app.protocol.uploading import Writer
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.fakes.oci import Oci, oci
from tests.lab.registry import Registry as LabRegistry
from tests.unit.script import Script, fields

INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.fixture
def script(admin: User) -> Script:
    return Script(admin)


def record(url: str, slug: str) -> Registry:
    domain = url.partition("://")[2]
    return Registry.objects.create(slug=slug, name=slug, url=url, domain=domain)


def described(raw: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(raw), "digest": digest_of(raw)}


def platform(at: Oci, repository: str, name: str, layers: int = 2) -> tuple[str, int]:
    """An image of one platform, without a tag: its digest and size."""
    blobs = [f"{name} layer {n}".encode() * 50 for n in range(layers)]
    config = f'{{"of": "{name}"}}'.encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": described(config, OCI_CONFIG),
        "layers": [described(blob, LAYER) for blob in blobs],
    }
    return at.put(repository, "", manifest, config, *blobs), len(json.dumps(manifest))


def index(at: Oci, repository: str, tag: str) -> str:
    """Two platforms, an attestation, a signature by tag and an SBOM that refers to it."""
    entries: list[dict[str, Any]] = []
    for name in ("amd64", "arm64", "attestation"):
        digest, size = platform(at, repository, name)
        entry: dict[str, Any] = {"mediaType": OCI, "digest": digest, "size": size}
        if name == "attestation":
            entry["annotations"] = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": entries[0]["digest"],
            }
        else:
            entry["platform"] = {"os": "linux", "architecture": name}
        entries.append(entry)
    whole = at.put(repository, tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    signature, _size = platform(at, repository, "signature", 1)
    at.tags[repository, f"{whole.replace(':', '-')}.sig"] = signature
    sbom = b'{"spdx": 1}'
    at.put(
        repository,
        "",
        {
            "schemaVersion": 2,
            "mediaType": OCI,
            "artifactType": "application/spdx+json",
            "config": described(b"{}", "application/vnd.oci.empty.v1+json"),
            "layers": [described(sbom, "application/spdx+json")],
            "subject": {"mediaType": INDEX, "digest": whole, "size": 1},
        },
        b"{}",
        sbom,
    )
    return whole


def body(**changed: Any) -> dict[str, Any]:
    return {
        "source": {"registry": "dev", "repository": "shop", "reference": "1"},
        "target": {"registry": "prod", "repository": "live/shop", "reference": "stable"},
    } | changed


def copied(script: Script, wanted: dict[str, Any]) -> Job:
    answer = script.post("registries/copy", wanted)
    assert answer.status == 202, answer.body
    return run(answer.body["id"])


def run(number: int) -> Job:
    copy_tasks.copy_image(number)
    return Job.objects.get(pk=number)


def told(job: Job) -> dict[str, Any]:
    assert isinstance(job.result, dict), job.error
    return job.result


def uploads(at: Oci) -> int:
    return at.count("POST", "/blobs/uploads/")


def test_all_platforms_attestations_signatures_and_referrers_arrive(script: Script) -> None:
    with oci(has_referrers=True) as dev, oci(has_referrers=True) as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        whole = index(dev, "shop", "1")
        job = copied(script, body())
        assert (job.state, job.error, job.host) == ("succeeded", "", None)
        assert prod.tags["live/shop", "stable"] == told(job)["digest"] == whole
        assert {digest for _repository, digest in prod.manifests} == {
            digest for _repository, digest in dev.manifests
        }
        assert all(
            prod.manifests["live/shop", digest] == kept
            for (_name, digest), kept in dev.manifests.items()
        )
        assert prod.tags["live/shop", f"{whole.replace(':', '-')}.sig"]
        assert told(job)["referrers"] == 2


def test_where_the_target_has_no_list_of_referrers_a_tag_is_made_for_it(script: Script) -> None:
    with oci(has_referrers=True) as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        whole = index(dev, "shop", "1")
        assert copied(script, body()).state == "succeeded"
        made = prod.tags["live/shop", whole.replace(":", "-")]
        listed = json.loads(prod.manifests["live/shop", made][1])["manifests"]
        assert len(listed) == 1
        record(prod.url, "back")  # and from such a tag it goes on to the next registry
        again = body(
            source={"registry": "prod", "repository": "live/shop", "reference": "stable"},
            target={"registry": "dev", "repository": "copy", "reference": "1"},
        )
        assert told(copied(script, again))["referrers"] == 2


def test_done_again_only_what_is_missing_is_sent(script: Script) -> None:
    with oci() as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        index(dev, "shop", "1")
        assert told(copied(script, body()))["copied"] == uploads(prod) > 0
        before = uploads(prod)
        lost = next(digest for _name, digest in prod.blobs)
        del prod.blobs["live/shop", lost]
        again = told(copied(script, body()))
        assert (again["copied"], uploads(prod) - before) == (1, 1)


def test_within_one_server_layers_are_mounted_and_in_one_repository_only_a_tag_is_put(
    script: Script,
) -> None:
    with oci() as dev:
        record(dev.url, "dev")
        index(dev, "shop", "1")
        there = {"registry": "dev", "repository": "live/shop", "reference": "1"}
        done = told(copied(script, body(target=there)))
        assert (done["copied"], done["mounted"]) == (0, uploads(dev))
        assert dev.count("PUT", "/blobs/") == 0
        before = len(dev.asked)
        here = {"registry": "dev", "repository": "shop", "reference": "stable"}
        assert copied(script, body(target=here)).state == "succeeded"
        assert dev.tags["shop", "stable"] == dev.tags["shop", "1"]
        assert not [path for how, path in dev.asked[before:] if how == "POST"]


def test_what_cannot_be_mounted_is_sent(script: Script) -> None:
    with oci(mounts=False) as dev:
        record(dev.url, "dev")
        index(dev, "shop", "1")
        there = {"registry": "dev", "repository": "live/shop", "reference": "1"}
        done = told(copied(script, body(target=there)))
        assert done["mounted"] == 0
        assert done["copied"] > 0


def test_a_tag_of_another_image_is_kept_unless_it_may_be_replaced(script: Script) -> None:
    with oci() as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        whole = index(dev, "shop", "1")
        old, _size = platform(prod, "live/shop", "old")
        prod.tags["live/shop", "stable"] = old
        job = copied(script, body())
        assert job.state == "failed"
        assert "stands for another image" in job.error
        assert (prod.tags["live/shop", "stable"], uploads(prod)) == (old, 0)
        done = told(copied(script, body(overwrite=True)))
        assert (done["replaced"], prod.tags["live/shop", "stable"]) == (old, whole)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(script: Script) -> None:
    with oci() as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        whole = index(dev, "shop", "1")
        old, _size = platform(prod, "live/shop", "amd64")
        prod.tags["live/shop", "stable"] = old
        said = script.post("registries/copy", body(dry_run=True)).body
        assert (said["digest"], said["overwrites"]) == (whole, old)
        does = [blob["does"] for blob in said["blobs"]]
        assert (does.count("present"), does.count("copy")) == (3, len(does) - 3)
        assert said["bytes"] == sum(b["size"] for b in said["blobs"] if b["does"] == "copy")
        assert not [how for how, _path in prod.asked if how in {"POST", "PUT", "PATCH"}]
        assert not Job.objects.exists()


@pytest.mark.parametrize("abilities", [{"piece_bytes": 64}, {"most_bytes": 1500}])
def test_a_layer_goes_in_pieces_where_that_is_asked_or_the_whole_is_refused(
    script: Script, abilities: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "LEAST_PIECE", 64)
    monkeypatch.setattr("registries_app.moving.copying.PIECE", 256)
    with oci() as dev, oci(**abilities) as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        layer = bytes(range(256)) * 8
        config = b"{}"
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": described(config, OCI_CONFIG),
            "layers": [described(layer, LAYER)],
        }
        dev.put("shop", "1", manifest, config, layer)
        job = copied(script, body())
        assert (job.state, job.error) == ("succeeded", "")
        assert prod.blobs["live/shop", digest_of(layer)] == layer
        assert prod.count("PATCH", "") >= 8


def test_bytes_that_are_not_what_their_digest_says_never_become_an_image(
    script: Script,
) -> None:
    with oci() as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        index(dev, "shop", "1")
        damaged = next(digest for _name, digest in dev.blobs)
        dev.blobs["shop", damaged] = bytes(len(dev.blobs["shop", damaged]))
        job = copied(script, body())
        assert job.state == "failed"
        assert damaged[:19] in job.error
        assert not prod.tags
        assert ("live/shop", damaged) not in prod.blobs


@pytest.mark.parametrize("location", ["https://127.0.0.1:{port}", "http://127.0.0.1"])
def test_a_proxy_that_spoils_the_address_of_an_upload_does_no_harm(location: str) -> None:
    with oci() as fake, Writer(Target(fake.url)) as client:
        fake.location = location.format(port=fake.port)
        digest = client.put_blob("shop", b"text")
        assert fake.blobs["shop", digest] == b"text"


def test_an_upload_never_goes_to_another_server() -> None:
    with oci() as fake, oci() as other, Writer(Target(fake.url, "ann", "secret")) as client:
        fake.location = f"http://localhost:{other.port}"
        with pytest.raises(BadRedirect):
            client.put_blob("shop", b"text")
        assert not other.asked


def test_both_scopes_are_asked_for_when_a_layer_is_mounted() -> None:
    asked: list[str] = []

    def reply(each: Asked, fake: Fake) -> Reply:
        if each.path.startswith("/token"):
            asked.append(each.path)
            return Reply(body=b'{"token": "t"}')
        if not each.authorization:
            challenge = f'Bearer realm="{fake.url}/token",service="s"'
            return Reply(401, headers={"WWW-Authenticate": challenge})
        return Reply(201)

    digest = f"sha256:{'a' * 64}"
    with hostile(reply) as fake, Writer(Target(fake.url)) as client:
        assert client.mount("shop", digest, "base").status == 201
    assert asked[0].count("scope=") == 2
    assert "repository%3Ashop%3Apull%2Cpush" in asked[0]
    assert "repository%3Abase%3Apull" in asked[0]


def test_who_cancels_it_gets_no_image(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    with oci() as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        index(dev, "shop", "1")
        number = script.post("registries/copy", body()).body["id"]
        monkeypatch.setattr(copy_tasks, "report", _cancelled)
        job = run(number)
        assert job.state == "cancelled"
        assert not prod.tags


def _cancelled(*_args: object, **_named: object) -> None:
    raise Cancelled


def test_a_real_registry_gives_and_takes(script: Script, lab_registry: LabRegistry) -> None:
    with oci() as dev:
        record(dev.url, "dev")
        record(f"http://{lab_registry.address}", "prod")
        whole = index(dev, "shop", "1")
        done = copied(script, body())
        assert (done.state, done.error) == ("succeeded", "")
        there = {"registry": "prod", "repository": "live/shop", "reference": whole}
        second = {"registry": "prod", "repository": "mounted/shop", "reference": "1"}
        again = told(copied(script, body(source=there, target=second)))
        assert (again["copied"], again["digest"]) == (0, whole)
        assert again["mounted"] > 0
        with Client(Target(f"http://{lab_registry.address}")) as client:
            assert client.head("live/shop", "stable") == whole
            assert client.head("mounted/shop", "1") == whole


def test_several_are_one_job_with_a_child_for_each(script: Script) -> None:
    with oci() as dev, oci() as prod:
        record(dev.url, "dev")
        record(prod.url, "prod")
        items = [{key: body()[key] for key in ("source", "target")}]
        items.append(
            {"source": items[0]["source"], "target": {**items[0]["target"], "reference": "2"}}
        )
        answer = script.post("registries/copy/bulk", {"items": items})
        assert answer.status == 202
        children = Job.objects.filter(parent=answer.body["id"])
        assert {child.target_name.rpartition(":")[2] for child in children} == {"stable", "2"}


@pytest.mark.parametrize(
    ("end", "changed", "field"),
    [
        ("source", {"registry": "none"}, "source.registry"),
        ("source", {"repository": "Shop"}, "source.repository"),
        (
            "target",
            {"registry": "dev", "repository": "shop", "reference": "1"},
            "target.reference",
        ),
        ("target", {"reference": "a/b"}, "target.reference"),
    ],
)
def test_what_is_wrong_is_named_and_never_a_job(
    script: Script, end: str, changed: dict[str, str], field: str
) -> None:
    record("http://127.0.0.1:9", "dev")
    record("http://127.0.0.1:8", "prod")
    wanted = body(**{end: body()[end] | changed})
    assert fields(script.post("registries/copy", wanted)) == {field}
    assert not Job.objects.exists()
