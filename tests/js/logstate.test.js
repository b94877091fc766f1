import { useWords } from "/static/js/core/i18n.js";
import { logSources } from "/static/js/parts/logsources.js";
import { stateLine } from "/static/js/parts/logstate.js";
import { equal, ok, run, test, until } from "./harness.js";

// each word shows itself, and what it is given
useWords(
  new Proxy(
    {},
    {
      has: () => true,
      get: (_, key) => `${String(key)} %(name)s %(host)s %(code)s`,
    },
  ),
);

let line;
let state;
let marks;
let view;

function prepare() {
  document.body.replaceChildren();
  line = document.createElement("p");
  line.append(document.createElement("span"), document.createElement("span"));
  line.hidden = true;
  document.body.append(line);
  marks = [];
  view = {
    mark: (time, text, isWarning = false) => marks.push([time, text, isWarning]),
    setNames() {},
    setHidden() {},
  };
  state = stateLine(line, { host: "lab", view, tryAgain() {} });
}

const said = () => (line.hidden ? "" : line.firstChild.textContent.split(" ")[0]);
const way = () => line.lastChild.firstChild?.getAttribute("href") ?? "";
const at = "2026-11-24T09:15:02.000Z";

test("each end of one log is said in one line, with what can be done about it", () => {
  const page = location.pathname;
  const ends = {
    exited: ["log_exited", page],
    removed: ["log_removed", "/containers/"],
    replaced: ["log_replaced", page],
    unreadable: ["log_unreadable", page],
  };
  for (const [reason, [word, url]] of Object.entries(ends)) {
    state.told({ t: "end", reason, code: 3, at, detail: "no driver" });
    equal(said(), word);
    ok(way().startsWith(url), `${reason}: ${way()}`);
    ok(line.lastChild.textContent, `${reason} has no words for what to do`);
  }
});

test("an engine that hangs is named, with its own words, until it goes on", () => {
  state.told({ t: "stalled", detail: "no answer within 3 s" });
  equal([said(), way()], ["log_stalled", "/hosts/"]);
  ok(line.textContent.includes("lab"));
  ok(line.querySelector("code").textContent === "no answer within 3 s");
  state.told({ t: "resumed" });
  equal(said(), "");
});

test("an end is marked in the lines once, and a new start after it", () => {
  const end = { t: "end", reason: "exited", code: 3, at };
  state.told(end);
  state.connection("wait");
  state.connection("on");
  state.told(end); // a new connection hears of it again
  equal(marks.length, 1);
  equal(marks[0][0], Date.parse(at));
  state.told({ t: "resumed" });
  equal(marks.length, 2);
  equal(said(), "");
});

test("who may not see the host any more is told so, and nothing else", async () => {
  state.closed(4403);
  equal([said(), way()], ["log_refused", "/containers/"]);
  state.told({ t: "stalled", detail: "" });
  equal(said(), "log_refused");
  state.closed(4404);
  await until(() => said() === "log_unknown");
});

test("of several logs one is named that has ended, and the host that hangs before it", () => {
  const box = document.createElement("div");
  document.body.append(box);
  const sources = logSources(box, { view, state, hidden: [], changed() {} });
  for (const name of ["web", "db"]) sources.add({ c: `lab/${name}1`, name, host: "lab" });
  sources.told({ t: "end", reason: "exited", code: 1, at }, 0);
  equal(said(), ""); // it is in the lines, and goes on there
  sources.told({ t: "end", reason: "replaced" }, 1);
  equal([said(), way()], ["log_source_replaced", "/h/lab/c/db/logs/"]);
  ok(line.textContent.includes("db"));
  sources.told({ t: "stalled", detail: "" }, 0);
  equal([said(), way()], ["log_stalled", "/hosts/"]);
  sources.told({ t: "resumed" }, 0);
  equal(said(), "log_source_replaced");
  sources.told({ t: "end", reason: "unreadable", detail: "journald" }, 0);
  equal([said(), way()], ["log_source_unreadable", "/h/lab/c/web/inspect/"]);
  equal(marks.length, 4);
});

run(prepare);
