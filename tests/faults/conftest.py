"""One dashboard, one engine and two browsers for all faults; they have to survive each other."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PASSWORD, WIDE
from tests.faults.fleet import Fleet
from tests.faults.truth import folder_of_starts
from tests.lab.dockerd import Dockerd
from tests.run.running import Running, until

MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    second_docker: Dockerd,
    browser: Browser,
    pytestconfig: pytest.Config,
) -> Iterator[Fleet]:
    """With 40 containers; `oscar` operates and `viola` looks, each in a browser of their own."""
    second_docker.restore()
    with Running(
        tmp_path_factory.mktemp("faults") / "var",
        DOCKER_HOST=second_docker.url,
        ADMIN_USERNAME="ada",
        ADMIN_PASSWORD=PASSWORD,
    ) as running:
        fleet = Fleet(running, second_docker, folder_of_starts(second_docker.directory))
        fleet.measured = pytestconfig.stash.setdefault(MEASURED, [])
        fleet.seed(PASSWORD)
        for n in range(30):
            fleet.make(f"box-{n:02}", start=n % 3 == 0)
        for n in range(10):
            fleet.make(f"ice-{n:02}")
        contexts = [browser.new_context(viewport=WIDE, locale="en-US") for _ in range(2)]  # type: ignore[arg-type]
        for who, context in zip(("oscar", "viola"), contexts, strict=True):
            page = context.new_page()
            page.goto(f"{fleet.url}/login/")
            page.fill("[name=username]", who)
            page.fill("[name=password]", PASSWORD)
            page.click("main button.primary")
            page.wait_for_url(lambda url: "/login/" not in url)
            page.goto(f"{fleet.url}/containers/?group=none")
            fleet.pages.append(page)
        until(lambda: running.get("/readyz")[0] == 200, seconds=45, what="/readyz answers 200")
        yield fleet
        for context in contexts:
            context.close()
    second_docker.restore()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """How long things took to recover."""
    if measured := config.stash.get(MEASURED, []):
        terminalreporter.section("recovered after faults")
        for line in measured:
            terminalreporter.write_line(line)
