/** The log of one container or of several, live: what comes, how it is shown, and what is searched in it. */
import { $ } from "../core/dom.js";
import { bytes } from "../core/format.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { readView, writeView } from "../parts/logaddress.js";
import { Rates } from "../parts/logcharts.js";
import { logFields, read as readField } from "../parts/logfields.js";
import { drawEnds, logFoot, Pace } from "../parts/logfoot.js";
import { logHistogram } from "../parts/loghistogram.js";
import { logHistory } from "../parts/loghistory.js";
import { logLook } from "../parts/loglook.js";
import { logNarrow } from "../parts/lognarrow.js";
import { logQuery } from "../parts/logquery.js";
import { logSave } from "../parts/logsave.js";
import { logSources } from "../parts/logsources.js";
import { stateLine } from "../parts/logstate.js";
import { followLogs } from "../parts/logstream.js";
import { takeLines } from "../parts/logtake.js";
import { LogView } from "../parts/logview.js";
import { logWhen } from "../parts/logwhen.js";

const TAIL = 500; // lines to begin with
const TAIL_EACH = 100; // of several containers

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

/* ---- what comes ------------------------------------------------------------------------------ */

const rates = new Rates();
const pace = new Pace();
const counts = { skipped: 0 };
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
      pace.add(lines);
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

let wasPicked = "";

function draw() {
  drawEnds(view);
  const line = pickedLine();
  if (line !== wasPicked) {
    wasPicked = line;
    keepAddress();
  }
  query.draw();
}

const look = logLook(view, keepAddress);
const query = logQuery(view, keepAddress);
const foot = logFoot(view, {
  state,
  pace,
  counts,
  drawn() {
    draw();
    histogram.draw();
  },
});

/* ---- fields, ranges, a line ------------------------------------------------------------------ */

const between = [asked.since, asked.until].map(Date.parse);
const narrow = logNarrow(view, $("#log-narrow"), {
  filters: asked.fields.map(readField).filter(Boolean),
  range: between.some(Number.isNaN) ? null : between,
  changed: keepAddress,
});
const fields = logFields(view, narrow.add);
view.fieldsOf = fields.of;
view.picked.openAt = fields.toggle;

/** Shows what is from one moment to another; without the other, what is around the moment. */
async function goTo(from, to = Number.NaN) {
  if (Number.isNaN(to)) {
    await past.goTo({ at: new Date(from).toISOString() });
    return;
  }
  view.setFollowing(false);
  const isHeld = store.size && store.time(store.first) < from && (view.isLive || past.holds(to));
  narrow.setRange([from, to]);
  if (isHeld) view.goToStart();
  else await past.goTo({ at: new Date(from).toISOString(), until: to });
}

const histogram = logHistogram($("#log-rates"), {
  view,
  rates,
  choose: goTo,
  goTo,
  say: (text) => {
    $("#log-said").textContent = text;
  },
});

/** How the picked line is named in an address; "": none is picked, or several are. */
const pickedLine = () => (view.picked.isOne ? past.lineOf(view.picked.from, { named: true }) : "");

let opening = asked.line; // a line of which we do not yet know whether it is there

/** A line with what is around it, picked. */
async function showLine(line) {
  const id = await past.goTo({ line });
  opening = "";
  if (id >= 0) view.picked.set(id, id);
}
document.addEventListener("log:line", (event) => showLine(event.detail));

/** The address says what is searched and shown. */
function keepAddress() {
  const shown = {
    ...query.asked(),
    ...narrow.asked(),
    line: pickedLine() || opening,
    ...look.asked(),
    hidden: sources?.hidden(),
  };
  history.replaceState(history.state, "", location.pathname + writeView(location.search, shown));
}

/* ---- how it is shown ------------------------------------------------------------------------- */

const taken = takeLines(view, {
  link: () =>
    new URL(
      location.pathname +
        writeView(location.search, { ...readView(location.search), line: pickedLine() }),
      location.href,
    ).href,
  file: isMany ? "logs" : `${containers[0].split("/")[0]}-${name}`,
  said: $("#log-said"),
});

const fullScreen = () =>
  document.fullscreenElement ? document.exitFullscreen() : $("#tab").requestFullscreen();

const when = logWhen({
  anchor: button("when"),
  isUtc: () => view.isUtc,
  now: () => (store.size ? store.time(Math.max(store.first, view.topId())) : Date.now()),
  range: narrow.range,
  go: goTo,
});

const download = logSave({
  anchor: button("save"),
  isUtc: () => view.isUtc,
  range: narrow.range,
  select,
  sources: () => sources?.all() ?? [{ c: containers[0], label: name, isHidden: false }],
  search: () => ({
    ...query.asked(),
    levels: [0, 1, 2, 3, 4].filter((at) => (view.levels >> at) & 1),
  }),
});

/* ---- keys and buttons ------------------------------------------------------------------------ */

const deeds = {
  follow: () => view.setFollowing(!view.isFollowing),
  wrap: look.wrap,
  time: look.times,
  when: when.open,
  only: look.only,
  case: () => query.toggle("case"),
  regex: () => query.toggle("regex"),
  save: download.open,
  "save-held": taken.save,
  copy: taken.copy,
  link: taken.copyLink,
  unpick: () => view.picked.clear(),
  read: taken.readOut,
  full: fullScreen,
};

$("#tab").addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-log], [data-level]");
  if (pressed?.dataset.level) look.toggleLevel(pressed);
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
  ["j", "down", () => view.picked.move(1)],
  ["k", "up", () => view.picked.move(-1)],
  ["ArrowDown", "down", () => view.picked.move(1)],
  ["ArrowUp", "up", () => view.picked.move(-1)],
  ["Enter", "fields", () => view.picked.isOne && fields.toggle(view.picked.from)],
  ["F", "full", fullScreen],
  ["Escape", "clear", deeds.unpick],
  ["alt+c", "case", deeds.case],
  ["alt+r", "regex", deeds.regex],
];
for (const [key, label, run] of KEYS) bind(key, t(`key_log_${label}`), run, t("keys_log"));

if (!isMany) view.setNames([name]);
query.begin(asked);
look.begin(asked);
narrow.apply();
if (asked.line) showLine(asked.line).then(() => view.isLive && !stream && follow());
else if (narrow.range()) goTo(...narrow.range());
else follow();
foot.begin();
