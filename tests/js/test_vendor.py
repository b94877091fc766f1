"""Third-party files are what was pinned, and nothing names an icon or a word that is not there."""

import hashlib
import re
from pathlib import Path

from core.js_strings import strings

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
VERBS = ("start", "stop", "restart", "pause", "unpause", "kill", "remove")
PARSES_HTML = re.compile(r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write")
INLINE = re.compile(
    r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|hx-on|javascript:", re.IGNORECASE
)
# Keys that scripts put together or choose at run time
KEYS_OF_LOGS = (
    "follow", "search", "next", "previous", "only", "case", "regex", "wrap", "time", "when", "end",
    "start", "copy", "clear", "full", "down", "up", "fields",
)  # fmt: skip
BUILT = {
    *(f"{kind}_{verb}" for kind in ("busy", "still", "do", "done") for verb in VERBS),
    *(f"{kind}_{verb}_n" for kind in ("do", "done") for verb in VERBS),
    *(f"{kind}_{verb}" for kind in ("busy", "still") for verb in ("rename", "run", "other")),
    "done_rename",
    *(f"fact_{key}" for key in ("state", "host", "image", "ports")),
    "open_page",
    *(f"job_{state}" for state in ("succeeded", "failed", "cancelled", "interrupted", "unknown")),
    *(f"{verb}_{part}" for verb in ("stop", "restart") for part in ("title", "body")),
    *(f"log_source_{how}" for how in ("exited", "removed", "replaced", "unreadable", "started")),
    *(f"log_time_{which}" for which in ("local", "utc", "off")),
    *(f"key_log_{what}" for what in KEYS_OF_LOGS),
    *(f"{kind}_image_remove{many}" for kind in ("do", "done") for many in ("", "_n")),
    *(f"done_image_{verb}" for verb in ("tag", "untag")),
    *(f"busy_{verb}" for verb in ("tag", "untag")),
    *(f"image_{key}" for key in ("why_rights", "one_at_a_time", "not_applicable")),
    *(f"fact_{key}" for key in ("users", "digest", "size")),
    "open_image_page",
    *(
        "containers",
        "hosts",
        "images",
        "registries",
        "in_registries",
        "stop",
        "restart",
        "live",
        "reconnecting",
    ),
}


def _sums() -> dict[str, str]:
    lines = (STATIC / "vendor" / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def test_every_vendored_file_is_the_one_that_was_pinned() -> None:
    for name, digest in _sums().items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


def test_nothing_lies_among_vendored_files_that_no_checksum_covers() -> None:
    files = {
        str(path.relative_to(STATIC))
        for folder in ("vendor", "fonts")
        for path in (STATIC / folder).rglob("*")
        if path.is_file()
    }
    assert files - {"vendor/SHA256SUMS"} == set(_sums())


def test_the_lock_file_names_no_host_to_fetch_from() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = (STATIC / "vendor" / "icons.svg").read_text()
    there = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    named: set[str] = set()
    for path in TEMPLATES:
        named |= set(re.findall(r'{% icon "([^"]+)"', path.read_text()))
    for path in SCRIPTS:
        named |= set(re.findall(r'\bicon(?::|\()\s*"([a-z0-9-]+)"', path.read_text()))
    assert named
    assert named <= there


def test_every_word_that_a_script_says_is_in_the_dictionary_and_none_is_spare() -> None:
    said: set[str] = set(BUILT)
    for path in SCRIPTS:
        said |= set(re.findall(r'\b(?:t\(|say\(kind,)\s*"([a-z_]+)"', path.read_text()))
    assert said == set(strings())


def test_no_script_has_more_than_300_lines_or_parses_html() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert text.count("\n") <= 300, path.name
        assert not re.search(
            r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write", text
        ), path


def test_no_template_carries_inline_script_style_or_handlers() -> None:
    for path in TEMPLATES:
        assert not INLINE.search(path.read_text()), path
