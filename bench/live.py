"""How soon a row in a real browser changes: after `docker stop` elsewhere, and after a click."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from playwright.sync_api import Page, sync_playwright

from bench.measure import Clock, Round, Spread, alternate, cpu_per_round, noise, quantile, until
from bench.report import Figure, Row
from bench.site import PASSWORD, PERSON, Site, engine_clock
from engine.client import Engine
from tests.lab.chromium import ARGUMENTS
from tests.lab.dockerd import Dockerd, needed

SHOWN_S = 10  # a row that has not changed by then counts as an error of the bench
REST_S = 0.25  # between two stops: the list was fetched anew after the one before
# notes when the row of one container first says a word; Date.now() is the engine's clock, too
WATCH = """
(() => {
  const look = () => {
    const wanted = window.bench;
    if (!wanted || wanted.at) return;
    const row = document.querySelector(`tr.r[data-id="${wanted.id}"] .st`);
    if (row?.textContent.startsWith(wanted.word)) wanted.at = Date.now();
  };
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, characterData: true,
  });
  const note = () => { if (window.bench) window.bench.clicked = Date.now(); };
  document.addEventListener("click", note, true);
})();
"""


class Heard:
    """`docker events`, reading: when each container's death was heard of, and when it was."""

    def __init__(self, docker: Dockerd) -> None:
        self.deaths: dict[str, tuple[float, float]] = {}  # id -> engine's time, time heard
        self._process = subprocess.Popen(
            [
                needed("docker", "docker.io"), "events",
                "--filter", "event=die", "--format", "{{json .}}",
            ],
            env={"PATH": os.environ["PATH"], "DOCKER_HOST": docker.url, "HOME": "/nonexistent"},
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            at = time.time()
            event = json.loads(line)
            self.deaths[event["Actor"]["ID"]] = (event["timeNano"] / 1e9, at)

    def death(self, container: str) -> tuple[float, float]:
        """(when it was, when it was heard of)."""
        until(lambda: container in self.deaths, "the engine told of a death")
        return self.deaths[container]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()


@contextmanager
def listening(docker: Dockerd) -> Iterator[Heard]:
    heard = Heard(docker)
    try:
        time.sleep(1)  # nothing says when its stream is open
        yield heard
    finally:
        heard.close()


@contextmanager
def watching(site: Site) -> Iterator[Page]:
    """The list in Chromium with every container in view, live."""
    with sync_playwright() as playwright, ExitStack() as opened:
        browser = playwright.chromium.launch(
            executable_path=needed("chromium", "chromium"), args=ARGUMENTS
        )
        opened.callback(browser.close)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCH)
        page.goto(f"http://127.0.0.1:{site.port}/login/")
        page.fill("[name=username]", PERSON)
        page.fill("[name=password]", PASSWORD)
        page.click("main button.primary")
        page.wait_for_url(lambda url: "/login/" not in url)
        page.goto(f"http://127.0.0.1:{site.port}/containers/?page_size=200&group=none")
        page.locator("#live[data-s=on]").wait_for()
        yield page


def typed_elsewhere(site: Site, docker: Dockerd, ids: Sequence[str], rounds: int) -> Row:
    """`docker stop` of one container after the other, the row watched in the browser."""
    seen: list[float] = []
    first: list[float] = []
    again: list[float] = []
    clocks = {"web": site.clock("web"), "engine": engine_clock(docker)}
    before = {who: clock() for who, clock in clocks.items()}
    with watching(site) as page, listening(docker) as one, listening(docker) as other:
        for container in ids:
            _expect(page, container, "Exited")
            docker.cli("stop", container)
            at = _seen(page)
            died, heard = one.death(container)
            seen.append(at - died)
            first.append(heard - died)
            again.append(other.death(container)[1] - died)
            time.sleep(REST_S)
    used = {who: clock() - before[who] for who, clock in clocks.items()}
    parts = _parts(seen, rounds)
    beyond = [quantile(part, 0.5) * 1000 for part in parts]
    return Row(
        "`docker stop` typed elsewhere, until the row in the browser changed",
        [
            Figure(
                "p50 after the event", quantile(seen, 0.5) * 1000, 250, spread=Spread.of(beyond)
            ),
            Figure("p99 after the event", quantile(seen, 0.99) * 1000, 1000),
        ],
        baseline="the same event, as `docker events` heard it",
        beside=Spread.of(quantile(part, 0.5) * 1000 for part in _parts(first, rounds)),
        noise=Spread.of(
            quantile(b, 0.5) / quantile(a, 0.5)
            for a, b in zip(_parts(first, rounds), _parts(again, rounds), strict=True)
        ),
        cpu={"all of it": used},
        notes=[
            f"{len(seen)} stops; p99 {quantile(seen, 0.99) * 1000:.0f} ms is nearly the worst",
            "noise: a second `docker events` beside the first",
        ],
    )


def clicked(site: Site, docker: Dockerd, ids: Sequence[str], rounds: int) -> Row:
    """Stop in the row's bar, beside the engine's own call for another container."""
    left = list(ids)
    a_round = len(ids) // (2 * (rounds + 1))
    clocks: dict[str, Clock] = {
        "web": site.clock("web"),
        "worker": site.clock("worker"),
        "engine": engine_clock(docker),
    }
    with watching(site) as page, Engine(docker.connection) as engine:

        def click() -> list[float]:
            return [_click(page, left.pop()) for _ in range(a_round)]

        def call() -> list[float]:
            return [_call(engine, left.pop()) for _ in range(a_round)]

        done = alternate({"clicked": click, "called": call}, rounds=rounds, clocks=clocks)
    beyond = [
        quantile(ours.samples, 0.5) * 1000 - quantile(theirs.samples, 0.5) * 1000
        for ours, theirs in zip(done["clicked"], done["called"], strict=True)
    ]
    return Row(
        "Stop clicked until the row says Exited, beyond the API call itself",
        [Figure("p50", Spread.of(beyond).median, 300, spread=Spread.of(beyond))],
        baseline="the engine's own call, alone",
        beside=Spread.of(quantile(each.samples, 0.5) * 1000 for each in done["called"]),
        noise=noise(done["called"]),
        cpu={name: cpu_per_round(each) for name, each in done.items()},
        notes=[_whole(done["clicked"])],
    )


def _click(page: Page, container: str) -> float:
    row = page.locator(f'tr.r[data-id="{container}"]')
    row.scroll_into_view_if_needed()
    row.hover()
    _expect(page, container, "Exited")
    page.locator("#hoverbar [data-do=stop]").click()
    at = _seen(page)
    time.sleep(REST_S)
    return at - float(page.evaluate("window.bench.clicked")) / 1000


def _call(engine: Engine, container: str) -> float:
    began = time.perf_counter()
    engine.stop(container)
    took = time.perf_counter() - began
    time.sleep(REST_S)
    return took


def _expect(page: Page, container: str, word: str) -> None:
    page.evaluate(f"window.bench = {json.dumps({'id': container, 'word': word, 'at': 0})}")


def _seen(page: Page) -> float:
    """When the row said it, in seconds since 1970."""
    # asked again and again: our policy lets no page evaluate what Playwright would wait for
    until(lambda: page.evaluate("window.bench.at"), "the row changed", seconds=SHOWN_S)
    return float(page.evaluate("window.bench.at")) / 1000


def _parts(values: Sequence[float], n: int) -> list[Sequence[float]]:
    size = max(1, len(values) // n)
    return [values[start : start + size] for start in range(0, size * n, size)]


def _whole(rounds: Sequence[Round]) -> str:
    took = [sample for each in rounds for sample in each.samples]
    return f"{len(took)} clicks; click to Exited: p50 {quantile(took, 0.5) * 1000:.0f} ms"
