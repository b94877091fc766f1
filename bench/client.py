"""A cheap client of the dashboard: one kept connection, a session's cookie, nothing parsed."""

import http.client
import json
import time
from typing import Any, Self
from urllib.parse import urlencode

QUIET_S = 3.0  # uvicorn closes a connection that was quiet for 5 s


class Connection:
    """One connection, kept while it is used, and made anew before the server tires of it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._used = time.monotonic()

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, list[tuple[str, str]]]:
        """(status, body, headers)."""
        if time.monotonic() - self._used > QUIET_S:
            self._connection.close()  # the next request opens it again
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self._used = time.monotonic()
        return answer.status, content, answer.getheaders()

    def close(self) -> None:
        self._connection.close()


class Client:
    """Signed in as one person, over one connection that is kept."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = Connection(port)
        self.cookies: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._connection.close()

    def sign_in(self, username: str, password: str) -> None:
        self.page("/login/")
        self.send("/login/", {"username": username, "password": password}, status=302)

    def page(self, path: str) -> bytes:
        """The body of a page that answers 200. Raises RuntimeError for anything else."""
        status, body = self.ask("GET", path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:200]!r}")
        return body

    def send(self, path: str, fields: Any, *, status: int) -> bytes:
        """POST a form as a browser does. Raises RuntimeError for another status."""
        csrf = next((value for name, value in self.cookies.items() if "csrf" in name), "")
        answered, body = self.ask(
            "POST",
            path,
            urlencode(fields, doseq=True).encode(),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://127.0.0.1:{self.port}",
                "X-CSRFToken": csrf,
                "Accept": "text/html, application/json;q=0.9",
            },
        )
        if answered != status:
            raise RuntimeError(f"{path}: {answered} {body[:300]!r}")
        return body

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        said = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        said |= headers or {}
        status, content, told = self._connection.ask(method, path, body, said)
        for name, value in told:
            if name.lower() == "set-cookie":
                key, _equals, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return status, content

    def times(self, paths: list[str]) -> list[float]:
        """Seconds from asking for each page to having all of it."""
        took = []
        for path in paths:
            began = time.perf_counter()
            self.page(path)
            took.append(time.perf_counter() - began)
        return took


class Api:
    """The API with a bearer token, over one connection that is kept."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = Connection(port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Raises RuntimeError for any status that is not 2xx."""
        content = json.dumps(body).encode() if body is not None else None
        status, said, _told = self._connection.ask(
            method, f"/api/v1/{path}", content, self._headers
        )
        if status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {status} {said[:300]!r}")
        return json.loads(said) if said else None

    def close(self) -> None:
        self._connection.close()
