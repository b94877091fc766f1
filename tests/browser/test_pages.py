"""Every page, in both languages and themes, wide and on a phone: whole and readable."""

import itertools
import os
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Open, Site

pytestmark = [pytest.mark.browser, pytest.mark.engine]

PAGES = [
    "/",
    "/containers/",
    "/containers/?state=failed",
    "/containers/?q=nothing-like-this",
    "/containers/new/",
    "/containers/prune/",
    "/images/",
    "/images/?q=nothing-like-this",
    "/images/?group=host",
    "/images/prune/",
    "/images/prune/?all=1",
    "/images/pull/",
    "/images/push/",
    "/images/distribute/",
    "/images/save/",
    "/images/load/",
    "/images/import/",
    "/h/{host}/c/shown/",
    "/h/{host}/c/shown/logs/",
    "/logs/",
    "/logs/?c={host}/shown&select=name:shown",
    "/h/{host}/c/shown/changes/",
    "/h/{host}/c/shown/commit/",
    "/h/{host}/c/shown/inspect/",
    "/h/{host}/c/shown/events/",
    "/h/{host}/i/lab/busybox:latest/",
    "/h/{host}/i/lab/busybox:latest/-/inspect/",
    "/images/compare/?left={host}/lab/busybox:latest&right={host}/lab/busybox:latest",
    "/registries/-/copy/",
    "/registries/-/search/?q=busybox",
    "/registries/-/made-here/",
    "/hosts/",
    "/hosts/new/",
    "/hosts/{host}/",
    "/hosts/{host}/edit/",
    "/registries/",
    "/registries/-/new/",
    "/registries/kept/",
    "/registries/kept/-/record/",
    "/registries/kept/-/trust/",
    "/registries/kept/team/app/",
    "/registries/kept/team/app/?tab=uses",
    "/registries/kept/team/app/-/{digest}/",
    "/registries/kept/team/app/-/tag/?digest={digest}",
    "/registries/kept/team/app/-/compare/?old={digest}&new={digest}",
    "/jobs/",
    "/jobs/{job}/",
    "/builds/",
    "/builds/new/",
    "/audit/",
    "/audit/denied/",
    "/settings/users/",
    "/settings/users/new/",
    "/settings/users/viola/",
    "/settings/profile/",
    "/api/v1/docs",
]
SIGNED_OUT = ["/login/"]
Look = tuple[str, str, dict[str, int]]
EVERY: list[list[Look]] = [
    [each] for each in itertools.product(("en", "zh-hans"), ("light", "dark"), (WIDE, PHONE))
]
# Every two of the three choices meet at least once. Pages are loaded in the first look of a line,
# and what is open then becomes the second: it is turned, and the system's theme changes
PAIRS: list[list[Look]] = [
    [("en", "light", WIDE), ("en", "dark", PHONE)],
    [("zh-hans", "light", PHONE), ("zh-hans", "dark", WIDE)],
]
LOOKS = EVERY if os.environ.get("CHAOS") == "full" else PAIRS
PARTS = 3  # which the workers share
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],  # what passed is not described node by node
}
# What depends on colours and on room; all else is the same in the second look of a language
OF_A_LOOK = RULES | {
    "runOnly": [
        "color-contrast",
        "link-in-text-block",
        "scrollable-region-focusable",
        "target-size",
        "button-name",  # of what only phones or only wide screens show
        "link-name",
        "label",
    ]
}


DIGEST = f"sha256:{'1' * 64}"
# A registry that nobody answers for, of which something is known
KEPT = f"""
from registries_app.models import Manifest, Registry, Repository, Tag
registry = Registry.objects.create(
    slug="kept", name="Kept", url="http://127.0.0.1:9", domain="127.0.0.1:9")
row = Repository.objects.create(registry=registry, name="team/app", listed=True, tag_count=3)
for name in ("1.0", "latest"):
    Tag.objects.create(repository=row, name=name, digest="{DIGEST}")
Tag.objects.create(repository=row, name="0.9")
layers = [["{DIGEST}", 7]]
Manifest.objects.create(digest="{DIGEST}", kind="image", size=7, raw=b'{{"layers": []}}',
    config=b'{{"config": {{"Env": ["A=1"], "Labels": {{"a": "b"}}}}}}',
    platforms=[{{"platform": "linux/amd64", "digest": "{DIGEST}", "size": 7, "created": None,
                "layers": layers, "missing": False}}])
from hosts_app.models import Host
from jobs_app.models import Job
job = Job.objects.create(kind="container.stop", actor_name="ada", role=2, host=Host.objects.get(),
    host_name=Host.objects.get().slug, target="{"1" * 64}", target_name="gone", state="failed",
    error="no such container", dismissed="2026-01-01T00:00:00Z")
job.lines.create(n=1, text="queued")
print(job.pk)
"""


@pytest.fixture(scope="module")
def shown(site: Site) -> Iterator[str]:
    """The number of a job that failed, beside a running container and a registry."""
    job = site.manage("shell", "-v0", "-c", KEPT)
    script = "while :; do echo level=info all is well; sleep 1; done"
    container_id = site.engine.run("shown", ["sh", "-c", script])
    yield job
    site.remove(container_id)


def _name(looks: list[Look]) -> str:
    language, theme, size = looks[0]
    return f"{language}-{theme}-{size['width']}"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("looks", LOOKS, ids=_name)
def test_every_page_is_whole_and_readable(
    site: Site, shown: str, open_page: Open, looks: list[Look], part: int
) -> None:
    language, theme, size = looks[0]
    host = site.host
    page = open_page("ada", "/containers/", size=size, language=language, theme=theme)
    expect(page.locator("tr.r", has_text="shown")).to_have_count(1)
    wrong: list[str] = []
    for path in PAGES[part::PARTS]:
        address = site.url + path.format(host=host, digest=DIGEST, job=shown)
        wrong += [f"{path}: {each}" for each in _wrong_with(page, address, looks)]
    assert wrong == []


@pytest.mark.parametrize("path", SIGNED_OUT)
@pytest.mark.parametrize("looks", LOOKS, ids=_name)
def test_signed_out_pages_too(site: Site, open_page: Open, path: str, looks: list[Look]) -> None:
    language, theme, size = looks[0]
    page = open_page(None, path, size=size, language=language, theme=theme)
    assert _wrong_with(page, site.url + path, looks) == []


def _wrong_with(page: Page, address: str, looks: list[Look]) -> list[str]:
    """What is wrong with this page in each look. The first is that of its context."""
    wrong = []
    for n, look in enumerate(looks):
        _language, theme, size = look
        if n or len(looks) > 1:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
        if not n:
            answer = page.goto(address)
            if answer is None or not answer.ok:  # a page of an error is whole and readable, too
                wrong.append(f"it answered {answer and answer.status}")
        wrong += [
            f"{theme} {size['width']}: {each}" for each in _wrong_here(page, look, first=not n)
        ]
    return wrong


def _wrong_here(page: Page, look: Look, *, first: bool) -> list[str]:
    language, theme, size = look
    wrong = []
    if page.locator("h1").count() != 1:
        wrong.append(f"{page.locator('h1').count()} h1")
    if size is PHONE and page.evaluate("document.documentElement.scrollWidth") > size["width"]:
        wrong.append("scrolls sideways")
    if page.locator("html").get_attribute("lang") != language:
        wrong.append("another language")
    if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") != (theme == "dark"):
        wrong.append("another theme")
    found = Axe().run(page, options=RULES if first else OF_A_LOOK)
    wrong += [
        f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found.response["violations"]
    ]
    return wrong


def test_addresses_of_static_files_carry_a_fingerprint(site: Site, open_page: Open) -> None:
    page = open_page("ada", "/containers/")
    loaded = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    static = [url for url in loaded if "/static/" in url]
    assert static
    assert [url for url in static if not re.search(r"/static/[0-9a-f]{8}/", url)] == []
