/** The foot of a log view: what comes, how much is held, what was skipped and picked; its two pictures. */
import { $, $$ } from "../core/dom.js";
import { number, t } from "../core/i18n.js";
import { drawRuler } from "./logcharts.js";

const FOOT_MS = 500;

/** How many lines a second are written. What comes at once, and is of an hour, took an hour. */
export class Pace {
  constructor(now = performance.now()) {
    this.begin(now);
  }

  begin(now) {
    this.since = now;
    this.lines = 0;
    this.first = Number.POSITIVE_INFINITY;
    this.last = Number.NEGATIVE_INFINITY;
  }

  /** @param {[number][]} lines each begins with its time, in ms */
  add(lines) {
    this.lines += lines.length;
    for (const [time] of lines) {
      this.first = Math.min(this.first, time);
      this.last = Math.max(this.last, time);
    }
  }

  /** @returns {number} since it was asked last */
  perSecond(now = performance.now()) {
    const lasted = Math.max(now - this.since, this.lines ? this.last - this.first : 0);
    const rate = Math.round((this.lines / lasted) * 1000);
    this.begin(now);
    return rate;
  }
}

/**
 * @param {import("./logview.js").LogView} view
 * @param {{state: ReturnType<import("./logstate.js").stateLine>, pace: Pace,
 *   counts: {skipped: number}, drawn: () => void}} about drawn: called each time
 */
export function logFoot(view, { state, pace, counts, drawn }) {
  const { store } = view;

  function draw() {
    const rate = pace.perSecond();
    const word = view.isFollowing ? t("log_following") : t("log_paused");
    const isOn = state.isConnected() || !view.isLive;
    $("#log-rate").dataset.s = isOn && view.isFollowing ? "on" : "wait";
    const flow = view.isLive ? t("log_rate", { n: rate }) : t("log_earlier");
    $("#log-rate").textContent = isOn ? `${word} · ${flow}` : t("log_connecting");
    $("#log-rate").hidden = state.isShown(); // that line says it better
    $("#log-held").textContent = t("log_held", { n: store.counts.reduce((a, b) => a + b) });
    $("#log-skipped").hidden = !counts.skipped;
    if (counts.skipped) $("#log-skipped").textContent = t("log_skipped", { n: counts.skipped });
    for (const chip of $$("[data-level]"))
      $("b", chip).textContent = number(store.counts[chip.dataset.level]);
    const isEmpty = isOn && !store.size && !state.isShown();
    $("#log-none").hidden = !isEmpty;
    if (isEmpty) $("#log-none").textContent = t("log_none");
    drawn();
    drawRuler($("#log-ruler"), view);
  }

  return {
    begin() {
      $("#log-cap").textContent = `/ ${number(store.cap)}`;
      $("#log-held").parentElement.title = t("log_most", { most: number(store.cap) });
      setInterval(draw, FOOT_MS);
      draw();
    },
  };
}

/** The button that leads to the end, and how many lines are picked. */
export function drawEnds(view) {
  const jump = $("#log-jump");
  jump.hidden = view.isFollowing;
  jump.textContent = `↓ ${view.unseen && view.isLive ? t("log_new", { n: view.unseen }) : t("log_jump")}`;
  const count = view.picked.ids.length;
  $("#log-picked").hidden = !count;
  if (count) $("#log-picked .n").textContent = t("log_picked", { n: count });
}
