"""A whole errand without a mouse, and with a dashboard that is killed half way."""

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Site
from tests.browser.test_stop import LISTENS

pytestmark = [pytest.mark.browser, pytest.mark.engine]

GREETS = ["sh", "-c", f"echo ahoy; {LISTENS[2]}"]


@pytest.fixture
def box(site: Site) -> Iterator[str]:
    container_id = site.engine.run("errand", GREETS)
    yield container_id
    site.remove(container_id)


def starts(site: Site, container_id: str) -> str:
    return str(site.engine.api("GET", f"/containers/{container_id}/json")["State"]["StartedAt"])


def find(page: Page, words: str, label: str) -> None:
    """What the palette calls `label`, by these words."""
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    expect(page.locator("#palette [role=option][aria-selected=true]")).to_contain_text(label)
    page.keyboard.press("Enter")


def test_from_the_palette_over_a_restart_to_the_logs_and_back(
    site: Site, box: str, open_page: Open
) -> None:
    page = open_page("oscar", "/", quiet=False)
    live = page.locator("#live")
    expect(live).to_have_attribute("data-s", "on")
    find(page, "errand", "errand")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("errand")
    expect(live).to_have_attribute("data-s", "on")
    page.evaluate("window.mark = true")
    before = starts(site, box)
    os.kill(site.running.pid("web"), signal.SIGKILL)
    expect(live).not_to_have_attribute("data-s", "on")
    expect(live).to_have_attribute("data-s", "on", timeout=20_000)
    page.keyboard.press("r")
    expect(page.locator("#toasts")).to_contain_text("Restarted errand")
    expect(page.locator(".objhead .st")).to_contain_text("Up")
    assert page.evaluate("window.mark")  # it went on, and was not loaded anew
    assert starts(site, box) != before
    page.keyboard.press("l")
    expect(page.locator(".ln", has_text="ahoy")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("ahoy")
    expect(page.locator("#log-hits")).to_contain_text("2")
    page.keyboard.press("Escape")
    page.go_back()
    expect(page).to_have_url(re.compile("/c/errand/$"))
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(heading).to_have_text("Containers")


def test_the_palette_offers_actions_where_nothing_is_selected(site: Site, open_page: Open) -> None:
    page = open_page("oscar", "/containers/")
    expect(page.locator("#live")).to_have_attribute("data-s", "on")
    find(page, ">shortcuts", "Keyboard shortcuts")
    expect(page.locator("#dlg")).to_contain_text("In a list")
    for letter, address in {"l": "/logs/", "r": "/registries/", "b": "/builds/"}.items():
        page.keyboard.press("Escape")
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page).to_have_url(site.url + address)
        expect(page.locator("#live")).to_have_attribute("data-s", "on")
