"""Made here, run there: from a Dockerfile by way of a registry to another host, in the browser."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open, Site
from tests.browser.test_pages import RULES
from tests.lab.dockerd import IMAGE, Dockerd
from tests.lab.registry import Registry

pytestmark = [pytest.mark.browser, pytest.mark.engine]
SLOW_MS = 60_000  # a whole job, on a machine that does other things too
RUNNING, EXITED = re.compile(r"\bs-running\b"), re.compile(r"\bs-exited\b")
BEGIN = """
from hosts_app.models import Host
from registries_app.models import Registry
here = Host.objects.get()
Host.objects.create(slug="there", name="there", url={url!r})
Registry.objects.create(
    slug="harbour", name="Harbour", url="http://{address}", domain={address!r},
    kind="distribution",
)
print(here.slug)
"""
END = """
from hosts_app.models import Host
from registries_app.models import Registry
Host.objects.filter(slug="there").delete()
Registry.objects.filter(slug="harbour").delete()
"""
WRITES = """sh -c "echo made here > /note; trap 'exit 0' TERM; sleep 1000 & wait" """


@pytest.fixture
def here(site: Site, second_docker: Dockerd, lab_registry: Registry) -> Iterator[str]:
    """The slug of the host that builds; "there" is the other one, "harbour" the registry."""
    begin = BEGIN.format(url=second_docker.url, address=lab_registry.address)
    yield site.manage("shell", "-v0", "-c", begin)
    site.manage("shell", "-v0", "-c", END)
    for engine in (site.engine, second_docker):
        for each in engine.api("GET", "/containers/json?all=1"):
            if each["Names"][0].startswith("/journey"):
                engine.api("DELETE", f"/containers/{each['Id']}?force=1")
        for image in engine.api("GET", "/images/json"):
            names = [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
            if any("voyage/" in name for name in names):
                engine.api("DELETE", f"/images/{image['Id']}?force=1")


def test_an_image_is_built_changed_shipped_and_run_on_another_host(
    site: Site, open_page: Open, here: str, second_docker: Dockerd, lab_registry: Registry
) -> None:
    page = open_page("ada", f"/builds/new/?host={here}")
    page.select_option("#id_host", here)
    page.fill("#id_tags", "voyage/app:1")
    page.fill("#id_dockerfile", f"FROM {IMAGE}\nRUN echo built > /built\n")
    page.select_option("#id_network", "none")
    page.click("#dobuild")
    expect(page.locator("#buildhead")).to_contain_text("Succeeded", timeout=SLOW_MS)

    page.click("#buildhead a:has-text('Run')")
    run(page, "journey-here", WRITES)
    page.goto(f"{site.url}/h/{here}/c/journey-here/")
    head = page.locator(".objhead")
    expect(head).to_have_class(RUNNING, timeout=SLOW_MS)
    head.get_by_role("button", name="Stop").click()
    expect(head).to_have_class(EXITED, timeout=SLOW_MS)

    page.goto(f"{site.url}/h/{here}/c/journey-here/commit/")
    page.fill("[name=reference]", "voyage/app:2")
    send(page)

    page.goto(f"{site.url}/images/push/?host={here}&reference=voyage/app:2")
    page.select_option("[name=registry]", lab_registry.address)
    page.fill("[name=reference]", "voyage/app:sea")
    send(page)

    page.goto(f"{site.url}/registries/harbour/")
    page.click("#repos a:has-text('app')")
    listed(page, "sea").click()
    page.click("a:has-text('Pull to hosts')")
    reference = page.input_value("[name=reference]")
    assert re.fullmatch(f"{lab_registry.address}/voyage/app@sha256:[0-9a-f]{{64}}", reference)
    page.select_option("[name=hosts]", ["there"])
    send(page)

    page.goto(f"{site.url}/containers/new/?host=there&image={reference}")
    run(page, "journey-there", "cat /built /note")
    page.goto(f"{site.url}/h/there/c/journey-there/")
    expect(page.locator(".objhead")).to_have_class(EXITED, timeout=SLOW_MS)
    assert second_docker.cli("logs", "journey-there").split("\n")[:2] == ["built", "made here"]

    tags = page.context.new_page()
    tags.add_init_script("window.setInterval = () => 0")  # nothing comes anew just by the clock
    tags.goto(f"{site.url}/registries/harbour/voyage/app/")
    listed(tags, "sea")
    row = tags.locator("tr.r", has_text="sea")
    expect(row).to_contain_text("1 container · 1 host", timeout=SLOW_MS)
    page.goto(
        f"{site.url}/containers/new/?host={here}&image={lab_registry.address}/voyage/app:sea"
    )
    run(page, "journey-ashore", WRITES)
    expect(row).to_contain_text("2 containers · 2 hosts", timeout=SLOW_MS)
    for name in ("journey-there", "journey-ashore"):
        expect(row).to_contain_text(name)
    delete_tag(tags, "sea")
    tags.goto(f"{site.url}/registries/harbour/voyage/app/")
    expect(tags.locator("#rows")).to_contain_text("This repository has no tags", timeout=SLOW_MS)


def listed(page: Page, tag: str) -> Locator:
    """In its repository; a registry that was too slow for the page is asked again."""
    found = page.locator(".tags a.tag", has_text=tag)
    again = page.locator("#images").get_by_role("link", name="Try again")
    expect(found.or_(again).first).to_be_visible(timeout=SLOW_MS)
    if again.is_visible():
        again.click()
        expect(found).to_be_visible(timeout=SLOW_MS)
    return found


def delete_tag(page: Page, tag: str) -> None:
    """From the row of an image that a container runs, with the warning that it does."""
    page.get_by_role("link", name=f"Actions for {tag}").click()
    page.get_by_role("menuitem", name="Remove tags…").click()
    expect(page.locator(".panel.warn")).to_contain_text("In use: 1 container runs this")
    for name in ("journey-there", "journey-ashore"):
        expect(page.locator("main")).to_contain_text(name)
    assert Axe().run(page, options=RULES).response["violations"] == []
    page.get_by_role("button", name="Remove the tag").click()
    succeeded(page)


def run(page: Page, name: str, command: str) -> None:
    """On the form that runs a container, whose host and image are chosen."""
    page.fill("[name=name]", name)
    page.fill("[name=command]", command)
    page.fill("[name=network]", "none")
    page.click("button[value=start]")
    succeeded(page)


def send(page: Page) -> None:
    """What the form asks for, until it is done."""
    page.click("form.form .formacts .primary")
    succeeded(page)


def succeeded(page: Page) -> None:
    """Stays on the job's page until the job has ended well."""
    page.wait_for_url("**/jobs/*/")
    expect(page.locator(".page, main").first).to_contain_text("Succeeded", timeout=SLOW_MS)
