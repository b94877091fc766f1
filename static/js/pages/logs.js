/** The log of one container or of several, live: what comes, how it is shown, and what is searched in it. */
import { $, $$ } from "../core/dom.js";
import { bytes } from "../core/format.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { readView, writeView } from "../parts/logaddress.js";
import { drawRates, Rates } from "../parts/logcharts.js";
import { drawEnds, logFoot } from "../parts/logfoot.js";
import { logHistory } from "../parts/loghistory.js";
import { logQuery } from "../parts/logquery.js";
import { logSources } from "../parts/logsources.js";
import { stateLine } from "../parts/logstate.js";
import { followLogs } from "../parts/logstream.js";
import { takeLines } from "../parts/logtake.js";
import { LogView } from "../parts/logview.js";
import { logWhen } from "../parts/logwhen.js";

const TAIL = 500; // lines to begin with
const TAIL_EACH = 100; // of several containers
const TIMES = ["local", "utc", "off"];

const root = $("#log");
const { host, name, select = "" } = root.dataset;
const containers = root.dataset.c.split(",").filter(Boolean);
const isMany = name === undefined;
const asked = readView(location.search);
const view = new LogView(root, {
  label: root.getAttribute("aria-label"),
  more: (characters) => t("log_more", { size: bytes(characters) }),
  changed: () => draw(),
  wants: (what) => past.wants(what),
});
const { store } = view;
const button = (which) => $(`[data-log="${which}"]`);
const press = (element, on) => element.setAttribute("aria-pressed", String(Boolean(on)));
const isPressed = (element) => element.getAttribute("aria-pressed") === "true";
const remembered = (key) => localStorage.getItem(`quarterdeck.log.${key}`);
const remember = (key, value) => localStorage.setItem(`quarterdeck.log.${key}`, value);

/* ---- what comes ------------------------------------------------------------------------------ */

const rates = new Rates();
const counts = { received: 0, skipped: 0 };
const state = stateLine($("#log-state"), { host, view, tryAgain: () => follow() });
const sources = isMany
  ? logSources($("#log-sources"), { view, state, hidden: asked.hidden, changed: keepAddress })
  : null;
const numbers = new Map(); // host/full id -> number in the view
let stream;

function numberOf(source) {
  if (!numbers.has(source.c)) numbers.set(source.c, sources?.add(source) ?? 0);
  past.knows(numbers.get(source.c), source);
  return numbers.get(source.c);
}

/** From the end on; or after these places. */
function follow(places = [], since = "") {
  stream?.close();
  const wanted = { containers, select, tail: isMany ? TAIL_EACH : TAIL, places, since };
  stream = followLogs(wanted, {
    lines(lines, gap) {
      if (gap) missing(lines[0][0], gap);
      counts.received += lines.length;
      state.flows();
      past.spare();
      if (!view.isLive) return; // what reads on later begins after the last line that is held
      view.push(lines);
      for (let id = Math.max(store.first, store.next - lines.length); id < store.next; id += 1)
        rates.add(store.time(id), store.level(id));
    },
    source: numberOf,
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
  if (count > 0) counts.skipped += count;
}

const edge = $("#log-edge");
const past = logHistory(view, {
  containers,
  select,
  numberOf,
  stop: () => stream?.close(),
  begin: () => follow(),
  goOn: follow,
  say(text, detail = "") {
    edge.hidden = !text;
    edge.textContent = detail ? `${text} ${detail}` : text;
  },
});

/* ---- the foot -------------------------------------------------------------------------------- */

function draw() {
  drawEnds(view);
  query.draw();
}

const query = logQuery(view, keepAddress);
const foot = logFoot(view, {
  state,
  counts,
  drawn() {
    draw();
    drawRates($("#log-rates"), rates);
  },
});

/** The address says what is searched and shown. */
function keepAddress() {
  const shown = {
    ...query.asked(),
    only: view.onlyMatches,
    levels: view.levels,
    time: button("time").dataset.time,
    hidden: sources?.hidden(),
  };
  history.replaceState(history.state, "", location.pathname + writeView(location.search, shown));
}

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

const when = logWhen({
  anchor: button("when"),
  isUtc: () => view.isUtc,
  now: () => (store.size ? store.time(Math.max(store.first, view.topId())) : Date.now()),
  range: () => null,
  go: (from) => past.goTo({ at: new Date(from).toISOString() }),
});

/* ---- keys and buttons ------------------------------------------------------------------------ */

const deeds = {
  follow: () => view.setFollowing(!view.isFollowing),
  wrap: () => wrap(!view.isWrapped),
  time: () => showTimes(nextTimes()),
  when: when.open,
  only: () => only(!view.onlyMatches),
  case: () => query.toggle("case"),
  regex: () => query.toggle("regex"),
  save: taken.save,
  copy: taken.copy,
  unpick: () => view.picked.clear(),
  read: taken.readOut,
  full: fullScreen,
};

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
  ["/", "search", query.focus],
  ["n", "next", () => view.step(1)],
  ["N", "previous", () => view.step(-1)],
  ["m", "only", deeds.only],
  ["w", "wrap", deeds.wrap],
  ["t", "time", deeds.time],
  ["T", "when", deeds.when],
  ["G", "end", () => view.setFollowing(true)],
  ["Home", "start", () => view.goToStart()],
  ["c", "copy", taken.copy],
  ["F", "full", fullScreen],
  ["Escape", "clear", deeds.unpick],
  ["alt+c", "case", deeds.case],
  ["alt+r", "regex", deeds.regex],
];
for (const [key, label, run] of KEYS) bind(key, t(`key_log_${label}`), run, t("keys_log"));

if (!isMany) view.setNames([name]);
query.begin(asked);
only(asked.only);
for (const chip of $$("[data-level]")) press(chip, (asked.levels >> chip.dataset.level) & 1);
view.setLevels(asked.levels);
showTimes([asked.time, remembered("time")].find((which) => TIMES.includes(which)) ?? "local");
wrap(remembered("wrap") === "1");
follow();
foot.begin();
