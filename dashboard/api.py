"""The API as a whole: the apps' routers under /api/v1/, its OpenAPI document, its page."""

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

import accounts_app.api
import containers_app.api
import containers_app.change_api
import containers_app.logs.api
import containers_app.logs.search_api
import hosts_app.api
import hosts_app.people_api
import images_app.api
import images_app.building.api
import images_app.transferring.api
import images_app.transferring.load_api
import jobs_app.api
import registries_app.api
import registries_app.content.api
import registries_app.finding.api
import registries_app.making.api
import registries_app.moving.copy_api
import registries_app.moving.delete_api
from accounts_app.http import Request
from core.api import Api
from core.gate import signed_in

ROOT = "/api/v1/"
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; `hint` says what to do; `errors` names fields.",
    "required": ["type", "title", "status", "detail", "hint", "code"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "hint", "code")},
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeat with the same key answers with the same job.",
    "schema": {"type": "string", "maxLength": 200},
}

api = Api(
    title="Quarterdeck",
    version="1",
    description=(
        "Everything that the pages do. Send `Authorization: Bearer qd_…` without a cookie, or "
        "use the browser's session with its CSRF token. What changes an engine answers 202 with "
        "a Job. Errors are application/problem+json."
    ),
)
for _router in (
    hosts_app.api.router,
    containers_app.api.router,
    containers_app.change_api.router,
    containers_app.logs.search_api.router,
    containers_app.logs.api.router,
    images_app.transferring.api.router,
    images_app.transferring.load_api.router,
    registries_app.finding.api.router,
    registries_app.making.api.router,
    registries_app.moving.copy_api.router,
    registries_app.moving.delete_api.router,  # before registries/{registry}
    registries_app.api.router,
    registries_app.content.api.router,
    images_app.building.api.router,
    images_app.api.router,  # after those: its hosts/…/images/{image} would hide images/push
    jobs_app.api.router,
    hosts_app.people_api.router,
    accounts_app.api.router,
):
    api.add_router("", _router)


def document() -> dict[str, Any]:
    """The OpenAPI document, generated from the operations themselves."""
    # through JSON once: Ninja keeps statuses as numbers
    schema: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix=ROOT)))
    components = schema["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    for _path, _method, operation in _operations(schema):
        operation["responses"]["default"] = {
            "description": "What went wrong",
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        if "202" in operation["responses"]:
            operation["parameters"] = [*operation.get("parameters", []), KEY]
    return schema


@signed_in
@require_safe
def openapi(_request: Request) -> HttpResponse:
    return JsonResponse(document())


@signed_in
@require_safe
def docs(request: Request) -> HttpResponse:
    """Every operation on one page, drawn by us: the CSP lets in no foreign script."""
    schema = document()
    sections: dict[str, list[dict[str, Any]]] = {}
    for route, method, operation in _operations(schema):
        said = operation.get("parameters", [])
        row = {
            "method": method.upper(),
            "path": route.removeprefix(ROOT),
            "text": _plain(operation["description"]),
            "parameters": [each["name"] for each in said if each["in"] != "path"],
            "fields": _body_fields(operation, schema["components"]["schemas"]),
        }
        sections.setdefault(operation["tags"][0], []).append(row)
    context = {
        "sections": [{"name": name, "operations": rows} for name, rows in sections.items()],
        "about": _plain(f"Addresses begin with {ROOT}. {api.description}"),
        "root": ROOT,
    }
    return render(request, "dashboard/api.html", context)


def _plain(text: str) -> str:
    """Our docstrings without the marks of code, which mean nothing on a page."""
    return text.replace("`", "")


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for route, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield route, method, operation


def _body_fields(operation: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    """Names of what the body takes, those that it needs marked by a star."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shapes = [content.get("schema", {}), *content.get("schema", {}).get("anyOf", ())]
    for shape in shapes:
        found = schemas.get(shape.get("$ref", "").rpartition("/")[2])
        if found:
            needed = set(found.get("required", ()))
            return [f"{name}*" if name in needed else name for name in found["properties"]]
    return []


def patterns() -> list[URLPattern]:
    return [
        path("openapi.json", openapi, name="openapi"),
        path("docs", docs, name="api-docs"),
        *api.patterns(),
    ]
