/** Searches whole logs on the server: what is found comes as it is found, and can be stopped. */
import { $, $$, make } from "../core/dom.js";
import { bytes } from "../core/format.js";
import { t } from "../core/i18n.js";
import { isSpecial, plain } from "../parts/ansi.js";
import { ndjson, searchAddress } from "../parts/logfind.js";
import { clock } from "../parts/logline.js";

const MOST_DRAWN = 1000; // lines
const DRAWN = 4096; // characters of a line

const panel = $("#log-whole");
const list = $("ol", panel);
const status = $("#log-whole-said");
const pressed = (which) => $(`[data-log="${which}"]`).getAttribute("aria-pressed") === "true";
let running = null;

function address() {
  const { c, select = "" } = $("#log").dataset;
  const levels = $$("[data-level]").filter((chip) => chip.getAttribute("aria-pressed") === "true");
  return searchAddress({
    containers: c.split(",").filter(Boolean),
    select,
    q: $("#log-q").value,
    regex: pressed("regex"),
    case: pressed("case"),
    levels: levels.map((chip) => Number(chip.dataset.level)),
    since: new URLSearchParams(location.search).get("since") ?? "",
    until: new URLSearchParams(location.search).get("until") ?? "",
  });
}

/** Not every line, which the server would refuse. */
const isAsked = () =>
  $("#log-q").value !== "" || $$("[data-level][aria-pressed=false]").length > 0;

async function search() {
  stop();
  const search = new AbortController();
  running = search;
  panel.hidden = false;
  list.replaceChildren();
  $("#log-whole-stop").hidden = !isAsked();
  say(isAsked() ? t("log_whole_begins") : t("log_whole_what"));
  if (!isAsked()) return;
  try {
    const answer = await fetch(address(), { signal: search.signal });
    if (answer.ok) await read(answer.body, search);
    else refused(await answer.json().catch(() => null));
  } catch {
    if (running === search) say(t("log_whole_broken"), true);
  }
  if (running !== search) return;
  running = null;
  $("#log-whole-stop").hidden = true;
}

function refused(problem) {
  say(problem?.errors?.[0]?.message ?? problem?.detail ?? t("log_whole_broken"), true);
}

async function read(body, search) {
  const names = [];
  const paths = []; // host/full id
  const found = { hits: 0, isEnded: false, failed: "" };
  for await (const message of ndjson(body)) {
    if (running !== search) return;
    if (message.t === "source") {
      names[message.n] = message.name;
      paths[message.n] = message.c;
    } else if (message.t === "hit") hit(message, names, paths[message.n], found);
    else if (message.t === "error") found.failed ||= `${names[message.n]}: ${message.detail}`;
    else if (message.t === "progress") {
      const { hits, of, done } = message;
      say(t("log_whole_progress", { hits, of, done, size: bytes(message.bytes) }));
    } else if (message.t === "end") ended(message, found);
  }
  if (!found.isEnded && running === search) say(t("log_whole_broken"), true);
}

function hit({ n, ts, text }, names, path, found) {
  found.hits += 1;
  if (found.hits > MOST_DRAWN) return;
  const shown = isSpecial(text) ? plain(text) : text;
  const time = make("time", { dateTime: ts, title: ts, textContent: clock(Date.parse(ts)) });
  const day = make("span", { className: "dim", textContent: ts.slice(0, 10) });
  const name = make("b", { textContent: names.length > 1 ? names[n] : "" });
  const line = `${path}@${ts}`;
  const link = make("a", {
    href: `?${new URLSearchParams({ line })}`,
    title: t("log_whole_open"),
  });
  link.append(day, time, name, make("span", { textContent: shown.slice(0, DRAWN) }));
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("log:line", { detail: line }));
  });
  list.append(make("li", {}, link));
}

function ended({ hits, cut, bytes: size }, found) {
  found.isEnded = true;
  const parts = [t("log_whole_end", { hits, size: bytes(size) })];
  if (hits > MOST_DRAWN) parts.push(t("log_whole_first", { most: MOST_DRAWN }));
  if (cut) parts.push(t("log_whole_cut"));
  if (found.failed) parts.push(found.failed);
  say(parts.join(" "), Boolean(cut || found.failed));
}

function say(text, isBad = false) {
  status.textContent = text;
  status.classList.toggle("warn", isBad);
}

function stop() {
  running?.abort();
  running = null;
  $("#log-whole-stop").hidden = true;
}

$("#log-whole-go").addEventListener("click", search);
$("#log-whole-stop").addEventListener("click", () => {
  stop();
  say(t("log_whole_stopped", { hits: list.childElementCount }));
});
$("#log-whole-close").addEventListener("click", () => {
  stop();
  panel.hidden = true;
  $("#log-whole-go").focus();
});
