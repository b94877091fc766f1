import { useWords } from "/static/js/core/i18n.js";
import { dismissError, patch, read, rowOf } from "/static/js/parts/rows.js";
import { answerWith, equal, listPage, ok, run, test } from "./harness.js";

useWords({ busy_stop: "Stopping…", dismiss: "Dismiss" });

const exited = (pk) => [pk, "exited", "exited", "Exited (0) · 1s", "", ""];

test("200 states on 1,000 rows change those rows and no other", async () => {
  await listPage(1000);
  const states = Array.from({ length: 200 }, (_, n) => exited(n * 5 + 1));
  const results = states.map((state) => patch(state));
  equal(results.filter((result) => result === "changed").length, 200);
  equal(document.querySelectorAll(".r.s-exited").length, 200);
  equal(document.querySelectorAll(".r.s-running").length, 800);
  equal(rowOf(1).querySelector(".st").textContent, "Exited (0) · 1s");
  ok(rowOf(1).querySelector(".nm .g").className === "g g-exited");
});

test("a row that this page does not have is told, so that the list is fetched", async () => {
  await listPage(3);
  equal(patch(exited(77)), "unknown");
});

test("the same state again is no change", async () => {
  await listPage(3);
  patch(exited(1));
  equal(patch(exited(1)), "same");
});

test("selection and cursor survive a patch", async () => {
  await listPage(3);
  rowOf(2).classList.add("sel", "cur");
  patch(exited(2));
  ok(rowOf(2).matches(".r.sel.cur.s-exited"), rowOf(2).className);
});

test("a verb under way shows in our words", async () => {
  await listPage(3);
  patch([2, "running", "healthy", "Up 3d · healthy", "stop", ""]);
  equal(rowOf(2).querySelector(".st").textContent, "Stopping…");
  ok(rowOf(2).querySelector(".nm .g").className === "g g-busy");
  equal(read(rowOf(2)).busy, "stop");
});

test("the engine's words stay under the row until dismissed, and other words come again", async () => {
  sessionStorage.clear();
  await listPage(3);
  const failed = (error) => [2, "running", "running", "Up 3d", "", error];
  patch(failed("port is already allocated"));
  equal(rowOf(2).querySelector(".er code").textContent, "port is already allocated");
  dismissError(rowOf(2));
  patch(failed("port is already allocated"));
  equal(rowOf(2).querySelectorAll(".er").length, 0);
  patch(failed("no space left on device"));
  equal(rowOf(2).querySelectorAll(".er").length, 1);
  patch(failed(""));
  equal(rowOf(2).querySelectorAll(".er").length, 0);
});

test("an error that is dismissed is noted at the server, by the job that failed", async () => {
  sessionStorage.clear();
  await listPage(3);
  patch([2, "running", "running", "Up 3d", "", "no space"]);
  rowOf(2).querySelector("[data-dismiss]").dataset.dismiss = "41";
  const fetchAsWas = window.fetch;
  const requests = answerWith(204, null);
  dismissError(rowOf(2));
  window.fetch = fetchAsWas;
  equal(
    requests.map(({ url }) => url),
    ["/jobs/41/dismiss/"],
  );
});

test("names, states and errors are text, whatever they hold", async () => {
  await listPage(3);
  const hostile = "<img src=x onerror=alert(1)>";
  patch([2, "running", "running", hostile, "", hostile]);
  equal(document.querySelectorAll("img").length, 0);
  equal(rowOf(2).querySelector(".st").textContent, hostile);
});

test("a record holds what the row says", async () => {
  await listPage(3);
  const { pk, name, host, key, url, cls } = read(rowOf(3));
  equal([pk, name, host, url, cls], ["3", "web-3", "lab", "/h/lab/c/web-3/", "running"]);
  equal(key, `lab/${"3".padStart(64, "0")}`);
});

run();
