"""Static files come packed to whoever takes them so, and are packed once."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from dashboard.asgi import application
from dashboard.packed import packed, without_comments

TEXT = b"/* of a stylesheet */\n" * 100


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "base.css").write_bytes(TEXT)
    (folder / "inter.woff2").write_bytes(TEXT)
    (folder / "tiny.js").write_bytes(b"1")
    return folder


async def answer(path: str, *headers: tuple[bytes, bytes]) -> tuple[dict[bytes, bytes], bytes]:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), *headers],
    }
    client = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await client.send_input({"type": "http.request", "body": b""})  # type: ignore[no-untyped-call]
    start = await client.receive_output(5)  # type: ignore[no-untyped-call]
    body = b""
    more = True
    while more:
        said: dict[str, Any] = await client.receive_output(5)  # type: ignore[no-untyped-call]
        body += said["body"]
        more = said.get("more_body", False)
    await client.wait()  # type: ignore[no-untyped-call]
    assert start["status"] == 200
    return dict(start["headers"]), body


async def test_a_browser_that_takes_gzip_gets_it_and_the_same_text() -> None:
    path = f"{settings.STATIC_URL}js/shell.js"
    headers, body = await answer(path, (b"accept-encoding", b"gzip, br"))
    plain_headers, plain = await answer(path)
    assert headers[b"content-encoding"] == b"gzip"
    assert b"content-encoding" not in plain_headers
    assert gzip.decompress(body) == plain
    assert plain == without_comments((settings.BASE_DIR / "static/js/shell.js").read_bytes())


def test_scripts_go_without_comments_on_lines_of_their_own() -> None:
    script = b"""/** What it is for. */
import { $ } from "./dom.js";
  /**
   * @param {string} a
   */
  const url = "https://x/*"; // seconds
  // nothing
/* kept */ const b = 2;
  const all = a */* not a comment */ b;
"""
    assert (
        without_comments(script)
        == b"""
import { $ } from "./dom.js";


\n  const url = "https://x/*"; // seconds

/* kept */ const b = 2;
  const all = a */* not a comment */ b;
""".replace(b"\\n", b"\n")
    )


def test_no_text_of_a_script_spans_lines() -> None:
    """A line of it that looks like a comment would be taken out."""
    for file in (settings.BASE_DIR / "static/js").rglob("*.js"):
        script = without_comments(file.read_bytes()).decode()
        assert all(line.count("`") % 2 == 0 for line in script.split("\n")), file


def test_texts_are_packed_and_what_does_not_gain_is_not(source: Path, tmp_path: Path) -> None:
    served = packed(source, tmp_path, "aaaa")
    assert gzip.decompress((served / "css/base.css.gz").read_bytes()) == TEXT
    names = {str(file.relative_to(served)) for file in served.rglob("*") if file.is_file()}
    assert names == {"css/base.css", "css/base.css.gz", "inter.woff2", "tiny.js"}


def test_a_copy_that_is_there_is_used_as_it_is(source: Path, tmp_path: Path) -> None:
    first = packed(source, tmp_path, "aaaa")
    (first / "witness").touch()
    assert packed(source, tmp_path, "aaaa") == first
    assert (first / "witness").exists()


def test_other_files_have_another_copy_and_the_old_one_goes(source: Path, tmp_path: Path) -> None:
    first = packed(source, tmp_path, "aaaa")
    (source / "css" / "base.css").write_bytes(TEXT * 2)
    second = packed(source, tmp_path, "bbbb")
    assert (second / "css/base.css").read_bytes() == TEXT * 2
    assert not first.exists()


def test_where_nothing_can_be_written_the_files_are_served_all_the_same(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "full").touch()  # a file where the folder should be
    assert packed(source, tmp_path / "full", "aaaa") == source
    assert "served as they are" in caplog.text
