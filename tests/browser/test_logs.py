"""The log tab as a person sees it: live, in colour, pausable, complete after a crash of ours."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Open, Site
from tests.lab.dockerd import needed
from tests.lab.http import EngineAnswer
from tests.run.running import until

pytestmark = [pytest.mark.browser, pytest.mark.engine]

CHAOS_ROUNDS = 10 if os.environ.get("CHAOS") == "full" else 2
COUNTER = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done"
COLOURED = r"""
printf '\033[31mred\033[0m ERROR one \033]8;;javascript:alert(1)\007link\033]8;;\007\n'
printf '<img src=x onerror="document.title=1"> \342\200\256abc\n'
echo level=warning two; echo to stderr >&2; seq 100 399; sleep 100000
"""
PLACES = """() => [...document.querySelectorAll('.ln:not([hidden])')]
  .map(e => [Math.round(e.getBoundingClientRect().top), e.querySelector('.tx').textContent])
  .sort((a, b) => a[0] - b[0])"""
Run = Callable[..., str]


@pytest.fixture
def run(site: Site) -> Iterator[Run]:
    """`run(name, script)` starts a container; all of them are removed after the test."""
    ids: list[str] = []

    def start(name: str, script: str, **options: object) -> str:
        ids.append(site.engine.run(name, ["sh", "-c", script], **options))
        until(lambda: _known(site, name), seconds=20, what=f"the dashboard knows {name}")
        return ids[-1]

    yield start
    for container_id in ids:
        with suppress(EngineAnswer):  # a test has removed it
            site.remove(container_id)


def _known(site: Site, name: str) -> bool:
    rows = f"Container.objects.filter(name='{name}', gone=None)"
    find = f"from containers_app.models import Container; print({rows}.exists())"
    return site.manage("shell", "-v0", "-c", find) == "True"


def logs(site: Site, name: str) -> str:
    return f"/h/{site.host}/c/{name}/logs/"


def line(page: Page, text: str) -> Locator:
    return page.locator(".ln .tx").get_by_text(text, exact=True)


def saved(page: Page, folder: Path) -> list[str]:
    """The texts of all lines that the page holds."""
    page.get_by_role("button", name="Download the log").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the lines that are held").click()
    page.keyboard.press("Escape")
    file = folder / "saved.log"
    download.value.save_as(file)
    return [each.split(" ", 1)[1] for each in file.read_text().splitlines()]


def test_lines_come_live_in_colour_and_hostile_ones_are_text(
    site: Site, run: Run, open_page: Open, tmp_path: Path
) -> None:
    run("coloured", COLOURED)
    page = open_page("viola", logs(site, "coloured"))
    expect(line(page, "399")).to_be_visible()
    assert len(saved(page, tmp_path)) == 304
    expect(page.locator(".chip.l4 b")).to_have_text("1")
    page.keyboard.press("Home")
    red = page.locator(".ln .a-f1", has_text="red")
    expect(red).to_be_visible()
    assert red.evaluate("e => getComputedStyle(e).color") != "rgb(0, 0, 0)"
    expect(page.locator(".ln.l4")).to_contain_text(r"\x1b]8;;javascript:alert(1)\x07link")
    expect(page.locator(".ln", has_text="onerror")).to_contain_text(r"\u202eabc")
    assert page.locator(".ln :is(img, a, script)").count() == 0
    assert page.title() != "1"


def test_a_paused_view_waits_and_says_how_much(site: Site, run: Run, open_page: Open) -> None:
    run("counting", COUNTER)
    page = open_page("viola", logs(site, "counting"))
    expect(page.locator("#log-rate")).to_contain_text("Following")
    expect(page.locator(".ln")).not_to_have_count(0)
    page.wait_for_function("document.querySelector('.vp').scrollTop > 400")
    page.locator(".vp").hover()
    page.mouse.wheel(0, -200)
    pill = page.locator("#log-jump")
    expect(pill).to_contain_text("new line")
    before = page.evaluate(PLACES)
    expect(pill).to_contain_text(re.compile(r"[1-9]\d+ new lines"))
    assert page.evaluate(PLACES)[:20] == before[:20]
    page.keyboard.press("f")
    expect(pill).to_be_hidden()
    expect(page.locator("#log-rate")).to_contain_text("Following")


def test_searching_with_the_keyboard(site: Site, run: Run, open_page: Open) -> None:
    run("searched", "seq 1 450; echo needle; sleep 100000")
    page = open_page("viola", logs(site, "searched"))
    expect(line(page, "needle")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("^1\\d$")
    expect(page.locator("#log-hits")).to_have_text("0 matches")
    page.keyboard.press("Alt+r")
    expect(page.locator("#log-hits")).to_have_text("10 matches")
    page.keyboard.press("Enter")
    expect(page.locator(".ln.at mark")).to_be_visible()
    assert page.url.endswith("?q=%5E1%5Cd%24&re=1")
    page.reload()
    expect(page.locator("#log-hits")).to_have_text("10 matches")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#log-hits")).to_have_text("")
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="Wrap lines")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("t")
    expect(page.locator("[data-log=time]")).to_contain_text("UTC")
    page.keyboard.press("G")
    expect(line(page, "needle")).to_be_visible()


@pytest.mark.longer
def test_nothing_is_lost_or_doubled_when_our_web_process_is_killed(
    site: Site, run: Run, open_page: Open, tmp_path: Path
) -> None:
    container_id = run("survivor", COUNTER)
    page = open_page("viola", logs(site, "survivor"), quiet=False)
    for _ in range(CHAOS_ROUNDS):
        expect(page.locator("#log-rate")).to_contain_text("Following", timeout=20_000)
        held = page.locator("#log-held").inner_text()
        expect(page.locator("#log-held")).not_to_have_text(held)
        killed = site.running.pid("web")
        os.kill(killed, signal.SIGKILL)
        until(lambda: site.running.get("/healthz")[0] == 200, seconds=60, what="web is back")
        assert site.running.pid("web") != killed
    expect(page.locator("#log-rate")).to_contain_text("Following", timeout=20_000)
    site.engine.api("POST", f"/containers/{container_id}/kill")
    expect(page.locator("#log-state")).to_contain_text("Exited (137)", timeout=20_000)
    command = [needed("docker", "docker.io"), "-H", site.engine.url, "logs", container_id]
    truth = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    got = saved(page, tmp_path)
    assert got == truth[-len(got) :]
    assert len(got) > 100
    expect(page.locator(".ln.gap")).to_have_count(0)


def test_an_end_and_a_new_start_are_told_in_one_line(
    site: Site, run: Run, open_page: Open
) -> None:
    container_id = run("ended", "echo it was $(cat /n || echo first); echo second > /n; exit 3")
    page = open_page("oscar", logs(site, "ended"))
    expect(page.locator("#log-state")).to_contain_text("Exited (3)")
    expect(page.locator("#log-state a")).to_have_attribute("href", re.compile("/c/ended/$"))
    expect(line(page, "it was first")).to_be_visible()
    site.engine.api("POST", f"/containers/{container_id}/start")
    expect(line(page, "it was second")).to_be_visible(timeout=15_000)


def test_several_containers_come_in_one_stream_and_one_can_be_hidden(
    site: Site, run: Run, open_page: Open
) -> None:
    run("merged-a", "echo from the first; sleep 100000")
    second = run("merged-b", "echo from the second; sleep 100000")
    page = open_page("viola", "/containers/?q=merged-")
    for name in ("merged-a", "merged-b"):
        page.locator("tr.r", has_text=name).locator("input").check()
    page.locator("#act").get_by_role("button", name="Logs").click()
    expect(line(page, "from the first")).to_be_visible()
    other = page.locator(".ln", has_text="from the second")
    expect(other.locator(".so")).to_have_text("merged-b")
    page.get_by_role("button", name="merged-b", exact=True).click()
    expect(line(page, "from the second")).to_be_hidden()
    assert page.url.endswith(f"&hide={site.host}/merged-b")
    page.reload()
    expect(line(page, "from the first")).to_be_visible()
    expect(page.locator("#log-held")).to_have_text("2 lines held")
    expect(line(page, "from the second")).to_be_hidden()
    site.remove(second)
    expect(page.locator(".ln.note")).to_contain_text(re.compile("merged-b: (exited|removed)"))


def test_the_whole_log_is_searched_on_the_server(site: Site, run: Run, open_page: Open) -> None:
    run("long", "echo old needle; seq 1 2000; sleep 100000")
    page = open_page("viola", logs(site, "long"))
    expect(line(page, "2000")).to_be_visible()
    expect(line(page, "old needle")).to_have_count(0)
    page.get_by_role("button", name="Whole log").click()
    found = page.get_by_role("region", name="Found in the whole log")
    expect(found).to_contain_text("Say what to search for")
    page.keyboard.press("/")
    page.keyboard.type("needle")
    page.get_by_role("button", name="Whole log").click()
    expect(found.locator("li")).to_contain_text("old needle")
    expect(found.get_by_role("status")).to_contain_text("1 found in")
    expect(found.get_by_role("button", name="Cancel")).to_be_hidden()
    found.get_by_role("link", name="old needle").click()
    expect(page.locator(".ln.pick .tx")).to_have_text("old needle")
    expect(line(page, "20")).to_be_visible()
    expect(page).to_have_url(re.compile(r"line=[\w.-]+/long%40\d{4}-"))
    found.get_by_role("button", name="Close").click()
    expect(found).to_be_hidden()


def test_older_lines_come_on_scrolling_up_and_json_opens_as_fields(
    site: Site, run: Run, open_page: Open, tmp_path: Path
) -> None:
    json = """echo '{"level":"warn","user":{"id":7}}'; echo '{"level":"info","user":{"id":8}}'"""
    run("aged", f"{json}; seq 1 1200; sleep 100000")
    page = open_page("viola", logs(site, "aged"))
    expect(line(page, "1200")).to_be_visible()
    first = page.locator(".ln.note", has_text="This is the first line")
    for held in ("1,000 lines held", "1,202 lines held"):
        page.keyboard.press("Home")
        expect(page.locator("#log-held")).to_have_text(held)
    page.keyboard.press("Home")
    expect(first).to_be_visible()
    assert saved(page, tmp_path)[2:] == [str(number) for number in range(1, 1201)]
    page.locator(".vp").focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Only lines with user.id=7").click()
    shown = page.locator(".ln:not([hidden]) .tx", has_text='"user"')
    expect(shown).to_have_count(1)
    page.reload()
    expect(page.locator(".ln.pick .tx")).to_contain_text('"id":7')
    page.get_by_role("button", name="Show the other lines, too: user.id=7").click()
    expect(shown).to_have_count(2)
    page.keyboard.press("G")
    expect(line(page, "1200")).to_be_visible()


def test_a_log_that_cannot_be_read_says_why(site: Site, run: Run, open_page: Open) -> None:
    run("mute", "sleep 100000", host={"LogConfig": {"Type": "none"}})
    page = open_page("viola", logs(site, "mute"))
    expect(page.locator("#log-state")).to_contain_text("does not support reading")
    page.get_by_role("link", name="See its log driver").click()
    expect(page).to_have_url(re.compile("/c/mute/inspect/$"))


def test_a_recreated_container_is_offered_not_followed(
    site: Site, run: Run, open_page: Open
) -> None:
    container_id = run("recreated", "echo old; sleep 100000")
    page = open_page("viola", logs(site, "recreated"))
    expect(line(page, "old")).to_be_visible()
    site.remove(container_id)
    new = site.engine.run("recreated", ["sh", "-c", "echo new; sleep 100000"])
    try:
        expect(page.locator("#log-state")).to_contain_text("Another container has its name now")
        expect(line(page, "old")).to_be_visible()
        page.get_by_role("link", name="Follow the new one").click()
        expect(line(page, "new")).to_be_visible(timeout=15_000)
    finally:
        site.remove(new)


def test_the_phone_has_it_too(site: Site, run: Run, open_page: Open) -> None:
    run("pocket", "seq 1 200; sleep 100000")
    page = open_page("viola", logs(site, "pocket"), size=PHONE)
    expect(line(page, "200")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
