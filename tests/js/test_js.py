"""The scripts' own tests, run in Chromium: one test here per file `*.test.js`."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path.name for path in Path(__file__).parent.glob("*.test.js"))
ROWS_PER_GROUP = 3
CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"


def _row(number: int) -> dict[str, Any]:
    return {
        "pk": number,
        "id": f"{number:064}",
        "host": "lab",
        "name": f"web-{number}",
        "url": f"/h/lab/c/web-{number}/",
        "cls": "running",
        "glyph": "running",
        "status": "Up 3d",
        "image": "nginx:1",
        "can_operate": True,
    }


def _list(count: int) -> str:
    """The container list's own template, filled with running containers of one host."""
    rows = [
        render_to_string("containers_app/_row.html", {"r": _row(number)})
        for number in range(1, count + 1)
    ]
    groups = [
        {
            "key": f"g{start}",
            "title": f"g{start}",
            "html": SafeString("\n".join(rows[start : start + ROWS_PER_GROUP])),
        }
        for start in range(0, count, ROWS_PER_GROUP)
    ]
    context = {
        "groups": groups,
        "page": {"total": count, "pages": 1},
        "columns": [],
        "empty": None,
    }
    return render_to_string("components/_listing.html", context)


class _Handler(SimpleHTTPRequestHandler):
    """Serves static/, tests/js/, a page per test file and the list's markup, under our CSP."""

    def do_GET(self) -> None:
        """Answers one request."""
        kind, _, rest = self.path.lstrip("/").partition("?")[0].partition("/")
        if kind == "run":
            page = f'<!doctype html><html lang="en"><script type="module" src="/tests/js/{rest}">'
            self._answer(f"{page}</script><body></body></html>")
        elif kind == "fixtures":
            self._answer(_list(int(rest.removeprefix("list/"))))
        elif kind in {"static", "tests"}:
            super().do_GET()
        else:
            self.send_error(404)

    def _answer(self, html: str) -> None:
        body = html.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """The product's policy holds here too."""
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing: pytest shows what fails."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Where the tests' pages are: a server of our own on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(ROOT))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", FILES)
def test_every_sentence_of_a_script_test_holds(name: str, site: str, browser: Browser) -> None:
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site}/run/{name}")
    report = json.loads(page.locator("#report").text_content(timeout=30_000) or "{}")
    page.close()
    assert not problems
    assert report["failed"] == []
    assert report["ran"] > 0
