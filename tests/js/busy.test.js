import { useWords } from "/static/js/core/i18n.js";
import { busyRows } from "/static/js/parts/busy.js";
import { patch, rowOf } from "/static/js/parts/rows.js";
import { equal, listPage, ok, run, test, until } from "./harness.js";

useWords({
  busy_stop: "Stopping…",
  busy_other: "Working…",
  still_stop: "Still stopping… %(s)s s",
  kill: "Kill",
});

const state = (pk) => rowOf(pk).querySelector(".st").textContent;
const realNow = Date.now;

test("a click shows at once, before any answer", async () => {
  await listPage(3);
  busyRows(() => {}).begin(rowOf(1), "stop");
  equal(state(1), "Stopping…");
  equal(rowOf(1).querySelector(".g").className, "g g-busy");
});

test("a refusal gives the row back as it was", async () => {
  await listPage(3);
  const busy = busyRows(() => {});
  const before = rowOf(1).outerHTML;
  busy.begin(rowOf(1), "stop");
  busy.undo("1");
  equal(rowOf(1).outerHTML, before);
});

test("after ten seconds it says so and offers Kill, until the engine has spoken", async () => {
  await listPage(3);
  const killed = [];
  const busy = busyRows((pk) => killed.push(pk));
  busy.begin(rowOf(3), "stop");
  Date.now = () => realNow() + 12000;
  await until(() => rowOf(3).querySelector(".st button"), "Kill was not offered");
  Date.now = realNow;
  ok(state(3).startsWith("Still stopping… 1"), state(3));
  rowOf(3).querySelector(".st button").click();
  equal(killed, ["3"]);
  patch([3, "exited", "exited", "Exited (137) · 1s", "", ""]);
  busy.notice([rowOf(3)]);
  equal([state(3), busy.isBusy("3")], ["Exited (137) · 1s", false]);
});

test("a verb that somebody else began is counted too", async () => {
  await listPage(3);
  const busy = busyRows(() => {});
  patch([2, "running", "running", "Up 3d", "stop", ""]);
  busy.notice([rowOf(2)]);
  ok(busy.isBusy("2"));
});

test("a list fetched before the job was known still shows it", async () => {
  await listPage(3);
  const busy = busyRows(() => {});
  busy.begin(rowOf(1), "stop");
  await listPage(3);
  busy.restore([rowOf(1)]);
  equal(state(1), "Stopping…");
});

run();
