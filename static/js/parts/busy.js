/** Verbs under way: shown at once when this person clicked, counted when they take long. */
import { make } from "../core/dom.js";
import { has, t } from "../core/i18n.js";
import { busyText, classOf, markOf, paint, rowOf } from "./rows.js";

const LONG_MS = 10000;
/** A list that was fetched just after a click may not know of the job yet. */
const TRUST_MS = 3000;

/** @param {(pk: string) => void} kill offered where a stop takes long */
export function busyRows(kill) {
  /** @type {Map<string, {verb: string, since: number, before: string[] | null}>} */
  const open = new Map();
  let timer = 0;

  function begin(element, verb) {
    const { pk } = element.dataset;
    const before = [classOf(element), markOf(element), element.children[2].textContent];
    open.set(pk, { verb, since: Date.now(), before });
    show(element, verb);
    watch();
  }

  function show(element, verb) {
    element.dataset.busy = verb;
    paint(element, "busy", "busy", busyText(verb, t("busy_other")));
  }

  /** The server refused: the row is what it was. */
  function undo(pk) {
    const entry = open.get(pk);
    const element = rowOf(pk);
    open.delete(pk);
    if (!entry?.before || !element) return;
    element.dataset.busy = "";
    paint(element, ...entry.before);
  }

  /** Takes note of rows that are busy for any reason, and lets go of those that no longer are. */
  function notice(elements) {
    for (const element of elements) {
      const { pk, busy } = element.dataset;
      const entry = open.get(pk);
      if (busy && entry?.verb !== busy)
        open.set(pk, { verb: busy, since: Date.now(), before: null });
      else if (!busy && entry) open.delete(pk);
    }
    watch();
  }

  /** After the list came anew. */
  function restore(elements) {
    for (const element of elements) {
      const entry = open.get(element.dataset.pk);
      if (entry?.before && !element.dataset.busy && Date.now() - entry.since < TRUST_MS)
        show(element, entry.verb);
      else if (element.dataset.busy) show(element, element.dataset.busy);
    }
    notice(elements);
    tick();
  }

  function tick() {
    for (const [pk, { verb, since }] of open) {
      const element = rowOf(pk);
      if (!element) open.delete(pk);
      else if (Date.now() - since >= LONG_MS)
        showLong(element, verb, Math.round((Date.now() - since) / 1000));
    }
    if (!open.size) {
      clearInterval(timer);
      timer = 0;
    }
  }

  function showLong(element, verb, seconds) {
    const cell = element.children[2];
    const key = has(`still_${verb}`) ? `still_${verb}` : "still_other";
    const text = t(key, { s: String(seconds) });
    if (cell.firstChild?.nodeType === Node.TEXT_NODE) cell.firstChild.data = text;
    else cell.textContent = text;
    if (!["stop", "restart"].includes(verb) || cell.firstElementChild || "ro" in element.dataset)
      return;
    const button = make("button", {
      type: "button",
      className: "btn small danger",
      textContent: t("kill"),
    });
    button.addEventListener("click", () => kill(element.dataset.pk));
    cell.append(button);
  }

  function watch() {
    if (open.size && !timer) timer = setInterval(tick, 1000);
  }

  return { begin, undo, notice, restore, isBusy: (pk) => open.has(pk) };
}
