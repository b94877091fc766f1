"""Nothing that anybody sends to the API is a 5xx: it is refused as problem+json, with a hint."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ninja.operation import Operation

from accounts_app.models import User
from containers_app.models import Container
from core.api import query_names
from dashboard.api import api
from hosts_app.models import Host
from images_app.models import Image
from jobs_app.models import Job
from registries_app.models import Registry
from tests import make
from tests.unit.script import ROOT, Script, bare, is_problem

OPERATIONS = [
    (method, route)
    for route, operations in api.paths()
    for each in operations
    for method in each.methods
]
WITH_BODY = [(method, route) for method, route in OPERATIONS if method != "GET"]
HUGE = 10**400


@pytest.fixture
def script(admin: User, container: Container) -> Script:
    make.job(admin, container.host)
    make.image(container.host, "nginx:1.27")
    Registry.objects.create(slug="near", name="near", url="http://127.0.0.1:9")
    return Script(admin)


def address(route: str) -> str:
    """The route with things that exist."""
    container = Container.objects.get()
    names = {"host": "lab", "container": container.docker_id, "username": "admin"}
    names |= {"registry": "near", "image": Image.objects.get().docker_id}
    numbers = {"job_id": Job.objects.earliest("pk").pk, "token_id": 999_999}
    return bare(route).format(**names, **numbers)


NOT_JSON = [
    b"not json",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"\xff\xfe",
    b"NaN",
    b'{"a": Infinity}',
    b"\x00",
    b"1" * 5_000,
    b"a=1&b=2",
    b"<xml/>",
]


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
@pytest.mark.parametrize(("method", "route"), WITH_BODY)
def test_a_body_that_is_not_json_is_400(
    script: Script, method: str, route: str, body: bytes
) -> None:
    assert is_problem(script.ask(method, address(route), raw=body), 400, "malformed")


@pytest.mark.parametrize(("method", "route"), WITH_BODY)
def test_an_unknown_field_is_422_and_named(script: Script, method: str, route: str) -> None:
    answer = script.ask(method, address(route), {"colour": "red"})
    assert is_problem(answer, 422, "invalid")
    assert "colour" in {each["field"] for each in answer.body["errors"]}


@pytest.mark.parametrize("body", [[], "text", 7, True, [{}], HUGE])
@pytest.mark.parametrize(("method", "route"), WITH_BODY)
def test_a_body_that_is_no_object_is_422(
    script: Script, method: str, route: str, body: Any
) -> None:
    assert is_problem(script.ask(method, address(route), body), 422, "invalid")


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_an_unknown_parameter_is_422_and_named(script: Script, method: str, route: str) -> None:
    answer = script.ask(method, f"{address(route)}?colour=red")
    assert is_problem(answer, 422, "invalid")
    assert {each["field"] for each in answer.body["errors"]} == {"colour"}


@pytest.mark.parametrize(("method", "route"), [one for one in OPERATIONS if "{" in one[1]])
@pytest.mark.parametrize("name", ["nosuch", "%00", "%F0%9F%90%8B", "..", "x" * 2000, "'--", "%25"])
def test_what_does_not_exist_is_404(script: Script, method: str, route: str, name: str) -> None:
    """With a body in which nothing is wrong, so that the name alone decides."""
    path = bare(route)
    filled = path.format(
        host=name,
        container=name,
        username=name,
        registry=name,
        image=name,
        job_id=999_999,
        token_id=999_999,
    )
    filled += SENSIBLE_QUERY.get((method, route), "")
    answer = script.ask(method, filled, sensible_body(method, route))
    assert is_problem(answer, 404, "not_found")


SENSIBLE_QUERY = {
    ("GET", "hosts/{host}/images/save"): "?reference=nginx:1.27",
    ("GET", "registries/{registry}/tags"): "?repository=shop",
    ("GET", "registries/{registry}/manifest"): "?repository=shop&reference=1",
}


def sensible_body(method: str, route: str) -> Any:
    return {
        ("POST", "hosts/{host}/containers"): {"image": "nginx:1.27"},
        ("POST", "hosts/{host}/containers/prune"): {"preview": True},
        ("POST", "hosts/{host}/containers/{container}/rename"): {"name": "web2"},
        ("POST", "hosts/{host}/containers/{container}/commit"): {"reference": "web:1"},
        ("POST", "hosts/{host}/containers/{container}/reveal"): {"names": ["A"]},
        ("POST", "hosts/{host}/images/pull"): {"reference": "nginx:1.27"},
        ("POST", "hosts/{host}/images/push"): {"reference": "nginx:1.27"},
        ("POST", "hosts/{host}/images/prune"): {"preview": True},
        ("POST", "hosts/{host}/images/tag"): {"source": "nginx:1.27", "reference": "web:1"},
        ("POST", "hosts/{host}/images/untag"): {"reference": "nginx:1.27"},
        ("POST", "hosts/{host}/registries"): {"name": "made"},
        ("POST", "registries/{registry}/delete"): {"repository": "shop", "tags": ["1"]},
    }.get((method, route), {})


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "TRACE", "OPTIONS", "GET"])
@pytest.mark.parametrize("route", sorted({route for _method, route in OPERATIONS}))
def test_a_method_that_is_not_there_is_405(script: Script, route: str, method: str) -> None:
    there = {each for each, known in OPERATIONS if known == route}
    if method in there:
        return
    answer = script.ask(method, address(route))
    assert is_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} == there


@pytest.mark.parametrize(
    "path", ["nosuch", "hosts/", "", "v2/hosts", "jobs/x", "jobs/-1", "a/b/c"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_that_is_not_there_is_404(script: Script, method: str, path: str) -> None:
    assert is_problem(script.ask(method, path), 404, "not_found")


def test_a_body_beyond_measure_is_413(script: Script, container: Container) -> None:
    body = b'{"timeout": ' + b" " * 3_000_000 + b"1}"
    path = f"hosts/lab/containers/{container.docker_id}/stop"
    assert is_problem(script.ask("POST", path, raw=body), 413, "too_large")
    assert is_problem(
        script.ask("POST", path.replace("stop", "start"), raw=body), 413, "too_large"
    )


def test_a_form_is_no_json(script: Script, container: Container) -> None:
    response = script.client.post(
        f"{ROOT}hosts/lab/containers/{container.docker_id}/stop",
        {"timeout": "3"},
        headers=script.headers,
    )
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_thousand_parameters_are_refused(script: Script) -> None:
    query = "&".join(f"a{n}=1" for n in range(2000))
    assert script.get(f"containers?{query}").status in {400, 422}


@pytest.mark.parametrize("name", ["rebind.example", "127.0.0.1:8000:1", "a b"])
def test_a_foreign_host_header_is_400(script: Script, name: str) -> None:
    assert is_problem(script.ask("GET", "me", Host=name), 400, "malformed")


def test_every_answer_carries_the_headers_that_guard_it(script: Script) -> None:
    paths = ["me", "nosuch", "containers?colour=red", "jobs/999999", "/api/v1/docs", "/nosuch/"]
    for answer in [*(script.get(path) for path in paths), Script(None).get("me")]:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


# -- Anything at all -----------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "\x00", "lab", "web", "*", "SIGKILL", "1" * 400, "²", "a\ud800"]),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([HUGE, -HUGE, 2**63, -(2**63) - 1]),
    st.floats(allow_nan=False),
    TEXTS,
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def fields_of(operation: Operation) -> list[str]:
    """The top-level fields of an operation's body."""
    for model in operation.models:
        if model.__ninja_param_source__ == "body":
            (field,) = model.model_fields.values()
            kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
            return [name for kind in kinds for name in getattr(kind, "model_fields", ())]
    return []


BODIES = {
    (method, route): fields_of(each)
    for route, operations in api.paths()
    for each in operations
    for method in each.methods
    if fields_of(each)
}


@pytest.mark.parametrize(("method", "route"), list(BODIES))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_body_is_a_5xx(script: Script, method: str, route: str, data: st.DataObject) -> None:
    names = BODIES[method, route]
    body = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=len(names)))
    with undone():
        answer = script.ask(method, address(route), raw=json.dumps(body).encode())
    assert answer.status < 500 or answer.status in {502, 504}, answer.content
    if answer.status >= 400:
        assert answer.body["hint"]


@contextmanager
def undone() -> Iterator[None]:
    """Take back what an example did, so that each starts from the same rows."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


LISTS = [route for method, route in OPERATIONS if method == "GET"]


@pytest.mark.parametrize("route", LISTS)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_parameter_is_a_5xx(script: Script, route: str, data: st.DataObject) -> None:
    names = sorted(parameters(route)) or ["q"]
    words = st.one_of(
        TEXTS,
        st.sampled_from(["name:", "-", '"', "label:a.b=c", "label:=", "port:²", "id:%", "-x:y"]),
        st.integers().map(str),
    )
    query = data.draw(st.dictionaries(st.sampled_from(names), words, max_size=4))
    encoded = urlencode(query, errors="replace")
    answer = script.get(f"{address(route)}?{encoded}")
    assert answer.status < 500 or answer.status in {502, 504}, answer.content


def parameters(route: str) -> set[str]:
    return {
        name
        for known, operations in api.paths()
        if known == route
        for each in operations
        if "GET" in each.methods
        for name in query_names(each)
    }


def test_hosts_of_the_tests_answer_nobody(host: Host) -> None:
    """So that no example above waits for an engine."""
    assert host.url == "unix:///nowhere.sock"
