"""Who may do what: every address, operation, socket and task, for every kind of person (B1-B3)."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.timezone import now
from ninja import Router

from accounts_app.consumers import Socket
from accounts_app.models import ApiToken, AuditEntry, Role, User
from containers_app.models import Container
from core.api import METHODS, Api
from core.gate import ADMINISTRATOR, PUBLIC, SIGNED_IN, GateMiddleware, permission_of, signed_in
from dashboard.api import api
from dashboard.sockets import routes as socket_routes
from hosts_app.models import Grant, Host
from images_app.models import Image
from jobs_app.deeds import DEEDS
from jobs_app.models import Job
from registries_app.models import Registry
from tests import make
from tests.fakes.engine import FakeEngine
from tests.live.communicator import client_of
from tests.unit.script import ROOT, Script, bare

# Who asks: with a session, or with a token of …
PEOPLE = (
    "nobody", "stranger", "viewer", "operator", "elsewhere", "host_admin", "admin",
    "read", "operate", "all", "expired", "cut", "borrowed",
)  # fmt: skip
TOKENS = {"read", "operate", "all", "expired", "cut", "borrowed"}
# read, operate, all: tokens of the administrator of that scope ("all" is admin) · expired: one
# that was · cut: one for another host only · borrowed: a viewer's, with the scope admin
OK = 0  # whatever that operation answers when it is done
TABLE = {
    #             nobody str  view oper else hadm admin read oper all exp  cut  borr
    "list":       (401, OK,  OK,  OK,  OK,  OK,  OK,   OK,  OK,  OK, 401, OK,  OK),
    "see":        (401, 404, OK,  OK,  404, OK,  OK,   OK,  OK,  OK, 401, 404, OK),
    "operate":    (401, 404, 403, OK,  404, OK,  OK,   403, OK,  OK, 401, 404, 403),
    "administer": (401, 404, 403, 403, 404, OK,  OK,   403, 403, OK, 401, 404, 403),
    "fleet":      (401, 403, 403, 403, 403, 403, OK,   403, 403, OK, 401, 403, 403),
    "everywhere": (401, 403, 403, 403, 403, 403, OK,   403, OK,  OK, 401, 403, 403),
    "token":      (401, OK,  OK,  OK,  OK,  OK,  OK,   403, 403, OK, 401, OK,  OK),
    "own":        (401, 404, 404, 404, 404, 404, OK,   403, 403, OK, 401, OK,  404),
}  # fmt: skip
ONE = "hosts/{host}/containers/{container}"
PASSWORD = "another long passphrase"
OPERATIONS: dict[tuple[str, str], tuple[str, int, Any]] = {
    # what is asked → how it is guarded, what it answers when done, a sensible body
    ("GET", "hosts"): ("list", 200, None),
    ("POST", "hosts"): ("fleet", 201, {"name": "box", "url": "ENGINE"}),
    ("GET", "hosts/{host}"): ("see", 200, None),
    ("PATCH", "hosts/{host}"): ("fleet", 200, {"address": "lab.example"}),
    ("DELETE", "hosts/{host}"): ("fleet", 204, {}),
    ("POST", "hosts/{host}/check"): ("fleet", 200, None),
    ("GET", "registries"): ("list", 200, None),
    ("POST", "registries"): ("fleet", 201, {"name": "more", "url": "http://127.0.0.1:9"}),
    ("GET", "registries/{registry}"): ("list", 200, None),
    ("PATCH", "registries/{registry}"): ("fleet", 200, {"kind": "harbor"}),
    ("DELETE", "registries/{registry}"): ("fleet", 204, {}),
    ("POST", "registries/{registry}/check"): ("fleet", 200, None),
    ("POST", "hosts/{host}/registries"): ("fleet", 202, {"name": "made"}),
    ("GET", "registries/{registry}/trust"): ("list", 200, None),
    ("GET", "registries/search"): ("list", 200, None),
    ("POST", "registries/copy"): (
        "everywhere", 202,
        {"source": {"registry": "near", "repository": "a"},
         "target": {"registry": "near", "repository": "b"}},
    ),
    ("POST", "registries/copy/bulk"): (
        "everywhere", 202,
        {"items": [{"source": {"registry": "near", "repository": "a"},
                    "target": {"registry": "near", "repository": "b"}}]},
    ),
    ("POST", "registries/{registry}/delete"): (
        "everywhere", 202, {"repository": "shop/web", "tags": ["1"]},
    ),
    ("GET", "registries/{registry}/repositories"): ("list", 502, None),  # nobody answers there
    ("GET", "registries/{registry}/tags"): ("list", 502, None),
    ("GET", "registries/{registry}/manifest"): ("list", 502, None),
    ("POST", "registries/{registry}/index"): ("everywhere", 202, None),
    ("GET", "containers"): ("list", 200, None),
    ("POST", "containers/bulk"): (
        "operate", 202, {"action": "stop", "targets": [{"host": "lab", "id": "CONTAINER"}]},
    ),
    ("POST", "hosts/{host}/images/pull"): ("operate", 202, {"reference": "nginx"}),
    ("POST", "hosts/{host}/images/push"): ("operate", 202, {"reference": "lab/busybox"}),
    ("GET", "hosts/{host}/images/save"): ("operate", 200, None),
    # what is no archive is told so; archives go past Django (tests/unit/test_uploads.py)
    ("POST", "hosts/{host}/images/load"): ("operate", 422, None),
    ("POST", "hosts/{host}/images/import"): ("operate", 422, None),
    ("POST", "images/distribute"): (
        "operate", 202,
        {"source": {"host": "lab", "reference": "lab/busybox"}, "targets": ["yard"]},
    ),
    ("POST", "images/pull"): ("operate", 202, {"reference": "nginx", "hosts": ["lab"]}),
    ("POST", "hosts/{host}/containers"): ("operate", 202, {"image": "lab/busybox:latest"}),
    ("POST", "hosts/{host}/containers/prune"): ("operate", 200, {"preview": True}),
    ("GET", ONE): ("see", 200, None),
    ("DELETE", ONE): ("operate", 202, None),
    ("POST", f"{ONE}/start"): ("operate", 202, None),
    ("POST", f"{ONE}/stop"): ("operate", 202, {"timeout": 1}),
    ("POST", f"{ONE}/restart"): ("operate", 202, None),
    ("POST", f"{ONE}/pause"): ("operate", 202, None),
    ("POST", f"{ONE}/unpause"): ("operate", 202, None),
    ("POST", f"{ONE}/kill"): ("operate", 202, None),
    ("POST", f"{ONE}/rename"): ("operate", 202, {"name": "web2"}),
    ("PUT", f"{ONE}/lock"): ("operate", 200, None),
    ("DELETE", f"{ONE}/lock"): ("administer", 200, None),
    ("POST", f"{ONE}/reveal"): ("administer", 200, {"names": []}),
    ("GET", f"{ONE}/inspect"): ("see", 200, None),
    ("GET", f"{ONE}/logs"): ("see", 200, None),
    ("GET", "logs"): ("see", 200, None),
    ("GET", "logs/search"): ("see", 200, None),
    ("GET", "logs/page"): ("see", 200, None),
    ("GET", f"{ONE}/changes"): ("see", 200, None),
    ("POST", f"{ONE}/commit"): ("operate", 202, {"reference": "shop/web:fixed"}),
    ("GET", "images"): ("list", 200, None),
    ("POST", "images/bulk"): (
        "operate", 202, {"action": "remove", "targets": [{"host": "lab", "id": "IMAGE"}]},
    ),
    ("POST", "hosts/{host}/images/prune"): ("operate", 200, {"preview": True}),
    ("POST", "hosts/{host}/images/tag"): (
        "operate", 202, {"source": "lab/busybox", "reference": "shop/web:1"},
    ),
    ("POST", "hosts/{host}/images/untag"): ("operate", 202, {"reference": "lab/spare"}),
    ("GET", "hosts/{host}/images/{image}"): ("see", 200, None),
    ("GET", "hosts/{host}/images/{image}/history"): ("see", 200, None),
    ("DELETE", "hosts/{host}/images/{image}"): ("operate", 202, None),
    ("POST", "hosts/{host}/images/build"): (
        "operate", 202, {"dockerfile": "FROM scratch\nENV A=1"},
    ),
    ("GET", "jobs"): ("list", 200, None),
    ("GET", "jobs/{job_id}"): ("see", 200, None),
    ("GET", "jobs/{job_id}/log"): ("see", 200, None),
    ("POST", "jobs/{job_id}/cancel"): ("operate", 202, None),
    ("POST", "jobs/{job_id}/retry"): ("operate", 202, None),
    ("GET", "me"): ("list", 200, None),
    ("GET", "users"): ("fleet", 200, None),
    ("POST", "users"): ("fleet", 201, {"username": "mia", "password": PASSWORD}),
    ("GET", "users/{username}"): ("fleet", 200, None),
    ("PATCH", "users/{username}"): ("fleet", 200, {"active": False}),
    ("DELETE", "users/{username}"): ("fleet", 204, {}),
    ("GET", "tokens"): ("list", 200, None),
    ("POST", "tokens"): ("token", 201, {"name": "ci", "scope": "read"}),
    ("DELETE", "tokens/{token_id}"): ("own", 204, None),
    ("GET", "audit"): ("fleet", 200, None),
}  # fmt: skip
QUERIES = {  # where one is needed
    ("GET", "registries/{registry}/tags"): "?repository=shop",
    ("GET", "registries/{registry}/manifest"): "?repository=shop&reference=1",
    ("GET", "logs"): "?c=lab/web",
    ("GET", "logs/search"): "?c=lab/web&q=error",
    ("GET", "logs/page"): "?c=lab/web",
    ("GET", "hosts/{host}/images/save"): "?reference=lab/busybox",
}
UNRECORDED = {  # they change nothing
    ("POST", "hosts/{host}/check"),
    ("POST", "registries/{registry}/check"),
    ("DELETE", f"{ONE}/lock"),  # it is not locked
}
PAIRS = [
    (method, route, who, expected)
    for (method, route), (kind, done, _body) in OPERATIONS.items()
    for who, status in zip(PEOPLE, TABLE[kind], strict=True)
    for expected in [status or done]
]


@pytest.fixture
def engine(host: Host) -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        Host.objects.filter(pk=host.pk).update(url=fake.url)
        host.refresh_from_db()
        yield fake


@pytest.fixture
def container(host: Host, engine: FakeEngine) -> Container:
    image = engine.add_image("lab/busybox:latest")
    make.image(host, "lab/busybox:latest", "lab/spare:latest", docker_id=image.id)
    return make.container(host, "web", docker_id=engine.add_container("web"))


@pytest.fixture
def world(container: Container, viewer: User, admin: User, engine: FakeEngine) -> dict[str, Any]:
    """Things that exist, by the names that addresses and bodies call them."""
    attic = make.host("attic")
    make.host("yard")  # seen by whoever sees lab
    image = Image.objects.get()
    Grant.objects.create(user=make.user("elsewhere"), host=attic, role=Role.OPERATOR)
    make.user("victim")
    Registry.objects.create(
        slug="near", name="near", url="http://127.0.0.1:9", domain="127.0.0.1:9"
    )
    return {
        "registry": "near",
        "host": "lab",
        "slug": "lab",
        "container": container.docker_id,
        "name": "web",
        "username": "victim",
        "ENGINE": engine.url,
        "CONTAINER": container.docker_id,
        "image": image.docker_id,
        "IMAGE": image.docker_id,
    }


def asking(who: str, request: pytest.FixtureRequest) -> Script:
    """`who` as a script: with a session in its client, or with a token in its headers."""
    if who == "nobody":
        return Script(None)
    if who not in TOKENS:
        user = (
            User.objects.get(username=who) if who == "elsewhere" else request.getfixturevalue(who)
        )
        _grant_yard(user)
        script = Script(None)
        make.session(script.client, user)
        return script
    owner = request.getfixturevalue("viewer" if who == "borrowed" else "admin")
    scope = who if who in {"read", "operate"} else "admin"
    script = Script(owner, scope, hosts=["attic"] if who == "cut" else None)
    if who == "expired":
        ApiToken.objects.update(expires=now())
    return script


def _grant_yard(user: User) -> None:
    role = Grant.objects.filter(user=user, host__slug="lab").values_list("role", flat=True).first()
    yard = Host.objects.filter(slug="yard").first()
    if role is not None and yard:
        Grant.objects.get_or_create(user=user, host=yard, defaults={"role": role})


def numbers(method: str, route: str, admin: User, host: Host) -> dict[str, int]:
    """A job and a token of the administrator, each fit for what is asked of it."""
    state = Job.State.FAILED if route.endswith("retry") else Job.State.QUEUED
    job = make.job(admin, host, target=Container.objects.get().docker_id, state=state)
    token = ApiToken.objects.filter(user=admin).exclude(name="tests").first()
    if token is None:
        Script(admin)
        token = ApiToken.objects.filter(user=admin).latest("pk")
    return {"job_id": job.pk, "pk": job.pk, "token_id": token.pk}


def filled(body: Any, world: dict[str, Any]) -> Any:
    if isinstance(body, dict):
        return {name: filled(value, world) for name, value in body.items()}
    if isinstance(body, list):
        return [filled(each, world) for each in body]
    return world.get(body, body) if isinstance(body, str) and body.isupper() else body


# -- The table ------------------------------------------------------------------------------


def test_the_table_names_every_operation_and_no_other() -> None:
    there = {
        (method, bare(route))
        for route, operations in api.paths()
        for each in operations
        for method in each.methods
    }
    assert there == set(OPERATIONS)
    assert len(PAIRS) > 300


@pytest.mark.parametrize(("method", "route", "who", "expected"), PAIRS)
def test_each_may_do_what_the_table_says(
    method: str,
    route: str,
    who: str,
    expected: int,
    world: dict[str, Any],
    host: Host,
    engine: FakeEngine,
    request: pytest.FixtureRequest,
) -> None:
    script = asking(who, request)
    admin = request.getfixturevalue("admin")
    path = route.format(**world | numbers(method, route, admin, host))
    path += QUERIES.get((method, route), "")
    before = AuditEntry.objects.count()
    body = filled(OPERATIONS[method, route][2], world)
    answer = script.ask(method, path, body)
    assert answer.status == expected, answer.content
    if expected >= 400:
        assert answer.type == "application/problem+json"
        assert not engine.requests
        assert AuditEntry.objects.count() == before
        assert not Job.objects.exclude(actor=admin).exists()
    elif method != "GET" and (method, route) not in UNRECORDED and "preview" not in str(body):
        assert AuditEntry.objects.count() > before  # a row of each change (I1)
    assert not engine.asked("(POST|PUT|DELETE)")


@pytest.mark.parametrize("who", ["stranger", "elsewhere", "cut"])
@pytest.mark.parametrize(
    ("method", "route"),
    [each for each, row in OPERATIONS.items() if "{host}" in each[1] and row[0] != "fleet"],
)
def test_what_is_unseen_answers_like_what_does_not_exist(
    method: str, route: str, who: str, world: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    script = asking(who, request)
    body = filled(OPERATIONS[method, route][2], world)
    query = QUERIES.get((method, route), "")
    hidden = script.ask(method, route.format(**world) + query, body)
    missing = script.ask(method, route.format(**world | {"host": "nosuch"}) + query, body)
    assert (hidden.status, hidden.body) == (missing.status, missing.body)


@pytest.mark.parametrize("who", ["stranger", "elsewhere", "cut"])
def test_a_job_that_is_unseen_answers_like_one_that_does_not_exist(
    who: str, world: dict[str, Any], host: Host, admin: User, request: pytest.FixtureRequest
) -> None:
    script = asking(who, request)
    job = make.job(admin, host)
    for method, deed in [("GET", ""), ("GET", "/log"), ("POST", "/cancel"), ("POST", "/retry")]:
        hidden = script.ask(method, f"jobs/{job.pk}{deed}")
        missing = script.ask(method, f"jobs/999999{deed}")
        assert (hidden.status, hidden.body) == (404, missing.body)


def test_lists_show_each_only_what_they_see(
    world: dict[str, Any], host: Host, admin: User, request: pytest.FixtureRequest
) -> None:
    make.job(admin, host)
    for who in ("stranger", "elsewhere", "cut"):
        script = asking(who, request)
        for path in ("containers", "images", "jobs"):
            assert script.get(path).body["items"] == []
        assert "lab" not in {item["slug"] for item in script.get("hosts").body["items"]}


# -- Every address --------------------------------------------------------------------------


def addresses(
    patterns: list[URLPattern | URLResolver], before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, route)
        else:
            yield route, each


ADDRESSES = list(addresses(get_resolver().url_patterns))
PAGES = [(route, each) for route, each in ADDRESSES if not route.startswith(ROOT[1:])]
UNREADY = "readyz"  # 503 by intent where no worker and no Redis are


def example(each: URLPattern, route: str, world: dict[str, Any]) -> str:
    """The address of something that exists, where its parts have names that we know."""
    path = f"/{route}"
    for name, converter in each.pattern.converters.items():
        kind = type(converter).__name__
        value = world.get(name, 1 if kind == "IntConverter" else "x")
        for form in (
            f"<{name}>",
            *(f"<{word}:{name}>" for word in ("int", "slug", "str", "path")),
        ):
            path = path.replace(form, str(value))
    return path


@pytest.mark.parametrize(("route", "each"), ADDRESSES, ids=[route for route, _ in ADDRESSES])
def test_every_address_declares_who_may_use_it(route: str, each: URLPattern) -> None:
    declared = {permission_of(each.callback, method) for method in METHODS}
    assert declared <= {PUBLIC, SIGNED_IN, ADMINISTRATOR}, route


def test_only_these_addresses_are_for_everybody() -> None:
    open_to_all = {
        route for route, each in ADDRESSES if permission_of(each.callback, "GET") == PUBLIC
    }
    assert open_to_all == {
        "healthz",
        "readyz",
        "login/",
        "logout/",
        "setup/",
        "settings/language/",
    }


@pytest.mark.parametrize(("route", "each"), PAGES, ids=[route for route, _ in PAGES])
def test_a_page_sends_nobody_to_the_sign_in(
    route: str, each: URLPattern, world: dict[str, Any]
) -> None:
    if permission_of(each.callback, "GET") == PUBLIC:
        return
    for ask in (Client().get, Client().post):
        answer = ask(example(each, route, world))
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("who", ["stranger", "viewer", "operator", "elsewhere", "host_admin"])
@pytest.mark.parametrize(("route", "each"), PAGES, ids=[route for route, _ in PAGES])
def test_a_page_shows_nobody_what_is_not_theirs(
    route: str,
    each: URLPattern,
    who: str,
    world: dict[str, Any],
    engine: FakeEngine,
    request: pytest.FixtureRequest,
) -> None:
    client = asking(who, request).client
    path = example(each, route, world)
    unseen = who in {"stranger", "elsewhere"} and {"host", "slug"} & set(each.pattern.converters)
    for ask in (client.get, client.post):
        answer = ask(path)
        if permission_of(each.callback, "GET") == ADMINISTRATOR:
            assert answer.status_code == 403
        elif unseen:
            assert answer.status_code in {404, 405}
            assert not engine.requests
        assert answer.status_code < 500 or route == UNREADY
    assert not engine.asked("(POST|PUT|DELETE)")


def test_no_get_changes_anything_on_an_engine(
    world: dict[str, Any], host: Host, admin: User, engine: FakeEngine
) -> None:
    """H3: every address, by GET, HEAD and OPTIONS, as an administrator."""
    client = make.session(Client(raise_request_exception=False), admin)
    known = world | numbers("GET", "", admin, host)
    jobs, denied = Job.objects.count(), []
    for route, each in ADDRESSES:
        for ask in (client.get, client.head, client.options):
            status = ask(example(each, route, known)).status_code
            nobody = status == 502 and "<registry>" in route  # the registry is not there
            assert status < 500 or nobody or route == UNREADY, route
            denied += [route] * (status == 403)
    assert engine.asked("GET")
    assert not engine.asked("(POST|PUT|DELETE|PATCH)")
    assert Job.objects.count() == jobs
    assert Host.objects.filter(pk=host.pk).exists()
    assert not denied


def test_what_declares_nothing_lets_nobody_in(admin: User) -> None:
    request = RequestFactory().get("/api/v1/x")
    request.user = admin

    def undeclared(_request: HttpRequest) -> HttpResponse:
        raise AssertionError("it was called")

    answer = GateMiddleware(undeclared).process_view(request, undeclared, (), {})
    assert answer is not None
    assert answer.status_code == 403


def test_an_operation_that_declares_nothing_lets_nobody_in(admin: User) -> None:
    router, trial = Router(), Api()

    @router.get("x")
    @signed_in
    def declared(request: HttpRequest) -> None: ...

    @router.post("x")
    def undeclared(request: HttpRequest) -> None: ...

    trial.add_router("", router)
    (pattern,) = trial.patterns()
    assert permission_of(pattern.callback, "GET") == SIGNED_IN
    request = RequestFactory().post("/api/v1/x")
    request.user = admin
    answer = GateMiddleware(undeclared).process_view(request, pattern.callback, (), {})  # type: ignore[arg-type]
    assert answer is not None
    assert answer.status_code == 403


# -- Sockets and tasks ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", [str(each.pattern) for each in socket_routes])
async def test_no_socket_opens_for_nobody_or_from_elsewhere(route: str, viewer: User) -> None:
    path = "/" + route.replace("<int:job_id>", "1")
    assert not await client_of(None, path).connect()
    for origin in ("https://evil.example", "http://127.0.0.1:8001", "null", None):
        client = await database_sync_to_async(client_of)(viewer, path, origin=origin)
        assert not await client.connect(), origin


def test_every_socket_asks_who_is_there() -> None:
    for each in socket_routes:
        assert issubclass(each.callback.consumer_class, Socket)  # type: ignore[attr-defined]


def test_every_task_of_a_worker_is_a_deed_that_names_its_role() -> None:
    current_app.loader.import_default_modules()
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    # the canary only proves that a worker lives; that registries are asked is nobody's wish
    assert ours == set(DEEDS) | {"jobs.canary", "registry.refresh", "image.newer.due"}
    assert all(Role(deed.role) >= Role.OPERATOR for deed in DEEDS.values())
