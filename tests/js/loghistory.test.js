import { logHistory } from "/static/js/parts/loghistory.js";
import { placeOf } from "/static/js/parts/logstore.js";
import { LogView } from "/static/js/parts/logview.js";
import { fieldOf, momentOf } from "/static/js/parts/logwhen.js";
import { equal, ok, run, styles, test, until } from "./harness.js";

const START = Date.UTC(2026, 10, 24, 9, 0, 0);
const ID = "f".repeat(64);
const C = `lab/${ID}`;
const stamp = (n) => `${new Date(START + n * 1000).toISOString().slice(0, 19)}.000000000Z`;
let log; // what the engine has: [timestamp, stream, text, cursor] each
let asked;
let stream; // what was done with it
let view;
let past;
let said;

/** Answers as the server does, from `log`. */
async function server(address) {
  const query = new URL(address, location.href).searchParams;
  asked.push(Object.fromEntries(query));
  const count = Number(query.get("lines"));
  const at = (query.get("edge") ?? query.get("line") ?? "").split("@")[1];
  const moment = query.get("at") ?? at;
  const from = log.findIndex(([ts, , , cursor]) =>
    at ? cursor >= at : Date.parse(ts) >= Date.parse(moment),
  );
  const place = from < 0 ? log.length : from;
  let [first, last] = [place - count, place];
  if (query.get("way") === "newer") [first, last] = [place + 1, place + 1 + count];
  if (query.get("way") === "around") [first, last] = [place - count / 2, place + count / 2];
  const body = {
    sources: [{ n: 0, c: C, name: "web", host: "lab", skew_ms: 0 }],
    lines: log
      .slice(Math.max(0, first), last)
      .map(([ts, out, text, cursor]) => [ts, 0, out, text, cursor]),
    first: first <= 0,
    last: last >= log.length,
    unread: [],
  };
  return new Response(JSON.stringify(body));
}

async function prepare() {
  view?.destroy();
  document.body.replaceChildren();
  await styles("pages/logs");
  const root = document.createElement("div");
  root.className = "log one";
  Object.assign(root.style, {
    position: "fixed",
    inset: "0 auto auto 0",
    width: "800px",
    height: "200px",
  });
  document.body.append(root);
  asked = [];
  stream = [];
  said = [];
  log = Array.from({ length: 3000 }, (_, n) => [stamp(n), "out", `line ${n}`, stamp(n)]);
  window.fetch = server;
  view = new LogView(root, {
    label: "Log",
    more: String,
    cap: 2048,
    wants: (what) => past.wants(what),
  });
  past = logHistory(view, {
    containers: [C],
    select: "",
    numberOf: (source) => past.knows(0, source) ?? 0,
    stop: () => stream.push("stop"),
    begin: () => stream.push("begin"),
    goOn: (places) => stream.push(places[0].cursor),
    say: (text) => said.push(text),
  });
  past.knows(0, { c: C, skew_ms: 0 });
}

const pushed = (from, to) =>
  view.push(log.slice(from, to).map(([ts, , text]) => [Date.parse(ts), 0, 0, text, 0]));
const texts = () => view.shownIds().map((id) => view.store.plainText(id));
/** All lines from one to another are held, in order. */
function isWhole(from, to) {
  const found = texts();
  equal([found.length, found[0], found.at(-1)], [to - from, `line ${from}`, `line ${to - 1}`]);
  equal(
    found.findIndex((text, at) => text !== `line ${from + at}`),
    -1,
  );
}

test("older lines come before those that are held, until the log begins", async () => {
  pushed(700, 1000);
  view.setFollowing(false);
  for (const first of [200, 0]) {
    view.wants("older");
    await until(() => view.shownIds().length === 1000 - first);
    isWhole(first, 1000);
  }
  equal(asked[0].edge, `${C}@${stamp(700)}`);
  equal(view.store.isMark(view.store.first), true, "the beginning is told");
  view.wants("older");
  equal(asked.length, 2, "nothing is asked for before the beginning");
  ok(view.isLive);
});

test("the line at the top stays where it is while older ones come", async () => {
  pushed(700, 1000);
  view.setFollowing(false);
  view.holdAt(view.store.first + 20, 5);
  await until(() => view.port.scrollTop > 0);
  const top = view.topId();
  view.wants("older");
  await until(() => view.shownIds().length === 800);
  await until(() => view.port.scrollTop > 500 * 20);
  equal(view.topId(), top);
});

test("what is beyond the room goes at the other end, and comes back on the way down", async () => {
  pushed(952, 3000);
  view.setFollowing(false);
  view.wants("older");
  await until(() => view.store.timestamp(view.store.first) === stamp(452));
  equal(stream, ["stop"]);
  ok(!view.isLive);
  isWhole(452, 2500);
  view.wants("newer");
  await until(() => view.isLive || view.store.timestamp(view.store.next - 1) === stamp(2999));
  equal(stream, ["stop", stamp(2999)], "the stream goes on after the last line");
  ok(view.isLive);
});

test("a moment opens with what is around it, and the end begins anew", async () => {
  pushed(2900, 3000);
  const id = await past.goTo({ at: new Date(START + 1000 * 1000).toISOString() });
  equal(view.store.plainText(id), "line 1000");
  isWhole(500, 1500);
  ok(!view.isFollowing);
  view.setFollowing(true);
  equal(stream.at(-1), "begin");
  ok(view.isFollowing && view.isLive);
  equal(view.store.size, 0);
});

test("a line opens with its surroundings", async () => {
  pushed(2900, 3000);
  const id = await past.goTo({ line: `${C}@${stamp(77)}` });
  equal(view.store.plainText(id), "line 77");
  equal(past.lineOf(id), `${C}@${stamp(77)}`);
});

test("a failure is said, and the next time is tried again", async () => {
  pushed(700, 1000);
  window.fetch = async () =>
    new Response(JSON.stringify({ detail: "lab is down" }), { status: 502 });
  view.wants("older");
  await until(() => said.length);
  ok(said[0]);
  window.fetch = server;
  view.wants("older");
  await until(() => view.shownIds().length === 800);
  equal(said.at(-1), "");
});

test("filters and search hold for older lines, too", async () => {
  pushed(700, 1000);
  view.setPattern(/line \d*99$/u);
  await until(() => !view.search.isScanning);
  view.setOnlyMatches(true);
  view.setFollowing(false);
  equal(texts().length, 3);
  view.wants("older");
  await until(() => texts().length === 8);
  equal(texts()[0], "line 299");
  equal(view.search.count, 8);
});

test("a cursor is kept whole: the line's time, its number in that nanosecond, and whether it goes on", () => {
  for (const cursor of [stamp(1), `${stamp(1)}~7`, `${stamp(1)}~999+`, `${stamp(1)}+`]) {
    view.push([[START + 1000, 0, 0, "x", placeOf(cursor)]]);
    equal(view.store.cursor(view.store.next - 1), cursor);
  }
});

test("a moment in a form is in the zone that is shown", () => {
  equal(fieldOf(START, true), "2026-11-24T09:00:00");
  equal(momentOf("2026-11-24T09:00:00", true), START);
  equal(momentOf(fieldOf(START, false), false), START);
  ok(Number.isNaN(momentOf("", true)));
});

run(prepare);
