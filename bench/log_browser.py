"""The log page in a real browser under a flood: nothing skipped, no long task, little memory."""

import time
from pathlib import Path

from playwright.sync_api import Page

from bench.live import watching
from bench.log_live import Feed
from bench.measure import Spread, until
from bench.report import Figure, Row
from bench.site import Site, known
from tests.lab.dockerd import Dockerd

RATE = 5000  # lines a second
HELD = 99_800  # lines: it holds at most some 200 more, and lets go of 256 at once
SEARCHES = 5
MB = 1024 * 1024
# tasks over 50 ms, as browsers tell them (W3C Long Tasks)
TASKS = """
() => {
  window.tasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.tasks.push(entry.duration);
  }).observe({ type: "longtask" });
}
"""
SEARCH = """
(text) => new Promise((done) => {
  const input = document.querySelector("#log-q");
  const hits = document.querySelector("#log-hits");
  const press = (key) => input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("Escape"); // the search before is over, and its hits are gone
  input.value = text;
  const began = performance.now();
  press("Enter");
  const look = () => {
    if (hits.textContent && !hits.textContent.endsWith("…")) done(performance.now() - began);
    else setTimeout(look, 0);
  };
  look();
})
"""


def browser_row(site: Site, docker: Dockerd, folder: Path, seconds: float) -> Row:
    feed = Feed(docker, folder, ["flood"], RATE)
    try:
        with site.api() as api:
            until(lambda: known(api, "running") == 1, "the container is known")
        with watching(site) as page:
            page.goto(f"http://127.0.0.1:{site.port}/h/{site.host()}/c/flood/logs/?time=utc")
            page.locator("#log-rate").get_by_text("Following").wait_for()
            page.evaluate(TASKS)
            feed.run(seconds)
            until(lambda: _held(page) >= min(HELD, feed.each), "the page holds the lines")
            tasks = page.evaluate("window.tasks")
            skipped = 0 if page.locator("#log-skipped").is_hidden() else 1
            heap = _heap_mb(page)
            took = [
                float(page.evaluate(SEARCH, f"trace={number:x}0")) for number in range(SEARCHES)
            ]
            held = _held(page)
    finally:
        feed.close()
        docker.clear()
    return Row(
        f"the log page in Chromium at {RATE} lines/s for {seconds:.0f} s",
        [
            Figure("lines skipped, or not (1, 0)", skipped, 0, unit=""),
            Figure("longest task", max(tasks, default=0.0), 250),
            Figure("heap after collection", heap, 60, unit="MB"),
            Figure(f"search in {held} lines", Spread.of(took).median, 100, spread=Spread.of(took)),
        ],
        baseline="",
        beside=None,
        noise=Spread.of([1.0]),
        notes=[f"{feed.each / seconds:.0f} lines/s came; {len(tasks)} tasks over 50 ms"],
    )


def _held(page: Page) -> int:
    text = page.locator("#log-held").inner_text()
    return int("".join(filter(str.isdigit, text)) or 0)


def _heap_mb(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    time.sleep(0.5)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    found = {each["name"]: each["value"] for each in metrics}
    return float(found["JSHeapUsedSize"]) / MB
