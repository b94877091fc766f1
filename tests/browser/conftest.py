"""A whole dashboard as an operator runs it, a real engine, and Chromium looking at it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.lab.dockerd import Dockerd
from tests.run.running import HERE, Running, until

PASSWORD = "correct horse battery"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e =>
  window.violations.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sourceFile}`));
"""
SEED = """
from accounts_app.models import Role, User
from hosts_app.models import Grant, Host
host = Host.objects.get()
for name, role in [("viola", Role.VIEWER), ("oscar", Role.OPERATOR)]:
    user = User.objects.create_user(name, {password!r})
    Grant.objects.create(user=user, host=host, role=role)
"""


class Site:
    """The dashboard under test: `ada` administers it, `oscar` operates and `viola` looks."""

    def __init__(self, running: Running, engine: Dockerd) -> None:
        self.running = running
        self.engine = engine
        self.url = f"http://127.0.0.1:{running.port}"

    def manage(self, *command: str) -> str:
        """Run manage.py beside the dashboard, on its database."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=HERE,
            env=self.running.environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def remove(self, container_id: str) -> None:
        self.engine.api("DELETE", f"/containers/{container_id}?force=1")

    @property
    def host(self) -> str:
        """The slug of its only host."""
        find = "from hosts_app.models import Host; print(Host.objects.get().slug)"
        return self.manage("shell", "-v0", "-c", find)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, docker: Dockerd) -> Iterator[Site]:
    data_dir = tmp_path_factory.mktemp("site") / "var"
    with Running(
        data_dir,
        DOCKER_HOST=docker.url,
        ADMIN_USERNAME="ada",
        ADMIN_PASSWORD=PASSWORD,
        SOCKETS_PER_USER="200",
    ) as running:
        site = Site(running, docker)
        site.manage("shell", "-v0", "-c", SEED.format(password=PASSWORD))
        until(lambda: running.get("/readyz")[0] == 200, seconds=45, what="/readyz answers 200")
        yield site


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """`open_page("ada", "/containers/", …)`: that user's page, in a context of its own.

    At the end of the test no page may have met an error or broken the content policy.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_one(
        who: str | None,
        path: str,
        *,
        size: dict[str, int] = WIDE,
        language: str = "en",
        theme: str = "light",
        quiet: bool = True,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            locale="zh-CN" if language == "zh-hans" else "en-US",
            color_scheme="dark" if theme == "dark" else "light",
            **options,
        )
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        if quiet:
            page.on(
                "console",
                lambda said: (
                    errors.append(f"{page.url}: {said.text}")
                    if said.type in {"error", "warning"}
                    else None
                ),
            )
        if who:
            sign_in(page, site, who)
        page.goto(site.url + path)
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            errors += [f"{page.url}: {each}" for each in page.evaluate("window.violations || []")]
        context.close()
    assert not errors


def sign_in(page: Page, site: Site, who: str) -> None:
    page.goto(f"{site.url}/login/")
    page.fill("[name=username]", who)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.primary")
    page.wait_for_url(lambda url: "/login/" not in url)
