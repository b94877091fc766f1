"""The client of registries: against Debian's docker-registry, and against answers that lie."""

import hashlib
import json
from http.client import HTTPConnection

import pytest

from engine import guard
from registries_app.protocol import distribution, failures
from registries_app.protocol.answers import Names
from registries_app.protocol.authorization import challenges
from registries_app.protocol.distribution import Client
from registries_app.protocol.manifests import MOST_MANIFEST
from registries_app.protocol.targets import Target, domain_of, plain_url
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.lab.registry import Registry

pytestmark = pytest.mark.django_db  # what a registry says of its budget is kept with its record

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def pushed(at: Registry, repository: str, *tags: str) -> str:
    """An image without layers, put there by plain HTTP; its digest."""
    connection = HTTPConnection("127.0.0.1", at.port, timeout=10)
    config = json.dumps({"made": repository}).encode()
    connection.request("POST", f"/v2/{repository}/blobs/uploads/")
    answer = connection.getresponse()
    answer.read()
    where = answer.headers["Location"]
    connection.request("PUT", f"{where}&digest={digest_of(config)}", config)
    connection.getresponse().read()
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config)}
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {**described, "digest": digest_of(config)},
    }).encode()  # fmt: skip
    for tag in tags:
        headers = {"Content-Type": MANIFEST}
        connection.request("PUT", f"/v2/{repository}/manifests/{tag}", manifest, headers)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        answer.read()
    connection.close()
    return digest_of(manifest)


def test_a_real_registry_is_read_and_deleted_from(lab_registry: Registry) -> None:
    digest = pushed(lab_registry, "unit/box", "1", "2")
    with Client(Target(f"http://{lab_registry.address}")) as client:
        client.ping()
        assert "unit/box" in client.catalog().names
        assert sorted(client.tags("unit/box").names) == ["1", "2"]
        assert client.head("unit/box", "1") == digest
        manifest = client.manifest("unit/box", digest)
        assert (manifest.digest, manifest.media_type) == (digest, MANIFEST)
        config = json.loads(manifest.raw)["config"]["digest"]
        assert json.loads(client.blob("unit/box", config)) == {"made": "unit/box"}
        assert client.can_delete("unit/box")
        client.delete("unit/box", digest)
        assert client.tags("unit/box").names == ()
        for missing in ("unit/none", "not//valid", "../../etc"):
            with pytest.raises(failures.Missing):
                client.tags(missing)
        with pytest.raises(failures.Missing):
            client.head("unit/box", "1")


def test_all_pages_of_a_real_list_are_read(
    lab_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        pushed(lab_registry, f"paged/box{number}", "1")
    monkeypatch.setattr(distribution, "PAGE", 2)
    with Client(Target(f"http://{lab_registry.address}")) as client:
        found = client.catalog()
    assert {f"paged/box{number}" for number in range(5)} <= set(found.names)
    assert found.complete
    assert found.pages >= 3


def test_a_looping_link_ends_and_never_leaves_the_registry() -> None:
    def reply(_asked: Asked, _fake: Fake) -> Reply:
        link = '<http://169.254.169.254/v2/_catalog?last=a&n=1>; rel="next"'
        return Reply(body=b'{"repositories": ["a", "b", null, "../x"]}', headers={"Link": link})

    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        found = client.catalog()
    assert (found.names, found.complete) == (("a", "b"), False)
    assert [each.path for each in fake.asked] == [
        "/v2/_catalog?n=100",
        "/v2/_catalog?last=a&n=1",
    ]


def test_a_list_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "MOST_NAMES", 25)

    def reply(_asked: Asked, fake: Fake) -> Reply:
        at = len(fake.asked)
        names = [f"t{at}-{number}" for number in range(10)]
        link = f'</v2/box/tags/list?last={at}>; rel="next"'
        return Reply(body=json.dumps({"tags": names}).encode(), headers={"Link": link})

    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        found = client.tags("box")
    assert (len(found.names), found.complete, found.pages) == (25, False, 3)


def test_null_is_an_empty_list_of_tags() -> None:
    with (
        hostile(lambda _asked, _fake: Reply(body=b'{"name":"box","tags":null}')) as fake,
        Client(Target(fake.url)) as client,
    ):
        assert client.tags("box") == Names((), complete=True, pages=1)


def test_a_foreign_realm_gets_nothing() -> None:
    with hostile(lambda _asked, _fake: Reply(body=b'{"token":"stolen"}')) as thief:

        def reply(_asked: Asked, _fake: Fake) -> Reply:
            challenge = f'Bearer realm="{thief.url}/token",service="x"'
            return Reply(401, headers={"WWW-Authenticate": challenge})

        with hostile(reply) as fake:
            target = Target(fake.url, username="ann", password="canary")
            with Client(target) as client, pytest.raises(failures.ForeignRealm) as caught:
                client.ping()
        assert thief.url in caught.value.message
        assert thief.asked == []
        assert [each.authorization for each in fake.asked] == [""]


def test_credentials_do_not_follow_a_redirect_to_another_origin() -> None:
    raw = b'{"a": 1}'
    with hostile(lambda _asked, _fake: Reply(body=raw)) as store:

        def reply(asked: Asked, _fake: Fake) -> Reply:
            if not asked.authorization:
                return Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            return Reply(307, headers={"Location": f"{store.url}/blob"})

        with hostile(reply) as fake:
            target = Target(fake.url, username="ann", password="canary")
            with Client(target) as client:
                assert client.blob("box", digest_of(raw)) == raw
        assert [each.authorization for each in store.asked] == [""]
        assert fake.asked[-1].authorization.startswith("Basic ")


@pytest.mark.parametrize("where", ["http://169.254.169.254/latest/", "http://[fd00:ec2::254]/"])
def test_a_redirect_to_metadata_is_not_followed(where: str) -> None:
    reply = Reply(302, headers={"Location": where})
    with (
        hostile(lambda _asked, _fake: reply) as fake,
        Client(Target(fake.url)) as client,
        pytest.raises(failures.Forbidden),
    ):
        client.ping()


def test_redirects_without_end_are_given_up() -> None:
    reply = Reply(302, headers={"Location": "/v2/"})
    with hostile(lambda _asked, _fake: reply) as fake, Client(Target(fake.url)) as client:
        with pytest.raises(failures.BadRedirect):
            client.ping()
        assert len(fake.asked) == 6


def test_tokens_are_asked_for_by_scope_and_kept() -> None:
    def reply(asked: Asked, fake: Fake) -> Reply:
        if asked.path.startswith("/token"):
            return Reply(body=json.dumps({"access_token": asked.path}).encode())
        scope = asked.path.split("/")[2]
        if f"repository%3A{scope}%3Apull" not in asked.authorization:
            header = f'bearer service = "reg", Realm="{fake.url}/token" , Basic realm="b"'
            return Reply(401, headers={"WWW-Authenticate": header})
        return Reply(body=b'{"tags":["1"]}')

    with hostile(reply) as fake:
        target = Target(fake.url, username="ann", password="s:ä")
        with Client(target) as client:
            for repository in ("a", "b", "a"):
                assert client.tags(repository).names == ("1",)
        tokens = [each for each in fake.asked if each.path.startswith("/token")]
        assert [each.path for each in tokens] == [
            f"/token?service=reg&scope=repository%3A{name}%3Apull" for name in "ab"
        ]
        assert all(each.authorization == "Basic YW5uOnM6w6Q=" for each in tokens)
        assert len(fake.asked) == 2 + 2 * 2 + 1


REFUSALS = [
    (Reply(body=b"<html>", headers={"Content-Type": "text/html"}), failures.NotARegistry),
    (Reply(headers={"Content-Encoding": "gzip"}), failures.NotARegistry),
    (Reply(401, headers={"WWW-Authenticate": "Negotiate abc=="}), failures.NotARegistry),
    (Reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}), failures.AuthFailed),
    (Reply(403), failures.NoAccess),
    (Reply(429, headers={"Retry-After": "7"}), failures.RateLimited),
    (Reply(405), failures.NotSupported),
    (Reply(500, body=b"secret stack trace"), failures.Refused),
]


@pytest.mark.parametrize(("reply", "kind"), REFUSALS)
def test_each_refusal_has_its_name(reply: Reply, kind: type[failures.RegistryFailed]) -> None:
    with (
        hostile(lambda _asked, _fake: reply) as fake,
        Client(Target(fake.url)) as client,
        pytest.raises(kind) as caught,
    ):
        client.ping()
    assert "stack" not in caught.value.message


def test_other_bytes_than_the_digest_says_are_refused() -> None:
    raw = b'{"schemaVersion": 2, "layers": []}'
    wrong = {"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(b"other")}
    with (
        hostile(lambda _asked, _fake: Reply(body=raw, headers=wrong)) as fake,
        Client(Target(fake.url)) as client,
    ):
        for ask in (
            lambda: client.manifest("box", "latest"),
            lambda: client.manifest("box", digest_of(b"other")),
            lambda: client.blob("box", digest_of(b"other")),
        ):
            with pytest.raises(failures.DigestMismatch):
                ask()


def test_a_huge_manifest_is_not_held() -> None:
    raw = b" " * (MOST_MANIFEST + 1)
    with (
        hostile(lambda _asked, _fake: Reply(body=raw)) as fake,
        Client(Target(fake.url)) as client,
        pytest.raises(failures.TooLarge),
    ):
        client.manifest("box", "latest")


def test_a_head_that_is_not_known_is_asked_by_get() -> None:
    raw = b'{"schemaVersion": 2, "layers": []}'

    def reply(asked: Asked, _fake: Fake) -> Reply:
        return Reply(404) if asked.method == "HEAD" else Reply(body=raw)

    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        assert client.head("box", "latest") == digest_of(raw)


def test_nobody_there_is_unreachable_and_our_own_services_are_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with hostile(lambda _asked, _fake: Reply()) as fake:
        monkeypatch.setattr(guard, "_own_addresses", {("127.0.0.1", fake.port)})
        with Client(Target(fake.url)) as client, pytest.raises(failures.Forbidden):
            client.ping()
        assert fake.asked == []
    monkeypatch.setattr(guard, "_own_addresses", set())
    with Client(Target(fake.url)) as client, pytest.raises(failures.Unreachable):
        client.ping()


def test_a_silent_registry_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "CALL_S", 0.3)
    monkeypatch.setattr("registries_app.protocol.sockets.CONNECT_S", 5.0)
    short = Reply(body=b"", headers={"Content-Length": "100"})
    with (
        hostile(lambda _asked, _fake: short) as fake,
        Client(Target(fake.url)) as client,
        pytest.raises(failures.TimedOut),
    ):
        client.ping()


def test_challenges_in_every_spelling() -> None:
    found = challenges(['Negotiate abc==, BEARER realm=https://a/t,scope="a:pull,push" , Basic'])
    assert [(each.scheme, each.parameters) for each in found] == [
        ("negotiate", {}),
        ("bearer", {"realm": "https://a/t", "scope": "a:pull,push"}),
        ("basic", {}),
    ]
    assert challenges(['Basic realm="a \\"b\\""'])[0].parameters == {"realm": 'a "b"'}
    assert challenges(["", ",,", '"']) == []


def test_addresses_as_people_type_them() -> None:
    assert plain_url("docker.io") == "https://registry-1.docker.io"
    assert plain_url("http://reg.lan:5000/v2/") == "http://reg.lan:5000"
    assert plain_url("Reg.LAN:443") == "https://reg.lan"
    assert domain_of("https://registry-1.docker.io") == "docker.io"
    for bad in ("ftp://x", "http://", "http://a@b", "http://a/?q", "http://a/../b", "a:99999"):
        with pytest.raises(ValueError, match=r".+"):
            plain_url(bad)
