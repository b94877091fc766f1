"""A container's page, the run page and a prune, as an operator uses them on a real engine."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Open, Site
from tests.lab.dockerd import IMAGE
from tests.lab.http import EngineAnswer

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LISTENS = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"]
SECRET = "hunter2-canary"
HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def web(site: Site) -> Iterator[str]:
    config = {"Env": [f"TOKEN={SECRET}"], "Labels": {HOSTILE: HOSTILE}}
    container_id = site.engine.run("web", LISTENS, config=config)
    yield container_id
    forget(site, container_id)


def forget(site: Site, reference: str) -> None:
    with contextlib.suppress(EngineAnswer):  # the test removed it
        site.remove(reference)


def inspected(site: Site, reference: str) -> Any:
    return site.engine.api("GET", f"/containers/{reference}/json")


def ready(page: Page) -> Locator:
    """The head of the page, once its scripts listen."""
    expect(page.locator("#live")).to_contain_text("Live")
    return page.locator(".objhead")


def from_menu(page: Page, verb: str) -> None:
    page.locator("#objmore").click()
    page.locator(f"#rowmenu [data-do={verb}]").click()


def test_its_head_follows_the_truth_whoever_acts(site: Site, web: str, open_page: Open) -> None:
    page = open_page("oscar", f"/h/{site.host}/c/web/")
    state = ready(page).locator(".st")
    page.locator(".verbs [data-do=stop]").click()
    expect(state).to_contain_text("Exited (0)")
    expect(page.locator(".verbs [data-do=stop]")).to_be_hidden()
    expect(page.locator("#tab")).to_contain_text("Stop container")  # its last jobs
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(state).to_contain_text("Up")
    site.engine.cli("pause", web)  # somebody with a shell
    expect(state).to_contain_text("Paused")
    page.keyboard.press("p")
    expect(state).to_contain_text("Up")


def test_a_rename_leads_on_and_a_removal_is_told_calmly(
    site: Site, web: str, open_page: Open
) -> None:
    page = open_page("oscar", f"/h/{site.host}/c/web/", quiet=False)
    ready(page)
    from_menu(page, "rename")
    page.locator("#dlg-name").fill("shop")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("shop")
    expect(page).to_have_url(f"{site.url}/h/{site.host}/c/shop/")
    page.keyboard.press("Backspace")
    expect(page.locator("#dlg").get_by_role("button", name="Cancel")).to_be_focused()
    page.locator("#dlg [name=force]").check()
    page.locator("#dlg button.danger").click()
    expect(page.locator("h1")).to_have_text("shop is gone")
    again = site.engine.run("shop", LISTENS)
    try:
        page.goto(f"{site.url}/h/{site.host}/c/{web}/")
        page.get_by_role("link", name="Follow the new shop").click()
        expect(page.locator(".objhead .st")).to_contain_text("Up")
    finally:
        forget(site, again)


def test_kill_sends_the_signal_that_was_chosen(site: Site, web: str, open_page: Open) -> None:
    page = open_page("oscar", f"/h/{site.host}/c/web/")
    ready(page)
    from_menu(page, "kill")
    page.locator("#dlg-signal").select_option("SIGTERM")
    page.locator("#dlg button.danger").click()
    expect(page.locator(".objhead .st")).to_contain_text("Exited (0)")  # it heard SIGTERM


def test_a_lock_is_set_by_an_operator_and_lifted_by_an_administrator(
    site: Site, web: str, open_page: Open
) -> None:
    page = open_page("oscar", f"/h/{site.host}/c/web/")
    ready(page)
    from_menu(page, "lock")
    expect(page.locator(".objhead .tag")).to_contain_text("Locked")
    page.locator("#objmore").click()
    expect(page.locator("#rowmenu [data-do=remove]")).to_be_disabled()
    expect(page.locator("#rowmenu [data-do=unlock]")).to_be_hidden()
    hers = open_page("ada", f"/h/{site.host}/c/web/")
    ready(hers)
    from_menu(hers, "unlock")
    expect(hers.locator(".objhead .tag")).to_have_count(0)


def test_values_are_hidden_until_an_administrator_reveals_one(
    site: Site, web: str, open_page: Open
) -> None:
    theirs = open_page("oscar", f"/h/{site.host}/c/web/")
    ready(theirs)
    expect(theirs.locator("[data-reveal]")).to_have_count(0)
    page = open_page("ada", f"/h/{site.host}/c/web/")
    ready(page)
    cell = page.locator("[data-variable=TOKEN]")
    expect(cell).not_to_contain_text(SECRET)
    cell.get_by_role("button").click()
    expect(cell).to_have_text(SECRET)
    page.locator(".tabs").get_by_role("link", name="Events").click()
    expect(page.locator("#tab")).to_contain_text("Environment revealed")
    assert SECRET not in page.content()


@pytest.mark.parametrize("tab", ["", "inspect/", "events/"])
def test_hostile_texts_stay_texts(site: Site, web: str, open_page: Open, tab: str) -> None:
    page = open_page("oscar", f"/h/{site.host}/c/web/{tab}")
    ready(page)
    assert page.locator("img").count() == 0
    assert "owned" not in page.title()
    assert SECRET not in page.content()


def test_a_container_is_run_from_the_page(site: Site, open_page: Open) -> None:
    page = open_page("oscar", f"/containers/new/?host={site.host}&image={IMAGE}", size=PHONE)
    expect(page.locator("#live")).to_be_attached()
    page.locator("#id_name").fill("made")
    page.locator("#id_command").fill("sh -c 'sleep 1000'")
    expect(page.locator(".argv li")).to_have_count(3)
    page.evaluate(
        """text => {
          const field = document.querySelector('#env input[name$="-name"]');
          const clipboardData = new DataTransfer();
          clipboardData.setData('text', text);
          field.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}));
        }""",
        'A=1\n# not this\nexport B="two words"',
    )
    page.locator("#mounts").get_by_role("button", name="Add a mount").click()
    page.locator("#id_mounts-1-target").fill("/scratch")
    page.locator("#id_mounts-1-type").select_option("tmpfs")
    page.locator("#id_network").fill("none")
    try:
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_url(re.compile(r"/jobs/\d+/"))
        expect(page.locator("#job")).to_contain_text("Succeeded")
        made = inspected(site, "made")
        assert made["Config"]["Cmd"] == ["sh", "-c", "sleep 1000"]
        assert made["Config"]["Env"][:2] == ["A=1", "B=two words"]
        assert [each["Target"] for each in made["HostConfig"]["Mounts"]] == ["/scratch"]
        page.locator("#job").get_by_role("link", name="made").click()
        expect(page.locator("h1")).to_have_text("made")
    finally:
        forget(site, "made")


def test_what_was_wrong_has_the_focus_and_nothing_typed_is_lost(
    site: Site, open_page: Open
) -> None:
    page = open_page("oscar", f"/containers/new/?host={site.host}&image={IMAGE}", quiet=False)
    page.locator("#id_variables").fill("KEEP=me")
    page.locator("#id_ports-0-container").fill("80")
    page.locator("#id_ports-0-address").fill("nowhere")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#id_ports-0-address_error")).to_be_visible()
    expect(page.locator("#id_ports-0-address")).to_be_focused()
    expect(page.locator("#id_variables")).to_have_value("KEEP=me")


def test_a_prune_removes_what_is_ticked(site: Site, open_page: Open) -> None:
    gone, kept = site.engine.create("old-gone"), site.engine.create("old-kept")
    try:
        page = open_page("oscar", "/containers/?q=old-&group=none")
        expect(page.locator("tr.r")).to_have_count(2)
        page.locator("#viewbutton").click()
        page.locator("#viewmenu").get_by_role("link", name="Remove stopped ones…").click()
        page.get_by_label("old-kept").uncheck()
        page.get_by_role("button", name="Remove what is ticked").click()
        page.wait_for_url(re.compile(r"/jobs/\d+/"))
        expect(page.locator("#job > .btns b").first).to_have_text("Succeeded")
        names = [each["Names"] for each in site.engine.api("GET", "/containers/json?all=1")]
        assert ["/old-kept"] in names
        assert ["/old-gone"] not in names
    finally:
        forget(site, gone)
        forget(site, kept)
