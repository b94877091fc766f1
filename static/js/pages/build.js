/** A build's page: its steps as they go, the log of each in the log view, and a search in all. */
import { $, $$ } from "../core/dom.js";
import { number, t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { connect } from "../core/socket.js";
import { StepLog } from "../parts/steplog.js";
import { StepSearch } from "../parts/stepsearch.js";

const GLYPHS = { running: "busy", succeeded: "healthy", failed: "failed" };
const STEP = /^Step (\d+)\/\d+ : (.*)$/s;
const ENDED = 1000;
const SEARCH_MS = 90;
const list = $("#steps");
const input = $("#steps-q");
const logs = new Map(); // number of the step → StepLog
let after = Number(list.dataset.after);
let current = list.children.length;

const row = (n) => $(`[data-n="${n}"]`, list);

/* ---- search ---------------------------------------------------------------------------------- */

const search = new StepSearch(() => [...list.children].map((element) => logOf(element)), {
  open(log) {
    const details = log.root.closest("details");
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
  },
  changed: drawHits,
});
let typing = 0;

function drawHits() {
  if (!search.pattern) {
    $("#steps-hits").textContent = "";
    for (const chip of $$(".chip.found", list)) chip.hidden = true;
    return;
  }
  const { count, number: at } = search;
  const of = { at: number(at), all: number(count) };
  $("#steps-hits").textContent = at ? t("build_of", of) : t("build_matches", { n: count });
  for (const [n, log] of logs) {
    const chip = $(".chip.found", row(n));
    chip.hidden = !log.view.search.count;
    chip.textContent = t("build_matches", { n: log.view.search.count });
  }
}

async function find() {
  clearTimeout(typing);
  await search.set(input.value);
}

input.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(find, SEARCH_MS);
});
input.addEventListener("keydown", async (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    if (input.value && !search.pattern) await find();
    search.step(event.shiftKey ? -1 : 1);
  }
  if (event.key === "Escape") {
    input.value = "";
    await find();
  }
});
bind("/", t("build_search"), () => input.focus(), t("build_keys"));
bind("n", t("build_next"), () => search.step(1), t("build_keys"));
bind("N", t("build_previous"), () => search.step(-1), t("build_keys"));

/* ---- the log of each step -------------------------------------------------------------------- */

function logOf(element, isNew = false) {
  const n = Number(element.dataset.n);
  if (!logs.has(n)) {
    const made = new StepLog($(".log", element), {
      url: `/builds/${list.dataset.job}/steps/${n}/`,
      label: $("code", element).textContent,
      isNew,
      changed: drawHits,
    });
    logs.set(n, made);
    search.join(made);
  }
  return logs.get(n);
}

list.addEventListener(
  "toggle",
  (event) => {
    if (event.target.open) logOf(event.target.closest("li")).load();
  },
  { capture: true }, // it does not bubble
);
for (const open of $$("details[open]", list)) logOf(open.closest("li")).load();

/* ---- what comes ------------------------------------------------------------------------------ */

function begin(n, text) {
  const made = $("#steptemplate").content.firstElementChild.cloneNode(true);
  made.dataset.n = String(n);
  $("code", made).textContent = text;
  $(".g", made).className = "g g-busy";
  for (const open of $$("details[open]", list)) open.open = false;
  list.append(made);
  logOf(made, true);
  $("details", made).open = true;
}

/** @param {[number, number, string]} line */
function add(line) {
  const match = STEP.exec(line[2]);
  if (match && Number(match[1]) === current + 1) {
    current += 1;
    if (!row(current)) begin(current, match[2]);
    return;
  }
  logs.get(current)?.take([line]);
}

function patch(job) {
  for (const step of job.detail?.steps ?? []) {
    const found = row(step.n);
    if (!found) continue;
    const stopped = step.state === "running" && job.finished;
    $(".g", found).className = `g g-${stopped ? "exited" : GLYPHS[step.state]}`;
    $(".chip.hit", found).hidden = !step.cached;
    $(".num", found).textContent = step.state === "running" ? "" : `${step.seconds.toFixed(1)} s`;
    if (step.state === "failed") $("details", found).open = true;
  }
}

/* ---- the socket ------------------------------------------------------------------------------ */

if (list.dataset.open) {
  let last = null;
  const socket = connect(() => `/ws/jobs/${list.dataset.job}/?after=${after}`, {
    message(said) {
      if (said.t === "job") last = said.d;
      if (said.t === "lines") {
        after = said.next;
        const first = said.next - said.d.length + 1;
        said.d.forEach((text, index) => {
          add([first + index, Date.now(), text]);
        });
      }
      if (last) patch(last);
    },
    closed(code) {
      if (code === ENDED) socket.close();
    },
  });
}
