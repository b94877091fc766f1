"""What a request may bring: refused before any of it is kept, whatever its length says."""

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from dashboard.asgi import application
from dashboard.limits import LARGEST_HEADERS, MOST_HEADERS, Limits

# a thread of the site that another test used looks after its connection first
pytestmark = pytest.mark.django_db(transaction=True)
MOST = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
HOST = (b"host", b"127.0.0.1")
PIECE = 64 * 1024


def scope(*headers: tuple[bytes, bytes], method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "path": "/healthz",
        "query_string": b"",
        "headers": [HOST, *headers],
    }


async def asked(app: Any, wanted: dict[str, Any], *bodies: bytes) -> tuple[int, Any]:
    """Status and body of the answer to a request whose body comes in these pieces."""
    client = ApplicationCommunicator(app, wanted)  # type: ignore[no-untyped-call]
    for body in bodies:
        await _say(client, {"type": "http.request", "body": body, "more_body": True})
    await _say(client, {"type": "http.request", "body": b"", "more_body": False})
    start = await client.receive_output(5)  # type: ignore[no-untyped-call]
    said = await client.receive_output(5)  # type: ignore[no-untyped-call]
    await client.wait()  # type: ignore[no-untyped-call]
    return start["status"], said["body"]


async def _say(client: Any, message: dict[str, Any]) -> None:
    await client.send_input(message)


async def test_an_ordinary_request_passes() -> None:
    assert (await asked(application, scope()))[0] == 200


async def test_a_body_within_the_limit_reaches_the_app_whole() -> None:
    got = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive()).get("more_body"):
            got.append(len(message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    pieces = [b"x" * PIECE] * (MOST // PIECE)
    assert (await asked(Limits(app), scope(method="POST"), *pieces))[0] == 200
    assert sum(got) == MOST


async def test_a_body_without_a_length_is_cut_off_at_the_limit() -> None:
    got = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            got.append(len(message["body"]))

    pieces = [b"x" * PIECE] * (MOST // PIECE + 50)
    status, body = await asked(Limits(app), scope(method="POST"), *pieces)
    assert (status, json.loads(body)["code"]) == (413, "too_large")
    assert sum(got) <= MOST


async def test_the_site_itself_answers_so() -> None:
    pieces = [b"x" * PIECE] * (MOST // PIECE + 2)
    status, body = await asked(application, scope(method="POST"), *pieces)
    assert (status, json.loads(body)["status"]) == (413, 413)


async def test_a_length_beyond_the_limit_is_refused_before_the_body() -> None:
    length = (b"content-length", str(MOST + 1).encode())
    status, body = await asked(application, scope(length, method="POST"))
    assert (status, json.loads(body)["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "headers",
    [
        [(f"x-{n}".encode(), b"1") for n in range(MOST_HEADERS)],
        [(b"x-long", b"1" * LARGEST_HEADERS)],
    ],
    ids=["many", "long"],
)
async def test_too_many_headers_are_431(headers: list[tuple[bytes, bytes]]) -> None:
    status, body = await asked(application, scope(*headers))
    assert (status, json.loads(body)["code"]) == (431, "too_large")
    assert json.loads(body)["hint"]


async def test_as_many_headers_as_allowed_pass() -> None:
    headers = [(f"x-{n}".encode(), b"1") for n in range(MOST_HEADERS - 1)]
    assert (await asked(application, scope(*headers)))[0] == 200


async def test_what_takes_files_takes_more_but_only_from_people_we_know(db: None) -> None:
    length = (b"content-length", str(MOST + 1).encode())
    wanted = scope(length, method="POST") | {"path": "/api/v1/hosts/lab/images/build"}
    status, body = await asked(application, wanted)
    assert (status, json.loads(body)["code"]) == (401, "signed_out")
