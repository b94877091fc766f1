"""What a browser fetches for a page is little enough for a slow line."""

import gzip
import re
from pathlib import Path

import pytest

from dashboard.packed import without_comments

ROOT = Path(__file__).resolve().parents[2]
STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
MOST_JS, MOST_CSS = 40 * 1024, 15 * 1024  # bytes as sent; what is fetched on demand is besides
LOGS = {"logs.js", "logwhole.js", "build.js"}  # pages of these hold a log view: no ordinary ones
NAMED = re.compile(r"static '((?:js|css|vendor)/[^']+\.(?:js|css))'")
IMPORTED = re.compile(r"""^(?:import|export)\b[^;]*?["'](\.[^"']+)["'];""", re.MULTILINE)
EVERYWHERE = (TEMPLATES / "base.html").read_text() + (
    TEMPLATES / "components" / "_head.html"
).read_text()
PAGES = [path for path in sorted(TEMPLATES.rglob("*.html")) if "js/pages/" in path.read_text()]


def reached(first: Path) -> set[Path]:
    """A module and what it imports before it runs."""
    found: set[Path] = set()
    left = [first]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [(one.parent / path).resolve() for path in IMPORTED.findall(one.read_text())]
    return found


def sent(paths: set[Path]) -> int:
    """Bytes, packed as `dashboard.packed` does."""
    texts = {path: path.read_bytes() for path in paths}
    ours = STATIC / "js"
    return sum(
        len(gzip.compress(without_comments(text) if ours in path.parents else text))
        for path, text in texts.items()
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_a_page_is_light(page: Path) -> None:
    files = {STATIC / name for name in NAMED.findall(EVERYWHERE + page.read_text())}
    scripts = {path for path in files if path.suffix == ".js"}
    modules = {module for path in scripts for module in reached(path)}
    assert STATIC / "js" / "core" / "keys.js" in modules
    if not {path.name for path in scripts} & LOGS:
        assert sent(modules) <= MOST_JS
    assert sent(files - scripts) <= MOST_CSS
