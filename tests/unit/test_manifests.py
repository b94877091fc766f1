"""Manifests of every kind are read as they are meant, and hostile ones do no harm."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from registries_app.protocol.details import (
    artifact_name,
    assemble,
    children_of,
    config_of,
    predicate_name,
)
from registries_app.protocol.manifests import (
    MOST_MANIFEST,
    MOST_PARTS,
    Descriptor,
    Step,
    Unreadable,
    instruction,
    moment,
    paired,
    parse,
    parse_config,
    size_of,
)

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(n: int) -> str:
    return f"sha256:{n:064x}"


def descriptor(n: int, size: Any = 10, media_type: str = LAYER, **more: Any) -> dict[str, Any]:
    return {"digest": digest(n), "size": size, "mediaType": media_type} | more


def raw(**said: Any) -> bytes:
    return json.dumps({"schemaVersion": 2} | said).encode()


def image(*layers: dict[str, Any], config: int = 900, media_type: str = CONFIG) -> bytes:
    return raw(
        mediaType=OCI, config=descriptor(config, media_type=media_type), layers=list(layers)
    )


def entry(n: int, system: str, machine: str, **more: Any) -> dict[str, Any]:
    platform = {"os": system, "architecture": machine} | more.pop("platform", {})
    return descriptor(n, media_type=OCI, platform=platform, **more)


def attestation(n: int, of: int) -> dict[str, Any]:
    return entry(
        n,
        "unknown",
        "unknown",
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": digest(of),
        },
    )


@pytest.mark.parametrize(
    ("kind", "config"), [(OCI, CONFIG), (DOCKER, DOCKER_CONFIG)], ids=["oci", "docker"]
)
def test_an_image_has_a_configuration_and_layers(kind: str, config: str) -> None:
    said = raw(mediaType=kind, config=descriptor(1, media_type=config), layers=[descriptor(2)])
    found = parse(said)
    assert (found.kind, found.media_type) == ("image", kind)
    assert config_of(found) == digest(1)
    assert [layer.digest for layer in found.layers] == [digest(2)]


@pytest.mark.parametrize("kind", [INDEX, DOCKER_LIST])
def test_an_index_names_an_image_for_each_platform(kind: str) -> None:
    said = raw(
        mediaType=kind,
        manifests=[
            entry(1, "linux", "amd64"),
            entry(2, "linux", "arm64", platform={"variant": "v8"}),
            entry(3, "windows", "amd64", platform={"os.version": "10.0.1"}),
            entry(4, "windows", "amd64", platform={"os.version": "10.0.2"}),
        ],
    )
    assert [each.platform for each in parse(said).entries] == [
        "linux/amd64",
        "linux/arm64/v8",
        "windows/amd64 10.0.1",
        "windows/amd64 10.0.2",
    ]


def test_without_a_media_type_of_its_own_the_headers_counts_and_else_its_form() -> None:
    index = raw(manifests=[entry(1, "linux", "amd64")])
    assert parse(index, f"{INDEX}; charset=utf-8").media_type == INDEX
    assert parse(index).kind == "index"
    assert parse(raw(config=descriptor(1, media_type=CONFIG), layers=[])).kind == "image"


def test_an_attestation_is_known_by_its_annotation_and_is_no_platform() -> None:
    found = parse(raw(mediaType=INDEX, manifests=[entry(1, "linux", "amd64"), attestation(2, 1)]))
    assert [each.is_attestation for each in found.entries] == [False, True]
    assert found.entries[1].attests == digest(1)
    assert children_of(found) == [digest(1), digest(2)]


def test_an_artifact_is_no_image_and_says_what_it_is() -> None:
    chart = raw(
        mediaType=OCI,
        config=descriptor(1, media_type="application/vnd.cncf.helm.config.v1+json"),
        layers=[descriptor(2)],
    )
    found = parse(chart)
    assert (found.kind, config_of(found)) == ("artifact", "")
    assert artifact_name(found.artifact_type) == "Helm chart"


def test_what_hangs_on_an_image_names_it() -> None:
    found = parse(
        raw(
            mediaType=OCI,
            artifactType="application/spdx+json",
            config=descriptor(1, media_type="application/vnd.oci.empty.v1+json"),
            layers=[],
            subject=descriptor(7, media_type=OCI),
        )
    )
    assert (found.kind, found.subject) == ("artifact", digest(7))
    assert artifact_name(found.artifact_type) == "SBOM"


def test_the_oldest_form_names_its_first_layer_last() -> None:
    said = {
        "schemaVersion": 1,
        "architecture": "amd64",
        "fsLayers": [{"blobSum": digest(2)}, {"blobSum": digest(1)}, {"blobSum": 5}, None],
    }
    found = parse(json.dumps(said).encode())
    assert (found.kind, found.platform) == ("schema1", "linux/amd64")
    assert [layer.digest for layer in found.layers] == [digest(1), digest(2)]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"{}",
        b"[" * 100_000,
        b'{"manifests":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b" " * (MOST_MANIFEST + 1),
        b"\xff\xfe{}",
    ],
    ids=["empty", "html", "list", "text", "object", "open", "deep", "large", "bytes"],
)
def test_what_is_no_manifest_is_refused(said: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(said)


@pytest.mark.parametrize("odd", [None, 5, "x", True, [], {}, [None, 5, "x", [], {}], {"a": 1}])
def test_fields_of_any_type_do_no_harm(odd: Any) -> None:
    said = raw(
        mediaType=odd,
        config=odd,
        layers=odd,
        annotations=odd,
        subject=odd,
        artifactType=odd,
    )
    assert parse(said, OCI).layers == ()
    assert parse(raw(manifests=odd, annotations=odd), INDEX).entries == ()
    empty = {"created": odd, "config": odd, "history": odd, "os": odd, "architecture": odd}
    assert parse_config(json.dumps(empty).encode()).env == ()
    inner = dict.fromkeys(("Env", "Cmd", "Labels", "ExposedPorts", "Volumes", "User"), odd)
    parse_config(json.dumps({"config": inner, "history": [inner]}).encode())


@pytest.mark.parametrize("size", [-1, 1 << 60, 1.5, "10", None, True])
def test_a_size_that_cannot_be_counts_nothing(size: Any) -> None:
    assert parse(image(descriptor(1, size))).layers[0].size_bytes == 0


def test_a_million_layers_are_cut_and_broken_digests_left_out() -> None:
    many = raw(mediaType=OCI, layers=[descriptor(n) for n in range(MOST_PARTS + 500)])
    assert len(parse(many).layers) == MOST_PARTS
    bad = [{"digest": "sha256:../../etc"}, {"digest": digest(1) + "\n"}, {}]
    assert parse(raw(mediaType=OCI, layers=bad)).layers == ()


def test_text_of_strangers_cannot_hide_itself() -> None:
    said = {"config": {"Labels": {"a": "good\u202eevil"}, "User": "x" * 100_000}}
    found = parse_config(json.dumps(said).encode())
    assert found.labels["a"] == "good\\u202eevil"
    assert len(found.user) < 5_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T08:13:59.123456789Z", datetime(2026, 11, 24, 8, 13, 59, 123456, UTC)),
        ("2026-11-24T08:13:59+02:00", datetime(2026, 11, 24, 6, 13, 59, tzinfo=UTC)),
        ("2026-11-24T08:13:59.5Z", datetime(2026, 11, 24, 8, 13, 59, 500000, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("1980-01-01T00:00:01Z", None),
        ("2026-13-41T99:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("yesterday", None),
        (17, None),
    ],
)
def test_times_have_any_number_of_decimals_and_some_say_nothing(
    text: Any, expected: datetime | None
) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('/bin/sh -c #(nop)  CMD ["nginx"]', 'CMD ["nginx"]'),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c make # buildkit", "RUN make"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("", ""),
    ],
)
def test_history_reads_like_its_dockerfile(text: str, expected: str) -> None:
    assert instruction(text) == expected


def test_steps_belong_to_layers_only_where_their_number_fits() -> None:
    layers = (Descriptor(digest(1)), Descriptor(digest(2)))
    one, two, none = Step("A", None, False), Step("B", None, False), Step("ENV", None, True)
    assert paired(layers, (one, none, two)) == [one, two]
    assert paired(layers, (one, none)) == [None, None]


def test_a_layer_that_is_there_twice_is_counted_once() -> None:
    assert (
        size_of(parse(image(descriptor(1, 10), descriptor(1, 10), descriptor(2, 5))).layers) == 15
    )


def test_the_facts_of_an_index_are_those_of_its_platforms() -> None:
    index = parse(
        raw(
            mediaType=INDEX,
            manifests=[
                entry(1, "linux", "amd64"),
                entry(2, "linux", "arm64"),
                entry(3, "linux", "s390x"),
                attestation(4, 1),
            ],
        )
    )
    about = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    statement = descriptor(13, 5_000, annotations=about)
    manifests = {
        digest(1): parse(image(descriptor(10, 100), descriptor(11, 7), config=21)),
        digest(2): parse(image(descriptor(10, 100), descriptor(12, 9), config=22)),
        digest(4): parse(raw(mediaType=OCI, layers=[statement])),
    }
    configs = {
        digest(21): parse_config(
            b'{"created":"2026-11-01T00:00:00Z","config":{"Labels":{"team":"shop"}}}'
        ),
        digest(22): parse_config(b'{"created":"2026-11-02T00:00:00Z"}'),
    }
    found = assemble(digest(99), index, manifests, configs)
    platforms = [(each["platform"], each["size"]) for each in found["platforms"]]
    assert platforms == [("linux/amd64", 107), ("linux/arm64", 109), ("linux/s390x", None)]
    assert [each["missing"] for each in found["platforms"]] == [False, False, True]
    assert found["size"] == 116  # the shared layer once, the statement never
    assert found["created"] == "2026-11-02T00:00:00+00:00"
    assert found["labels"] == {"team": "shop"}
    assert found["attestations"] == [
        {"digest": digest(4), "of": "linux/amd64", "names": ["provenance"]}
    ]


def test_an_image_of_one_platform_learns_it_from_its_configuration() -> None:
    only = parse(image(descriptor(1, 10), config=5))
    config = parse_config(b'{"os":"linux","architecture":"arm","variant":"v7"}')
    found = assemble(digest(3), only, {}, {digest(5): config})
    assert [(each["platform"], each["digest"]) for each in found["platforms"]] == [
        ("linux/arm/v7", digest(3))
    ]


def test_statements_have_the_names_that_people_use() -> None:
    assert predicate_name("https://spdx.dev/Document") == "SBOM"
    assert predicate_name("https://slsa.dev/provenance/v0.2") == "provenance"
    assert predicate_name("https://example.org/mine") == "https://example.org/mine"
