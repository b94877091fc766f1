import { useWords } from "/static/js/core/i18n.js";
import { onLive, receive, tellJob } from "/static/js/core/live.js";
import { backOffMs, connect } from "/static/js/core/socket.js";
import { equal, ok, run, shell, test, until } from "./harness.js";

useWords({
  job_failed: "Failed: %(target)s",
  job_succeeded: "Done: %(title)s %(target)s",
  view_job: "View job",
});
let fired = [];
window.htmx = {
  trigger: (element, name) => fired.push(`${element.id || element.tagName} ${name}`),
};

function section(kinds) {
  const element = document.createElement("section");
  element.id = kinds.replace(" ", "-");
  element.dataset.live = kinds;
  return element;
}

test("a hint refreshes what shows that kind, at once, and again at most twice a second", async () => {
  shell(section("job"), section("host image"));
  fired = [];
  for (let n = 0; n < 20; n += 1) receive({ t: "hint", k: ["image"] });
  equal(fired, ["host-image live", "BODY live:image"]);
  await until(() => fired.length === 4, "the last hint was lost");
});

test("a reset refreshes everything", async () => {
  shell(section("job"), section("host"));
  fired = [];
  receive({ t: "reset" });
  await until(() => fired.includes("job live") && fired.includes("host live"));
});

test("listeners get what belongs to their type only", () => {
  const seen = [];
  onLive("gone", (pks) => seen.push(...pks));
  receive({ t: "gone", d: [3, 4] });
  receive({ t: "something new", d: [5] });
  equal(seen, [3, 4]);
});

test("a failed job of mine is told with the engine's words; a success is not told twice", () => {
  shell();
  tellJob({ id: 1, state: "succeeded", target: "web", mine: true });
  tellJob({
    id: 2,
    state: "failed",
    target: "db",
    error: "no space left",
    url: "/jobs/2/",
    mine: true,
  });
  tellJob({ id: 3, state: "failed", target: "other", error: "", url: "/jobs/3/", mine: false });
  const toasts = [...document.querySelectorAll(".toast")];
  equal(toasts.length, 1);
  ok(toasts[0].textContent.includes("no space left"));
  equal(toasts[0].querySelector("a").getAttribute("href"), "/jobs/2/");
});

test("a success that took long is told wherever one is, but not on its own page", () => {
  shell();
  const job = { id: 4, state: "succeeded", title: "Pull image", target: "web:1", long: true };
  tellJob({ ...job, url: location.pathname, mine: true });
  equal(document.querySelectorAll(".toast").length, 0);
  tellJob({ ...job, url: "/jobs/4/", mine: true });
  const [told] = document.querySelectorAll(".toast");
  ok(told.textContent.includes("Done: Pull image web:1"));
  equal(told.querySelector("a").getAttribute("href"), "/jobs/4/");
});

test("a result that was told and closed is seen: the tray need not keep it", async () => {
  shell();
  const asked = [];
  const { fetch } = window;
  window.fetch = async (url, options) => {
    asked.push(`${options.method} ${url}`);
    return new Response(null, { status: 204 });
  };
  tellJob({ id: 5, state: "succeeded", target: "web", long: true, url: "/jobs/5/", mine: true });
  equal(asked, []);
  document.querySelector(".toast button").click();
  await until(() => asked.length, "nobody was told that it was seen");
  window.fetch = fetch;
  equal(asked, ["POST /jobs/5/seen/"]);
});

test("the wait doubles from 0.4 s to 15 s, give or take 30 %", () => {
  equal(
    [0, 1, 4, 20].map((n) => Math.round(backOffMs(n, 0.5))),
    [400, 800, 6400, 15000],
  );
  equal([backOffMs(0, 0), backOffMs(20, 1)].map(Math.round), [280, 19500]);
});

/** A WebSocket whose other end is this test. */
class FakeSocket extends EventTarget {
  static made = [];
  readyState = 1;
  sent = [];
  constructor(url) {
    super();
    this.url = url;
    FakeSocket.made.push(this);
  }
  send(text) {
    this.sent.push(text);
  }
  close() {}
}

test("a lost connection comes back by itself and says hello again", async () => {
  window.WebSocket = Object.assign(FakeSocket, { OPEN: 1, CLOSED: 3 });
  const states = [];
  let version = 4;
  connect("/ws/live/", {
    message: () => {},
    state: (one) => states.push(one),
    hello: () => ({ v: version }),
  });
  FakeSocket.made[0].onopen();
  version = 9;
  FakeSocket.made[0].onclose({ code: 1006 });
  await until(() => FakeSocket.made.length === 2, "it did not come back");
  FakeSocket.made[1].onopen();
  equal(states, ["on", "wait", "on"]);
  equal(
    FakeSocket.made.map((one) => one.sent[0]),
    ['{"v":4}', '{"v":9}'],
  );
});

test("signed out is the end: no further attempt", () => {
  FakeSocket.made.length = 0;
  const codes = [];
  connect("/ws/live/", { message: () => {}, closed: (code) => codes.push(code) });
  FakeSocket.made[0].onclose({ code: 4401 });
  dispatchEvent(new Event("online"));
  equal([codes, FakeSocket.made.length], [[4401], 1]);
});

run();
