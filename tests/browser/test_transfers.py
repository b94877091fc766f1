"""Archives sent from a page, and how one learns that something ended."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Site
from tests.lab.dockerd import IMAGE, Dockerd
from tests.run.running import until

pytestmark = [pytest.mark.browser, pytest.mark.engine]
NAME = "browser/loaded:1"


@pytest.fixture(scope="module")
def archive(docker: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `docker save` makes of an image, which the engine has no more."""
    docker.api("POST", f"/images/{IMAGE}/tag?repo=browser/loaded&tag=1")
    path = tmp_path_factory.mktemp("archive") / "images.tar"
    docker.cli("save", "-o", str(path), NAME)
    docker.api("DELETE", f"/images/{NAME}")
    yield path
    docker.api("DELETE", f"/images/{NAME}?force=1")


class Script:
    """Oscar's, beside his browser."""

    def __init__(self, site: Site) -> None:
        self.site, self.host = site, site.host
        self.token = site.manage("apitoken", "oscar", "--scope", "operate")

    def ask(self, method: str, path: str, body: bytes = b"") -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-tar"}
        with closing(HTTPConnection("127.0.0.1", self.site.running.port, timeout=60)) as asked:
            asked.request(method, f"/api/v1/{path}", body or None, headers)
            return json.load(asked.getresponse())

    def load(self, archive: Path) -> str:
        """The address of the job."""
        job = self.ask("POST", f"hosts/{self.host}/images/load", archive.read_bytes())
        return f"/jobs/{job['id']}/"

    def succeeded(self, url: str) -> bool:
        return bool(self.ask("GET", url.strip("/"))["state"] == "succeeded")


def test_an_archive_goes_from_the_page_into_the_engine(
    site: Site, open_page: Open, archive: Path
) -> None:
    page = open_page("oscar", "/images/load/")
    page.set_input_files("#id_archive", archive)
    page.click("#dosend")
    page.wait_for_url("**/jobs/*/")
    expect(page.locator("#job b").first).to_have_text("Succeeded", timeout=60_000)
    expect(page.locator(".joblog")).to_contain_text(f"Loaded image: {NAME}")
    expect(page.locator("#job .facts")).to_contain_text(NAME)


def test_a_result_is_told_on_any_page_and_kept_for_a_later_tab(
    site: Site, open_page: Open, archive: Path
) -> None:
    script = Script(site)
    page = open_page("oscar", "/hosts/")
    expect(page.locator("#live")).to_have_attribute("data-s", "on")
    url = script.load(archive)
    toast = page.locator(".toast", has_text="Load images")
    expect(toast.locator("a")).to_have_attribute("href", url, timeout=60_000)
    toast.locator("button").click()
    expect(page.locator("#tray .job")).to_have_count(0)
    page.goto("about:blank")
    later = script.load(archive)
    until(lambda: script.succeeded(later), seconds=60, what="the archive is loaded")
    page.goto(f"{site.url}/hosts/")
    kept = page.locator("#tray .job")
    expect(kept).to_have_attribute("href", later)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("#tray .t")).to_contain_text("1 result")
    expect(page.locator("#tray").get_by_role("link", name="View")).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    kept.click()
    expect(page.locator("#tray .job")).to_have_count(0)
    expect(page.locator(".joblog")).to_contain_text(f"Loaded image: {NAME}")
