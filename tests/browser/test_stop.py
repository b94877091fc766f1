"""A page shows what the engine does, whoever did it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.client import Engine
from tests.browser.conftest import Open, Site

pytestmark = [pytest.mark.browser, pytest.mark.engine]

LISTENS = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"]


@pytest.fixture
def web(site: Site) -> Iterator[str]:
    """The id of a running container called web."""
    container_id = site.engine.run("web", LISTENS)
    yield container_id
    site.remove(container_id)


def row(page: Page, name: str = "web") -> Locator:
    return page.locator("tr.r", has=page.get_by_role("link", name=name, exact=True))


def test_a_row_follows_its_container(site: Site, web: str, open_page: Open) -> None:
    page = open_page("oscar", "/containers/")
    state = row(page).locator(".st")
    expect(state).to_contain_text("Up")
    with Engine(site.engine.connection) as engine:
        engine.stop(web, grace_s=5)  # somebody with a shell
        expect(state).to_contain_text("Exited (0)")
        page.wait_for_timeout(7000)  # a quiet socket must still be there (redis-py 8)
        engine.start(web)
        expect(state).to_contain_text("Up")


def test_stop_is_shown_to_everybody_and_true_only_when_it_is(site: Site, open_page: Open) -> None:
    stubborn = site.engine.run("stubborn", ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    try:
        mine, hers = open_page("oscar", "/containers/"), open_page("viola", "/containers/")
        expect(row(hers, "stubborn").locator(".st")).to_contain_text("Up")
        row(mine, "stubborn").get_by_role("checkbox").check()
        mine.locator("#act").get_by_role("button", name="Stop", exact=True).click()
        expect(row(mine, "stubborn").locator(".st")).to_contain_text("Stopping…", timeout=1000)
        expect(row(hers, "stubborn").locator(".st")).to_contain_text("Stopping…")
        expect(row(hers, "stubborn").locator(".st")).to_contain_text("Exited (137)", timeout=20000)
        expect(row(mine, "stubborn").locator(".st")).to_contain_text("Exited (137)")
    finally:
        site.remove(stubborn)


def test_a_new_container_appears_and_a_removed_one_goes(site: Site, open_page: Open) -> None:
    page = open_page("viola", "/containers/")
    expect(page.locator("#live")).to_contain_text("Live")
    new = site.engine.run("newcomer", LISTENS)
    expect(row(page, "newcomer").locator(".st")).to_contain_text("Up")
    site.remove(new)
    expect(row(page, "newcomer")).to_have_count(0)


def test_a_viewer_is_offered_nothing_that_he_may_not_do(
    site: Site, web: str, open_page: Open
) -> None:
    page = open_page("viola", "/containers/")
    row(page).hover()
    stop = page.locator("#hoverbar [data-do=stop]")
    expect(stop).to_be_disabled()
    expect(stop).to_have_attribute("title", "You may only look at this container")
