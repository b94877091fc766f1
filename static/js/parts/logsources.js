/** The containers whose lines are in one view: a chip each, which shows or hides its lines. */
import { make } from "../core/dom.js";
import { t } from "../core/i18n.js";

const COLOURS = 4; // of .so in logs.css
// what can be done about one that has ended, on which page of the container of its name
const WAYS = {
  replaced: ["logs", "log_follow_new"],
  unreadable: ["inspect", "log_to_driver"],
};

/**
 * @param {HTMLElement} box takes the chips
 * @param {{view: import("./logview.js").LogView, state: ReturnType<import("./logstate.js").stateLine>,
 *   hidden: string[], changed: () => void}} about hidden: host/name each
 */
export function logSources(box, { view, state, hidden, changed }) {
  const all = []; // by their number in the view
  const stalled = new Map(); // number -> what the engine said

  const path = (source) => `${source.c.split("/")[0]}/${source.name}`;

  function names() {
    const count = new Map();
    for (const { name } of all) count.set(name, (count.get(name) ?? 0) + 1);
    return all.map((each) =>
      count.get(each.name) > 1 ? `${each.name} · ${each.host}` : each.name,
    );
  }

  function draw() {
    const labels = names();
    for (const [at, source] of all.entries()) {
      source.chip.setAttribute("aria-pressed", String(!source.isHidden));
      source.chip.lastChild.textContent = labels[at];
    }
    view.setNames(labels);
    view.setHidden(new Set(all.flatMap((each, at) => (each.isHidden ? [at] : []))));
  }

  function toggle(source) {
    source.isHidden = !source.isHidden;
    draw();
    changed();
  }

  function mark(at, word, extra = {}, isWarning = false) {
    const text = t(`log_source_${word}`, { name: all[at].name, ...extra });
    view.mark(Date.parse(extra.at) || Date.now(), text, isWarning);
  }

  function ended(message, at) {
    const source = all[at];
    const isNew = source.ended !== message.reason; // a reconnect hears of it again
    source.ended = message.reason;
    source.chip.classList.add("off");
    if (!isNew) return;
    const { code, detail } = message;
    const words = { code: code ?? "?", detail: detail ?? "", at: message.at };
    mark(at, message.reason, words, message.reason === "unreadable");
    if (WAYS[message.reason]) ended.last = { source, words, reason: message.reason };
    tell();
  }

  /** What the view as a whole suffers from, and what can be done about it. */
  function tell() {
    const { last } = ended;
    if (stalled.size) {
      const hosts = [...new Set([...stalled.keys()].map((at) => all[at].host))].join(", ");
      const detail = [...stalled.values()].find(Boolean) ?? "";
      const way = { kind: "bad", detail, url: "/hosts/", label: t("log_to_host") };
      state.say(t("log_stalled", { host: hosts }), way);
    } else if (last) {
      const [page, label] = WAYS[last.reason];
      const text = t(`log_source_${last.reason}`, { name: last.source.name, ...last.words });
      state.say(text, {
        url: `/h/${path(last.source).replace("/", "/c/")}/${page}/`,
        label: t(label),
      });
    } else state.say();
  }

  return {
    names,
    all: () => all.map(({ c, isHidden }, at) => ({ c, isHidden, label: names()[at] })),
    /** Host and name of each that is hidden, for the address; what has not come yet included. */
    hidden() {
      const known = new Set(all.map(path));
      const others = hidden.filter((each) => !known.has(each));
      return [...all.filter((each) => each.isHidden).map(path), ...others];
    },

    /** One more container; answers its number in the view. */
    add({ c, name, host }) {
      const at = all.length;
      const chip = make(
        "button",
        { type: "button", className: `chip src s${at % COLOURS}`, title: host },
        make("i", { className: "sw" }),
        make("span"),
      );
      const source = { c, name, host, chip, isHidden: false, ended: "" };
      source.isHidden = hidden.includes(path(source));
      chip.addEventListener("click", () => toggle(source));
      all.push(source);
      box.append(chip);
      draw();
      return at;
    },

    told(message, at) {
      if (message.t === "selection") {
        const { matching, most } = message;
        if (!matching && !all.length) state.say(t("log_sources_none"));
        else if (matching > most) state.say(t("log_sources_most", { matching, most }));
        else tell();
      } else if (message.t === "missing") {
        view.mark(Date.now(), t("log_source_missing", { name: message.c }), true);
      } else if (message.t === "stalled") {
        stalled.set(at, message.detail);
        tell();
      } else if (message.t === "resumed") {
        if (all[at].ended) mark(at, "started");
        all[at].ended = "";
        all[at].chip.classList.remove("off");
        if (stalled.delete(at)) tell();
      } else if (message.t === "end") ended(message, at);
    },

    /** A new connection: what stalls is told again. */
    anew: () => stalled.clear(),
  };
}
