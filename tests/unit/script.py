"""A script that uses the API: one token, JSON in and out."""

import json
from typing import Any

from asgiref.sync import async_to_sync
from django.test import Client

from accounts_app.models import User
from accounts_app.tokens import new_token

ROOT = "/api/v1/"


def bare(route: str) -> str:
    """A route of the API with the names of its parts alone: hosts/{host}/images/{image}."""
    return route.replace("{int:", "{").replace("{path:", "{")


class Answer:
    """Status, headers and parsed body of one answer."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.content: bytes = (
            async_to_sync(_whole)(response) if response.streaming else response.content
        )
        self.type = response.headers.get("Content-Type", "")

    @property
    def body(self) -> Any:
        return json.loads(self.content)


async def _whole(response: Any) -> bytes:
    return b"".join([part async for part in response])


class Script:
    """Asks with a bearer token of `user`; None asks as nobody."""

    def __init__(
        self, user: User | None, scope: str = "admin", *, hosts: list[str] | None = None
    ) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if user:
            _row, token = new_token(user, "tests", scope, hosts=hosts, expires=None)
            self.headers["Authorization"] = f"Bearer {token}"

    def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: Any
    ) -> Answer:
        """`raw` is sent as it is, else `body` as JSON. Headers are given as Idempotency_Key=…."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.client.generic(
            method,
            path if path.startswith("/") else ROOT + path,
            sent,
            content_type="application/json",
            headers=self.headers | named,
        )
        return Answer(response)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, **headers: Any) -> Answer:
        return self.ask("POST", path, body, **headers)


def is_problem(answer: Answer, status: int, code: str) -> bool:
    """Whether this is problem+json with this status and code, and says what to do."""
    problem = answer.body
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code), problem
    assert answer.type == "application/problem+json"
    assert problem["title"], problem
    assert problem["detail"], problem
    assert problem["hint"], problem
    return True


def fields(answer: Answer) -> set[str]:
    """The fields that a 422 names."""
    assert answer.status == 422, answer.content
    return {each["field"] for each in answer.body["errors"]}
