import { logFields, read } from "/static/js/parts/logfields.js";
import { clock } from "/static/js/parts/logline.js";
import { logNarrow } from "/static/js/parts/lognarrow.js";
import { secondsCache } from "/static/js/parts/logstream.js";
import { LogView } from "/static/js/parts/logview.js";
import { equal, ok, run, styles, test, until } from "./harness.js";

const LINE = 20;
const START = Date.UTC(2026, 10, 24, 9, 15, 2, 123);
let view;
let start; // id of the first line

/** A view of ten rows, with the stylesheets of the page. */
async function prepare() {
  view?.destroy();
  document.body.replaceChildren();
  document.body.dataset.sprite = "/static/vendor/icons.svg";
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
  view = new LogView(root, { label: "Log", more: (n) => `${n} more`, cap: 1024 });
  start = view.store.first;
}

const lines = (from, to, text = (n) => `line ${n}`) =>
  Array.from({ length: to - from + 1 }, (_, at) => [
    START + from + at,
    (from + at) * 1e6,
    0,
    text(from + at),
  ]);
const painted = () =>
  new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 80))),
  );
const rows = () =>
  [...document.querySelectorAll(".ln:not([hidden])")]
    .map((row) => [row.getBoundingClientRect().top, row])
    .filter(([top]) => top > -LINE && top < 200)
    .sort((a, b) => a[0] - b[0]);
const seen = () => rows().map(([, row]) => row.querySelector(".tx").textContent);
const top = () =>
  rows().map(([y, row]) => [Math.round(y), row.querySelector(".tx").textContent])[0];
const scrollBy = async (px) => {
  view.port.scrollTop += px;
  await painted();
};

test("it follows: the newest line is the last one seen", async () => {
  view.push(lines(1, 300));
  await painted();
  equal(seen().at(-1), "line 300");
  view.push(lines(301, 302));
  await painted();
  equal(seen().at(-1), "line 302");
  ok(document.querySelectorAll(".ln").length < 60, "too many rows in the document");
});

test("it follows on when a line above it comes and goes", async () => {
  view.push(lines(1, 300));
  await painted();
  for (const height of ["150px", "200px", "120px", "200px"]) {
    view.root.style.height = height;
    await painted();
    ok(view.isFollowing, `paused at ${height}`);
    equal(seen().at(-1), "line 300");
  }
});

test("scrolling up pauses; what comes is counted and nothing moves", async () => {
  view.push(lines(1, 300));
  await painted();
  await scrollBy(-1000);
  ok(!view.isFollowing);
  const before = top();
  view.push(lines(301, 340));
  await painted();
  equal(top(), before);
  equal(view.unseen, 40);
});

test("a paused view stays where it is while the oldest lines are let go", async () => {
  view.push(lines(1, 1024));
  await painted();
  await scrollBy(-5000);
  const before = top();
  view.push(lines(1025, 1400));
  await painted();
  equal(view.store.first, start + 512);
  equal(top(), before);
});

test("scrolling back to the end follows again", async () => {
  view.push(lines(1, 300));
  await painted();
  await scrollBy(-1000);
  await scrollBy(10000);
  ok(view.isFollowing);
  equal(view.unseen, 0);
});

test("never more lines than it may hold, nor more characters", async () => {
  view.push(lines(1, 5000));
  ok(view.store.size <= 1024);
  view.store.mostCharacters = 100_000;
  view.push(lines(5001, 5900, (n) => `${n} ${"x".repeat(1000)}`));
  ok(view.store.characters <= 100_000 + 256 * 1005, `${view.store.characters} characters`);
  await painted();
  ok(seen().at(-1).startsWith("5900 "));
});

test("wrapped lines take the rows they need, and the end is still the end", async () => {
  view.push(lines(1, 100, (n) => `${n} ${"word ".repeat(n % 3 ? 2 : 60)}`));
  view.push(lines(101, 120, (n) => `${n} ${"行é✓ ".repeat(60)}`));
  view.setWrap(true);
  await painted();
  await painted();
  const last = rows().at(-1)[1].getBoundingClientRect();
  equal(Math.round(last.bottom), 200);
  for (const [, row] of rows()) equal(row.offsetHeight % LINE, 0);
  const heights = rows().map(([y, row]) => [y, row.offsetHeight]);
  for (let at = 1; at < heights.length; at += 1)
    equal(heights[at][0], heights[at - 1][0] + heights[at - 1][1]);
});

test("switching wrap leaves a paused view at its line", async () => {
  view.push(lines(1, 400, (n) => `line ${n} ${"word ".repeat(n % 40)}`));
  await painted();
  await scrollBy(-3000);
  const [, text] = top();
  view.setWrap(true);
  await painted();
  equal(top()[1], text);
  view.setWrap(false);
  await painted();
  equal(top()[1], text);
});

test("search finds what is not in the document, marks it, and steps through it", async () => {
  view.push(lines(1, 900, (n) => (n % 100 ? `line ${n}` : `\x1b[31mneedle\x1b[0m ${n}`)));
  view.setPattern(/needle \d/iu);
  await until(() => !view.search.isScanning);
  equal(view.search.count, 9);
  await painted();
  view.step(-1);
  await painted();
  ok(seen().includes("needle 800") || seen().includes("needle 900"), seen().join());
  view.step(-1);
  await painted();
  ok(document.querySelector(".ln.at mark"), "no mark in the current line");
  view.push(lines(901, 902, () => "needle 0"));
  equal(view.search.count, 11);
});

test("only matches, only some levels, and back", async () => {
  view.push(lines(1, 200, (n) => (n % 10 ? `info ${n}` : `error ${n}`)));
  view.setLevels(1 << 4);
  await painted();
  equal(view.rows.size, 20);
  equal(seen().at(-1), "error 200");
  view.setLevels(0b11111);
  view.setPattern(/ 1\d\d$/u);
  await until(() => !view.search.isScanning);
  view.setOnlyMatches(true);
  equal(view.rows.size, 100);
  view.push(lines(201, 202));
  equal(view.rows.size, 100);
  view.setOnlyMatches(false);
  equal(view.rows.size, 202);
});

test("a filtered view lets go of old lines, too", async () => {
  view.setLevels(1 << 4);
  view.push(lines(1, 3000, (n) => (n % 10 ? `info ${n}` : `error ${n}`)));
  await painted();
  ok(view.rows.size <= 103 && view.rows.size >= 75, `${view.rows.size} shown`);
  equal(seen().at(-1), "error 3000");
  equal(view.rows.rows, view.rows.size);
});

test("a gap stands where lines are missing and is no line of the log", async () => {
  view.push(lines(1, 3));
  view.mark(START, "7 lines are missing", true);
  view.push(lines(11, 12));
  await painted();
  equal(seen(), ["line 1", "line 2", "line 3", "7 lines are missing", "line 11", "line 12"]);
  ok(document.querySelector(".ln.gap"));
  equal(view.shownIds().length, 5);
  view.setLevels(1 << 4);
  await painted();
  equal(seen(), ["7 lines are missing"]);
});

test("a click picks a line, with Shift a range, and pauses", async () => {
  view.push(lines(1, 8));
  await painted();
  rows()[2][1].click();
  equal(view.picked.ids, [start + 2]);
  ok(!view.isFollowing);
  rows()[5][1].dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
  equal(
    view.picked.ids,
    [2, 3, 4, 5].map((id) => start + id),
  );
  view.picked.clear();
  equal(view.picked.ids, []);
});

test("a JSON line opens as fields under it, and the lines below make room", async () => {
  const chosen = [];
  const fields = logFields(view, (filter) => chosen.push(filter));
  view.fieldsOf = fields.of;
  view.picked.openAt = fields.toggle;
  view.push(lines(1, 1, () => 'app {"level":"warn","user":{"id":7,"tags":["a"]}}'));
  view.push(lines(2, 40));
  view.setFollowing(false);
  view.goToStart();
  await painted();
  rows()[0][1].querySelector(".lb").click();
  await painted();
  const shown = [...document.querySelectorAll(".fv")].map((field) => field.textContent);
  equal(shown, ["+−levelwarn", "+−user.id7", '+−user.tags["a"]']);
  equal(rows()[1][0] - rows()[0][0], 5 * LINE);
  document.querySelectorAll(".fv button")[3].click();
  equal(chosen, [{ name: "user.id", value: "7", isNot: true }]);
  view.setWrap(true);
  await painted();
  equal(rows()[1][0] - rows()[0][0], 5 * LINE);
  fields.toggle(start);
  await painted();
  equal(rows()[1][0] - rows()[0][0], LINE);
  equal(view.rows.rows, 40);
  equal(fields.toggle(start + 1), false, "no JSON, no fields");
});

test("fields and a range of time narrow what is shown, each with a chip that lets go of it", async () => {
  const box = document.createElement("div");
  let changes = 0;
  const changed = () => {
    changes += 1;
  };
  const narrow = logNarrow(view, box, { filters: [read("user=7")], range: null, changed });
  narrow.apply();
  view.push(lines(1, 100, (n) => `{"n":${n},"user":${n % 10}}`));
  equal(view.rows.size, 10);
  narrow.add({ name: "n", value: "17", isNot: true });
  equal(view.rows.size, 9);
  narrow.setRange([START + 1, START + 40]);
  equal(
    view.shownIds().map((id) => id - start + 1),
    [7, 27, 37],
  );
  equal(narrow.asked().fields, ["user=7", "-n=17"]);
  for (const wanted of [2, 1, 0]) {
    box.firstChild.click();
    equal(box.children.length, wanted);
  }
  equal(view.rows.size, 100);
  equal(changes, 5);
});

test("lines are picked with the keyboard, and seen", async () => {
  view.push(lines(1, 100));
  view.mark(START, "a note");
  view.goToStart();
  await painted();
  view.picked.move(1);
  equal(view.picked.ids, [start]);
  for (let n = 0; n < 99; n += 1) view.picked.move(1);
  view.picked.move(1);
  equal(view.picked.ids, [start + 99], "a note is not a line");
  await painted();
  ok(document.querySelector(".ln.pick").getBoundingClientRect().bottom <= 200);
  for (let n = 0; n < 30; n += 1) view.picked.move(-1);
  await painted();
  ok(document.querySelector(".ln.pick").getBoundingClientRect().top >= 0);
});

test("hostile text is text", async () => {
  view.push(
    lines(1, 1, () => '<img src=x onerror="alert(1)"><script>1</script>\x1b]8;;javascript:1\x07'),
  );
  await painted();
  equal(seen()[0], '<img src=x onerror="alert(1)"><script>1</script>\\x1b]8;;javascript:1\\x07');
  ok(!document.querySelector(".ln img, .ln script, .ln a"));
});

test("a very long line is drawn in part until asked for", async () => {
  view.push(lines(1, 1, () => "x".repeat(40_000)));
  await painted();
  ok(seen()[0].length < 17_000);
  document.querySelector(".ln .more").click();
  await painted();
  equal(seen()[0].length, 40_000);
});

test("times to the nanosecond, in the reader's zone or in UTC", () => {
  const second = secondsCache();
  equal(second("2026-11-24T09:15:02.123456789Z"), [START, 123456789]);
  equal(second("2026-11-24T09:15:02.124000001Z"), [START + 1, 124000001]);
  equal(clock(START, { utc: true }), "09:15:02.123");
  equal(clock(START, { utc: true, short: true }), "09:15:02");
  view.push([[START, 123456789, 0, "x"]]);
  equal(view.store.timestamp(start), "2026-11-24T09:15:02.123456789Z");
});

run(prepare);
