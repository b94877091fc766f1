/** The log of one container or of several, live: what comes, how it is shown, and what is searched in it. */
import { $, $$ } from "../core/dom.js";
import { bytes } from "../core/format.js";
import { number, t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { readView, writeView } from "../parts/logaddress.js";
import { drawRates, drawRuler, Rates } from "../parts/logcharts.js";
import { logSources } from "../parts/logsources.js";
import { stateLine } from "../parts/logstate.js";
import { followLogs } from "../parts/logstream.js";
import { takeLines } from "../parts/logtake.js";
import { LogView } from "../parts/logview.js";

const TAIL = 500; // lines to begin with
const TAIL_EACH = 100; // of several containers
const FOOT_MS = 500;
const SEARCH_MS = 90;
const TIMES = ["local", "utc", "off"];

const root = $("#log");
const { host, name, select } = root.dataset;
const containers = root.dataset.c.split(",").filter(Boolean);
const isMany = name === undefined;
const asked = readView(location.search);
const view = new LogView(root, {
  label: root.getAttribute("aria-label"),
  more: (characters) => t("log_more", { size: bytes(characters) }),
  changed: () => draw(),
});
const { store } = view;
const button = (which) => $(`[data-log="${which}"]`);
const press = (element, on) => element.setAttribute("aria-pressed", String(Boolean(on)));
const isPressed = (element) => element.getAttribute("aria-pressed") === "true";
const remembered = (key) => localStorage.getItem(`quarterdeck.log.${key}`);
const remember = (key, value) => localStorage.setItem(`quarterdeck.log.${key}`, value);

/* ---- what comes ------------------------------------------------------------------------------ */

const rates = new Rates();
let received = 0;
let skipped = 0;
const state = stateLine($("#log-state"), { host, view, tryAgain: () => follow() });
const sources = isMany
  ? logSources($("#log-sources"), { view, state, hidden: asked.hidden, changed: keepAddress })
  : null;
let stream;

function follow() {
  stream?.close();
  const wanted = { containers, select, tail: isMany ? TAIL_EACH : TAIL };
  stream = followLogs(wanted, {
    lines(lines, gap) {
      if (gap) missing(lines[0][0], gap);
      received += lines.length;
      state.flows();
      view.push(lines);
      for (let id = Math.max(store.first, store.next - lines.length); id < store.next; id += 1)
        rates.add(store.time(id), store.level(id));
    },
    source: (message) => sources?.add(message) ?? 0,
    told(message, at) {
      if (message.t === "error") refused(message.detail);
      else if (sources) sources.told(message, at);
      else state.told(message);
    },
    state(connection) {
      sources?.anew();
      state.connection(connection);
    },
    closed: state.closed,
  });
}

/** The server takes this address at no time. */
function refused(detail) {
  stream.close();
  state.say(detail, { kind: "bad" });
}

/** Lines are missing before these, and the view says so where they are missing. */
function missing(time, count) {
  view.mark(time, count > 0 ? t("log_gap", { n: count }) : t("log_gap_unknown"), true);
  if (count > 0) skipped += count;
}

/* ---- the foot -------------------------------------------------------------------------------- */

let before = 0;
let beforeAt = performance.now();

function drawFoot() {
  const now = performance.now();
  const rate = Math.round(((received - before) / (now - beforeAt)) * 1000);
  before = received;
  beforeAt = now;
  const word = view.isFollowing ? t("log_following") : t("log_paused");
  const isOn = state.isConnected();
  $("#log-rate").dataset.s = isOn && view.isFollowing ? "on" : "wait";
  $("#log-rate").textContent = isOn
    ? `${word} · ${t("log_rate", { n: rate })}`
    : t("log_connecting");
  $("#log-rate").hidden = state.isShown(); // that line says it better
  $("#log-held").textContent = t("log_held", { n: store.counts.reduce((a, b) => a + b) });
  $("#log-skipped").hidden = !skipped;
  if (skipped) $("#log-skipped").textContent = t("log_skipped", { n: skipped });
  for (const chip of $$("[data-level]"))
    $("b", chip).textContent = number(store.counts[chip.dataset.level]);
  const isEmpty = isOn && !store.size && !state.isShown();
  $("#log-none").hidden = !isEmpty;
  if (isEmpty) $("#log-none").textContent = t("log_none");
  draw();
  drawRates($("#log-rates"), rates);
  drawRuler($("#log-ruler"), view);
}

function draw() {
  press(button("follow"), view.isFollowing);
  const jump = $("#log-jump");
  jump.hidden = view.isFollowing;
  jump.textContent = `↓ ${view.unseen ? t("log_new", { n: view.unseen }) : t("log_jump")}`;
  drawHits();
  const count = view.picked.ids.length;
  $("#log-picked").hidden = !count;
  if (count) $("#log-picked .n").textContent = t("log_picked", { n: count });
}

function drawHits() {
  const { pattern, count, number: at, isScanning } = view.search;
  let text = "";
  if (pattern && at) text = t("log_of", { at: number(at), all: number(count) });
  else if (pattern) text = t("log_matches", { n: count }) + (isScanning ? "…" : "");
  if (!input.matches("[aria-invalid=true]")) $("#log-hits").textContent = text;
}

/* ---- search ---------------------------------------------------------------------------------- */

const input = $("#log-q");
let searching = 0;

function search() {
  const isRegex = isPressed(button("regex"));
  const text = isRegex ? input.value : input.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  let pattern = null;
  input.setAttribute("aria-invalid", "false");
  try {
    if (text) pattern = new RegExp(text, isPressed(button("case")) ? "u" : "iu");
  } catch {
    input.setAttribute("aria-invalid", "true");
    $("#log-hits").textContent = t("log_bad_pattern");
    return;
  }
  view.setPattern(pattern);
  keepAddress();
}

/** The address says what is searched and shown. */
function keepAddress() {
  const shown = {
    q: input.value,
    regex: isPressed(button("regex")),
    case: isPressed(button("case")),
    only: view.onlyMatches,
    levels: view.levels,
    time: button("time").dataset.time,
    hidden: sources?.hidden(),
  };
  history.replaceState(history.state, "", location.pathname + writeView(location.search, shown));
}

input.addEventListener("input", () => {
  clearTimeout(searching);
  searching = setTimeout(search, SEARCH_MS);
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    clearTimeout(searching);
    if (!view.search.pattern) search();
    view.step(event.shiftKey ? -1 : 1);
  }
  // the table of keys does not hear these while somebody types
  if (event.altKey && ["c", "r"].includes(event.key)) {
    event.preventDefault();
    toggleSearch(event.key === "c" ? "case" : "regex");
  }
  if (event.key === "Escape") {
    input.value = "";
    search();
    view.port.focus();
  }
});

/* ---- how it is shown ------------------------------------------------------------------------- */

function wrap(on) {
  view.setWrap(on);
  press(button("wrap"), on);
  remember("wrap", on ? "1" : "");
}

function showTimes(which) {
  view.setTime({ utc: which === "utc", hidden: which === "off" });
  $("span", button("time")).textContent = t(`log_time_${which}`);
  button("time").dataset.time = which;
  remember("time", which);
  keepAddress();
}

const nextTimes = () => TIMES[(TIMES.indexOf(button("time").dataset.time) + 1) % TIMES.length];

function only(on) {
  press(button("only"), on);
  view.setOnlyMatches(on);
  keepAddress();
}

function toggleLevel(chip) {
  press(chip, !isPressed(chip));
  let levels = 0;
  for (const each of $$("[data-level]")) if (isPressed(each)) levels |= 1 << each.dataset.level;
  view.setLevels(levels);
  keepAddress();
}

const taken = takeLines(view, {
  file: isMany ? "logs" : `${containers[0].split("/")[0]}-${name}`,
  said: $("#log-said"),
});

const fullScreen = () =>
  document.fullscreenElement ? document.exitFullscreen() : $("#tab").requestFullscreen();

/* ---- keys and buttons ------------------------------------------------------------------------ */

const deeds = {
  follow: () => view.setFollowing(!view.isFollowing),
  wrap: () => wrap(!view.isWrapped),
  time: () => showTimes(nextTimes()),
  only: () => only(!view.onlyMatches),
  case: () => toggleSearch("case"),
  regex: () => toggleSearch("regex"),
  save: taken.save,
  copy: taken.copy,
  unpick: () => view.picked.clear(),
  read: taken.readOut,
  full: fullScreen,
};

function toggleSearch(which) {
  press(button(which), !isPressed(button(which)));
  search();
}

$("#tab").addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-log], [data-level]");
  if (pressed?.dataset.level) toggleLevel(pressed);
  else if (pressed) deeds[pressed.dataset.log]();
});
$("#log-jump").addEventListener("click", () => {
  view.setFollowing(true);
  view.port.focus();
});
document.addEventListener("selectionchange", () => {
  const selection = getSelection();
  if (!selection.isCollapsed && view.port.contains(selection.anchorNode)) view.setFollowing(false);
});

const KEYS = [
  ["f", "follow", deeds.follow],
  [" ", "follow", deeds.follow],
  ["/", "search", () => input.focus() ?? input.select()],
  ["n", "next", () => view.step(1)],
  ["N", "previous", () => view.step(-1)],
  ["m", "only", deeds.only],
  ["w", "wrap", deeds.wrap],
  ["t", "time", deeds.time],
  ["G", "end", () => view.setFollowing(true)],
  ["Home", "start", () => view.goToStart()],
  ["c", "copy", taken.copy],
  ["F", "full", fullScreen],
  ["Escape", "clear", deeds.unpick],
  ["alt+c", "case", deeds.case],
  ["alt+r", "regex", deeds.regex],
];
for (const [key, label, run] of KEYS) bind(key, t(`key_log_${label}`), run, t("keys_log"));

$("#log-held").title = t("log_most", { most: number(store.cap) });
if (!isMany) view.setNames([name]);
input.value = asked.q;
for (const which of ["case", "regex"]) press(button(which), asked[which]);
only(asked.only);
for (const chip of $$("[data-level]")) press(chip, (asked.levels >> chip.dataset.level) & 1);
view.setLevels(asked.levels);
showTimes([asked.time, remembered("time")].find((which) => TIMES.includes(which)) ?? "local");
if (asked.q) search();
wrap(remembered("wrap") === "1");
follow();
setInterval(drawFoot, FOOT_MS);
drawFoot();
