"""Registries that are slow, wrong or hostile: each ends soon, with a sentence that says why."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engine import guard
from registries_app.checking import check
from registries_app.credentials import target_of
from registries_app.models import Registry
from registries_app.protocol import failures, limits, wire
from registries_app.protocol.distribution import Client
from registries_app.protocol.manifests import MOST_MANIFEST
from registries_app.protocol.sockets import deadline
from registries_app.protocol.targets import Target
from tests.fakes.hostile_registry import Asked, Fake, Reply, hostile
from tests.fakes.registries import product
from tests.lab.certificates import Certificates, make_certificates

pytestmark = pytest.mark.django_db  # what a registry says of its budget is kept with its record

Answer = Callable[[Asked, Fake], Reply]


def challenge(said: str) -> Answer:
    return lambda _asked, _fake: Reply(401, headers={"WWW-Authenticate": said})


def redirect(where: str) -> Answer:
    return lambda _asked, _fake: Reply(302, headers={"Location": where})


def page(body: bytes, kind: str = "text/html", status: int = 200) -> Answer:
    return lambda _asked, _fake: Reply(status, body, {"Content-Type": kind})


HOSTILE: dict[str, tuple[Answer, str]] = {
    "a challenge that nobody speaks": (challenge("Negotiate"), "does not speak as a registry"),
    "a challenge without a realm": (challenge("Bearer service=x"), "does not speak as a registry"),
    "a foreign realm": (challenge('Bearer realm="https://evil.example/t"'), "nothing was sent"),
    "a realm with a password": (challenge('Bearer realm="http://a:b@x/t"'), "nothing was sent"),
    "a redirect with a password": (redirect("http://ann:pw@127.0.0.1/"), "not safe to follow"),
    "a redirect to metadata": (redirect("http://169.254.169.254/"), "does not open"),
    "a redirect to itself": (redirect("/v2/"), "not safe to follow"),
    "a page of a proxy": (page(b"<html>SSO</html>"), "does not speak as a registry"),
    "an error with its stack": (page(b"Traceback canary", "text/plain", 500), "status 500"),
    "no rights": (page(b"{}", "application/json", 403), "allow"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_has_a_sentence_and_gets_no_password(name: str) -> None:
    answer, words = HOSTILE[name]
    with hostile(answer) as fake:
        report = check(Target(fake.url, "ann", "canary"))
    assert words in report.error
    assert "canary" not in report.error
    assert not report.steps[-1].ok
    assert {each.authorization for each in fake.asked} == {""}


def dripping() -> Iterator[bytes]:
    """One space after another, for ever."""
    never = threading.Event()
    while not never.wait(0.01):
        yield b" "


def test_a_slow_drip_ends_when_the_call_is_over() -> None:
    with hostile(lambda _asked, _fake: Reply(pieces=dripping)) as fake, deadline(0.4):
        report = check(Target(fake.url))
    assert "did not answer in time" in report.error


def test_a_manifest_of_64_mib_is_left_where_it_is() -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _piece in range(64):
            sent += 1
            yield b" " * (1 << 20)

    with (
        hostile(lambda _asked, _fake: Reply(pieces=pieces)) as fake,
        Client(Target(fake.url)) as client,
        pytest.raises(failures.TooLarge, match=str(MOST_MANIFEST)),
    ):
        client.manifest("box", "latest")
    assert sent < 60


def test_of_200_000_tags_the_first_10_000_are_read_and_it_is_said() -> None:
    def reply(asked: Asked, _fake: Fake) -> Reply:
        query = parse_qs(urlsplit(asked.path).query)
        start = int(query.get("last", ["0"])[0])
        names = [f"t{at}" for at in range(start, start + 1000)]
        link = f'</v2/box/tags/list?last={start + 1000}>; rel="next"'
        headers = {"Link": link} if start + 1000 < 200_000 else {}
        return Reply(body=json.dumps({"tags": names}).encode(), headers=headers)

    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        found = client.tags("box")
    assert (len(found.names), found.complete, len(fake.asked)) == (10_000, False, 10)


# -- Certificates -----------------------------------------------------------------------------


def context(made: Certificates, tmp_path: Path, *, mutual: bool = False) -> ssl.SSLContext:
    pair = tmp_path / "pair.pem"
    pair.write_text(made.server_cert + made.server_key)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(pair)
    if mutual:
        found.load_verify_locations(cadata=made.ca)
        found.verify_mode = ssl.CERT_REQUIRED
    return found


def fine(_asked: Asked, _fake: Fake) -> Reply:
    return Reply(body=b'{"repositories": [], "tags": []}')


def test_an_own_ca_is_trusted_by_its_registry_alone(tmp_path: Path) -> None:
    made = make_certificates()
    with hostile(fine, context(made, tmp_path)) as fake:
        assert check(Target(fake.url, ca=made.ca)).error == ""
        report = check(Target(fake.url))
        assert "No secure connection" in report.error
        assert "issuer" in report.error or "self-signed" in report.error
        assert report.steps[-1].step == "tls"
        assert check(Target(fake.url, skip_verify=True)).error == ""
        assert "No secure" in check(Target(fake.url, ca=make_certificates().ca)).error


def test_an_expired_certificate_is_called_so(tmp_path: Path) -> None:
    made = make_certificates(expired=True)
    with hostile(fine, context(made, tmp_path)) as fake:
        assert "expired" in check(Target(fake.url, ca=made.ca)).error


def test_a_client_certificate_is_shown_to_its_registry(tmp_path: Path) -> None:
    made = make_certificates()
    with hostile(fine, context(made, tmp_path, mutual=True)) as fake:
        known = Target(fake.url, ca=made.ca, cert=made.client_cert, key=made.client_key)
        assert check(known).error == ""
        assert "No secure connection" in check(Target(fake.url, ca=made.ca)).error


# -- Limits -----------------------------------------------------------------------------------


def test_a_name_server_that_is_silent_costs_its_own_call_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()
    monkeypatch.setattr(guard, "resolve", lambda _name, _port: [str(never.wait(5))])
    try:
        with (
            deadline(0.2),
            Client(Target("http://silent.example")) as client,
            pytest.raises(failures.Unreachable),
        ):
            client.ping()
    finally:
        never.set()


def test_what_only_reads_is_sent_again_after_a_lost_connection_and_nothing_else() -> None:
    def lost() -> Iterator[bytes]:
        yield b"{"  # and then the connection is closed, long before the answer is whole

    def reply(asked: Asked, fake: Fake) -> Reply:
        if len(fake.asked) == 1:
            return Reply(headers={"Content-Length": "100"}, pieces=lost)
        return Reply(body=b'{"tags": ["1"]}')

    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        assert client.tags("box").names == ("1",)
        assert len(fake.asked) == 2
    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        with pytest.raises(failures.RegistryFailed):
            client.delete("box", "latest")
        assert len(fake.asked) == 1


def test_a_short_pause_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "retry_after", lambda _headers: 0.01)

    def reply(_asked: Asked, fake: Fake) -> Reply:
        return Reply(429) if len(fake.asked) == 1 else Reply(body=b'{"tags": ["1"]}')

    with hostile(reply) as fake, Client(Target(fake.url)) as client:
        assert client.tags("box").names == ("1",)


def test_in_a_long_pause_nothing_is_asked_by_this_process_or_another() -> None:
    busy = Reply(429, headers={"Retry-After": "600"})
    with hostile(lambda _asked, _fake: busy) as fake:
        row = Registry.objects.create(name="Busy", slug="busy", url=fake.url, domain="busy")
        with Client(target_of(row)) as client:
            for _try in range(3):
                with pytest.raises(failures.RateLimited) as caught:
                    client.tags("box")
        assert 590 <= caught.value.retry_after_s <= 600
        assert len(fake.asked) == 1
        limits.forget(fake.url)  # as in a process that has heard nothing
        row.refresh_from_db()
        with Client(target_of(row)) as client, pytest.raises(failures.RateLimited):
            client.tags("box")
        assert len(fake.asked) == 1


def test_a_registry_is_asked_few_things_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AT_ONCE", 3)
    monkeypatch.setattr(limits, "_slots", {})
    with hostile(fine) as fake, Client(Target(fake.url)) as client, ExitStack() as places:
        for _place in range(2):
            places.enter_context(limits.slot(client.target))
        client.ping()  # takes the third, and gives it back
        with limits.slot(client.target), deadline(0.05), pytest.raises(failures.TimedOut):
            client.ping()
        client.ping()
    assert len(fake.asked) == 2


def test_public_registries_get_fewer_requests_at_once() -> None:
    for url in (
        "https://registry-1.docker.io",
        "https://ghcr.io",
        "https://1.dkr.ecr.amazonaws.com",
    ):
        assert limits.at_once(Target(url)) == limits.AT_ONCE_PUBLIC
    for url in ("http://10.0.0.5:5000", "https://registry.example", "https://notghcr.io"):
        assert limits.at_once(Target(url)) == limits.AT_ONCE


def test_the_budget_that_one_client_hears_is_kept_for_all_and_looking_costs_none() -> None:
    with product("hub") as hub:
        hub.store.image("library/box", "latest")
        row = Registry.objects.create(name="Hub", slug="hub", url=hub.url, domain="x")
        with Client(hub.target("", "")) as client:
            client.head("library/box", "latest")
        row.refresh_from_db()
        assert row.budget
        assert (row.budget["limit"], row.budget["remaining"]) == (100, 100)
        assert (row.budget["window_s"], row.budget["source"]) == (21600, "203.0.113.7")
        with Client(hub.target("", "")) as client:
            client.manifest("library/box", "latest")
        row.refresh_from_db()
        assert row.budget
        assert row.budget["remaining"] == 99
