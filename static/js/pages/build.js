/** A build's page: its steps as they go, and the lines of each as they come. */
import { $, $$, make } from "../core/dom.js";
import { connect } from "../core/socket.js";

const MOST_LINES = 2000; // of one step in the page
const GLYPHS = { running: "busy", succeeded: "healthy", failed: "failed" };
const STEP = /^Step (\d+)\/\d+ : (.*)$/s;
const ENDED = 1000;
const list = $("#steps");
let after = Number(list.dataset.after);
let current = list.children.length;

const row = (n) => $(`[data-n="${n}"]`, list);

function begin(n, text) {
  const made = $("#steptemplate").content.firstElementChild.cloneNode(true);
  made.dataset.n = String(n);
  $("code", made).textContent = text;
  $(".g", made).className = "g g-busy";
  for (const open of $$("details[open]", list)) open.open = false;
  $("details", made).open = true;
  list.append(made);
}

function add(line) {
  const match = STEP.exec(line);
  if (match && Number(match[1]) === current + 1) {
    current += 1;
    if (!row(current)) begin(current, match[2]);
    return;
  }
  const lines = current && $(".lines", row(current));
  if (!lines) return;
  const box = lines.parentElement;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  lines.append(make("li", { textContent: line }));
  if (lines.children.length > MOST_LINES) lines.firstElementChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function patch(job) {
  for (const step of job.detail?.steps ?? []) {
    const found = row(step.n);
    if (!found) continue;
    const stopped = step.state === "running" && job.finished;
    $(".g", found).className = `g g-${stopped ? "exited" : GLYPHS[step.state]}`;
    $(".chip", found).hidden = !step.cached;
    $(".num", found).textContent = step.state === "running" ? "" : `${step.seconds.toFixed(1)} s`;
    if (step.state === "failed") $("details", found).open = true;
  }
}

if (list.dataset.open) {
  let last = null;
  const socket = connect(() => `/ws/jobs/${list.dataset.job}/?after=${after}`, {
    message(said) {
      if (said.t === "job") last = said.d;
      if (said.t === "lines") {
        after = said.next;
        said.d.forEach(add);
      }
      if (last) patch(last);
    },
    closed(code) {
      if (code === ENDED) socket.close();
    },
  });
}
