"""The list of images follows the engine; what goes is asked about, with what stays beside it."""

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, Site
from tests.lab.dockerd import IMAGE

pytestmark = [pytest.mark.browser, pytest.mark.engine]

SOON_MS = 20000  # for what an engine, the watcher and a worker do one after the other


@pytest.fixture
def used(site: Site) -> Iterator[str]:
    """The id of a container of the lab's image."""
    container_id = site.engine.run("web")
    yield container_id
    site.remove(container_id)


def commit(site: Site, container_id: str, name: str) -> str:
    """The id of a new image."""
    path = f"/commit?container={container_id}&repo={name}&tag=1&comment={os.urandom(4).hex()}"
    return str(site.engine.api("POST", path, {})["Id"])


def row(page: Page, text: str) -> Locator:
    return page.locator("tr.r", has_text=text)


def test_a_row_comes_changes_and_goes_by_itself(site: Site, used: str, open_page: Open) -> None:
    page = open_page("viola", "/images/")
    expect(page.locator("#live")).to_contain_text("Live")
    expect(row(page, IMAGE).locator(".st")).to_contain_text("web", timeout=SOON_MS)
    image_id = commit(site, used, "shop/made")
    expect(row(page, "shop/made:1").locator(".st")).to_have_text("Unused", timeout=SOON_MS)
    site.engine.api("POST", "/images/shop/made:1/tag?repo=shop/again&tag=2")
    expect(row(page, "shop/made:1")).to_contain_text("shop/again:2", timeout=SOON_MS)
    site.engine.api("DELETE", f"/images/{image_id}?force=1")
    expect(row(page, "shop/made")).to_have_count(0, timeout=SOON_MS)


def test_what_goes_and_what_stays_is_asked_first(site: Site, used: str, open_page: Open) -> None:
    commit(site, used, "shop/old")
    site.engine.api("POST", "/images/shop/old:1/tag?repo=other/name&tag=2")
    page = open_page("oscar", "/images/")
    expect(row(page, "other/name")).to_have_count(1, timeout=SOON_MS)
    row(page, "other/name").get_by_role("checkbox").check()
    row(page, IMAGE).get_by_role("checkbox").check()
    page.locator("#act").get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Remove 1 image?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    goes, stays = dialog.locator("ul.what").nth(0), dialog.locator("ul.what").nth(1)
    expect(goes).to_contain_text("shop/old:1")
    expect(goes).to_contain_text("other/name:2")
    expect(stays).to_contain_text(IMAGE)
    dialog.get_by_role("button", name="Remove").click()
    expect(row(page, "shop/old")).to_have_count(0, timeout=SOON_MS)
    expect(row(page, IMAGE)).to_have_count(1)


def test_two_that_are_selected_are_compared(site: Site, used: str, open_page: Open) -> None:
    image_id = commit(site, used, "shop/other")
    page = open_page("viola", "/images/")
    expect(row(page, "shop/other")).to_have_count(1, timeout=SOON_MS)
    for name in (IMAGE, "shop/other"):
        row(page, name).get_by_role("checkbox").check()
    page.locator("#act").get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare images")
    expect(page).to_have_url(re.compile(r"left=.*&right=.*shop"))
    site.engine.api("DELETE", f"/images/{image_id}?force=1")


def test_a_prune_shows_what_goes_and_removes_only_that(
    site: Site, used: str, open_page: Open
) -> None:
    commit(site, used, "shop/unused")
    page = open_page("oscar", "/images/")
    expect(row(page, "shop/unused")).to_have_count(1, timeout=SOON_MS)
    page.goto(f"{site.url}/images/prune/?all=1&q=shop/unused")
    expect(page.locator("main tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()
    page.get_by_role("button", name="Remove what is ticked").click()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))
    expect(page.locator("main")).to_contain_text("Succeeded", timeout=SOON_MS)
    page.goto(f"{site.url}/images/")
    expect(row(page, IMAGE)).to_have_count(1)
    expect(row(page, "shop/unused")).to_have_count(0, timeout=SOON_MS)


def test_the_page_of_an_image_tags_it_and_removes_it(
    site: Site, used: str, open_page: Open
) -> None:
    commit(site, used, "shop/own")
    page = open_page("oscar", "/images/")
    expect(row(page, "shop/own")).to_have_count(1, timeout=SOON_MS)
    page.goto(f"{site.url}/h/{site.host}/i/shop/own:1/")
    head = page.locator(".objhead")
    expect(head.get_by_role("button", name="Take a tag away…")).to_be_disabled()
    head.get_by_role("button", name="Add a tag…").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("shop/second:2")
    page.get_by_role("dialog").get_by_role("button", name="Add the tag").click()
    expect(page.locator(".names").first).to_contain_text("shop/second:2", timeout=SOON_MS)
    expect(head.get_by_role("button", name="Take a tag away…")).to_be_enabled()
    head.get_by_role("button", name="Remove…").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(head.locator(".st")).to_have_text("It is gone from this host", timeout=SOON_MS)
    expect(head.get_by_role("button", name="Remove…")).to_have_count(0)
