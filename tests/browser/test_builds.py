"""Building in the page: a mistake at its line, steps as they go, a folder with .dockerignore."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Site

pytestmark = [pytest.mark.browser, pytest.mark.engine]
SLOW_MS = 30_000  # a whole build, on a machine that does other things too


def test_a_typed_dockerfile_is_corrected_and_built(site: Site, open_page: Open) -> None:
    page = open_page("oscar", "/builds/new/")
    page.fill("#id_tags", "lab/typed")
    page.fill("#id_dockerfile", "FROM lab/busybox:latest\nRNU echo hello\n")
    problem = page.locator("#problems li")
    expect(problem).to_contain_text("Did you mean RUN?")
    expect(page.locator(".gutter .bad")).to_have_text("2")
    page.fill("#id_dockerfile", "FROM lab/busybox:latest\nRUN echo hello from the build\n")
    expect(problem).to_have_text("No mistakes found.")
    page.select_option("#id_network", "none")
    page.click("#dobuild")
    steps = page.locator("#steps > li")
    expect(steps).to_have_count(2, timeout=SLOW_MS)
    expect(page.locator("#buildhead")).to_contain_text("Succeeded", timeout=SLOW_MS)
    expect(page.locator("#buildhead")).to_contain_text("lab/typed:latest")
    expect(steps.nth(1).locator(".g-healthy")).to_have_count(1)
    page.reload()
    steps.nth(1).locator("summary").click()
    expect(steps.nth(1)).to_contain_text("hello from the build")
    page.reload()
    page.fill("#steps-q", "HELLO from")
    expect(page.locator("#steps-hits")).to_have_text("1 match")
    page.press("#steps-q", "Enter")
    expect(page.locator("#steps-hits")).to_have_text("1 of 1")
    expect(steps.nth(1).locator(".ln.at mark")).to_have_text("hello from")
    page.click("text=Build again")
    expect(page.locator("#id_dockerfile")).to_have_value(
        "FROM lab/busybox:latest\nRUN echo hello from the build\n"
    )
    site.engine.cli("rmi", "lab/typed")


def test_a_folder_goes_along_without_what_it_ignores(
    site: Site, open_page: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    for path, text in {
        "Dockerfile": "FROM lab/busybox:latest\nCOPY . /shop\n",
        ".dockerignore": "*.log\n",
        "src/a.txt": "a",
        "noise.log": "x",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    page = open_page("oscar", "/builds/new/")
    page.fill("#id_tags", "lab/folder")
    page.set_input_files("#folder", str(folder))
    expect(page.locator("#chosen")).to_have_text("4 files chosen")
    expect(page.locator("#problems")).to_contain_text("No mistakes found.")
    page.click("#dobuild")
    expect(page.locator("#buildhead")).to_contain_text("Succeeded", timeout=SLOW_MS)
    container_id = site.engine.run("folder", ["find", "/shop"], image="lab/folder")
    site.engine.wait(container_id)
    found = site.engine.cli("logs", container_id).split()
    assert "/shop/src/a.txt" in found
    assert "/shop/noise.log" not in found
    site.remove(container_id)
    site.engine.cli("rmi", "lab/folder")
