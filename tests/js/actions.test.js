import { useWords } from "/static/js/core/i18n.js";
import { receive } from "/static/js/core/live.js";
import { actions, either, sort } from "/static/js/parts/actions.js";
import { busyRows } from "/static/js/parts/busy.js";
import { read, rowOf } from "/static/js/parts/rows.js";
import { answerWith, equal, listPage, ok, run, test, until } from "./harness.js";

const realFetch = window.fetch;
useWords({
  busy_stop: "Stopping…",
  done_stop: "Stopped %(name)s",
  undo: "Undo",
  kill: "Kill",
  stop: "Stop",
});

const rows = (...pks) => pks.map((pk) => read(rowOf(pk)));
const dialog = () => document.getElementById("dlg");
const sent = (requests) => requests.at(-1).fields.map(([name, value]) => `${name}=${value}`);
const key = (n) => `lab/${String(n).padStart(64, "0")}`;

async function wired() {
  window.fetch = realFetch;
  await listPage(9);
  return actions(busyRows(() => {}));
}

test("stopping one asks nothing, names its host and full id, and carries the token", async () => {
  const { act } = await wired();
  const requests = answerWith(202, { job: 7, url: "/jobs/7/" });
  await act("stop", rows(1));
  equal(requests[0].url, "/containers/act/");
  equal(sent(requests), ["action=stop", `target=${key(1)}`]);
  equal(requests[0].headers["X-CSRFToken"], "token-1");
});

test("stopping several asks first, with the verb focused", async () => {
  const { act } = await wired();
  const requests = answerWith(202, { job: 7 });
  const done = act("stop", rows(1, 2));
  await until(() => dialog().open, "nothing was asked");
  equal(document.activeElement.textContent, "Stop");
  equal(requests.length, 0);
  document.activeElement.click();
  await done;
  equal(sent(requests).length, 4);
  equal(sent(requests).at(-1), "timeout=10");
});

test("removing lists what goes, offers force and volumes, and has Cancel focused", async () => {
  const { act } = await wired();
  const requests = answerWith(202, { job: 7 });
  const done = act("remove", rows(1, 2));
  await until(() => dialog().open);
  equal(document.activeElement.textContent, "cancel");
  equal(dialog().querySelectorAll(".what li").length, 2);
  dialog().querySelector("[name=force]").click();
  dialog().querySelector(".danger").click();
  await done;
  ok(
    sent(requests).includes("force=1") &&
      !sent(requests).some((field) => field.startsWith("volumes")),
  );
});

test("Cancel and Escape send nothing", async () => {
  const { act } = await wired();
  const requests = answerWith(202, { job: 7 });
  const done = act("kill", rows(1));
  await until(() => dialog().open);
  dialog().querySelector(".acts .btn").click();
  await done;
  equal(requests.length, 0);
});

test("kill sends the signal that was chosen", async () => {
  const { act } = await wired();
  const requests = answerWith(202, { job: 7 });
  const done = act("kill", rows(1));
  await until(() => dialog().open);
  dialog().querySelector("select").value = "SIGUSR1";
  dialog().querySelector(".danger").click();
  await done;
  ok(sent(requests).includes("signal=SIGUSR1"));
});

test("a refusal is told in the server's words, and the row is what it was", async () => {
  const { act } = await wired();
  answerWith(409, { title: "Locked", detail: "web-1 is locked", hint: "Ask an administrator" });
  await act("stop", rows(1));
  equal(rowOf(1).querySelector(".st").textContent, "Up 3d");
  ok(document.querySelector(".toast.bad .say").textContent.includes("web-1 is locked"));
});

test("Undo of a stop is a start, offered when the job has succeeded, in whichever order news comes", async () => {
  const { act } = await wired();
  const requests = answerWith(202, (all) => ({ job: 70 + all.length }));
  receive({ t: "job", d: { id: 71, state: "succeeded", target: "web-1", mine: true } });
  await act("stop", rows(1));
  const undo = [...document.querySelectorAll(".toast .btn")].find(
    (one) => one.textContent === "Undo",
  );
  ok(undo, "no Undo");
  undo.click();
  await until(() => requests.length === 2);
  equal(sent(requests)[0], "action=start");
});

test("what cannot be done is sorted out with its reason", async () => {
  await wired();
  rowOf(1).classList.add("stale");
  rowOf(2).dataset.ro = "";
  rowOf(3).dataset.locked = "";
  const groups = sort("remove", rows(1, 2, 3, 4));
  equal(
    ["stale", "readOnly", "locked", "go"].map((name) => groups[name].map((row) => row.name)),
    [["web-1"], ["web-2"], ["web-3"], ["web-4"]],
  );
  equal(sort("start", rows(4)).go.length, 0);
});

test("one key stops what runs and starts what does not", () => {
  equal(either([{ cls: "exited" }, { cls: "running" }], ["stop", "start"]), "stop");
  equal(either([{ cls: "exited" }], ["stop", "start"]), "start");
});

run();
