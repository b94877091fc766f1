"""The OpenAPI document and the page that draws it say what the code does."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from accounts_app.models import User
from core.errors import DashboardError
from dashboard.api import document
from tests.unit.script import ROOT, Script

KEPT = Path(settings.BASE_DIR) / "docs" / "openapi.json"
CHANGED = "run: python manage.py openapi > docs/openapi.json"


def test_the_copy_in_docs_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("openapi")
    assert capsys.readouterr().out == KEPT.read_text(), CHANGED


def test_it_is_served_to_whoever_is_signed_in(viewer: User) -> None:
    served = Script(viewer, "read").get("openapi.json")
    assert served.status == 200
    assert served.body == json.loads(json.dumps(document()))
    assert Script(None).get("openapi.json").status == 401


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    said = document()
    assert said["openapi"].startswith("3.1")
    names = []
    for route, methods in said["paths"].items():
        assert route.startswith(ROOT)
        for method, operation in methods.items():
            assert operation["description"], (method, route)
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            names.append(operation["operationId"])
            good = [status for status in operation["responses"] if str(status).startswith("2")]
            assert good, (method, route)
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    said = document()
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(said)):
        assert name in said["components"]["schemas"]


def test_bodies_say_that_nothing_else_is_taken() -> None:
    schemas = document()["components"]["schemas"]
    bodies = {name for name in schemas if name.endswith(("Body", "Patch"))}
    assert bodies
    assert all(schemas[name]["additionalProperties"] is False for name in bodies)


def test_a_token_s_job_answers_may_be_repeated_by_key() -> None:
    stop = document()["paths"][f"{ROOT}hosts/{{host}}/containers/{{container}}/stop"]["post"]
    assert "Idempotency-Key" in {each["name"] for each in stop["parameters"]}


def test_the_page_draws_every_operation_without_any_script_of_its_own(viewer: User) -> None:
    page = Script(viewer, "read").get("docs")
    assert page.status == 200
    assert page.type.startswith("text/html")
    text = page.content.decode()
    for route, methods in document()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {route.removeprefix(ROOT)}</code>" in text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert not [each for each in addresses if "//" in each]
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", text)


def test_the_codes_of_errors_are_in_the_guide() -> None:
    guide = (KEPT.parent / "api.md").read_text()
    kinds: list[type[DashboardError]] = [DashboardError, *_below(DashboardError)]
    for kind in kinds:
        assert f"`{kind.code}`" in guide, kind


def _below(kind: type[DashboardError]) -> list[type[DashboardError]]:
    return [each for child in kind.__subclasses__() for each in (child, *_below(child))]
