/** Going to a time: a small form that takes a moment in the zone of the times that are shown. */
import { $ } from "../core/dom.js";
import { placeAt } from "./menu.js";

/** A moment as <input type="datetime-local"> has it. */
export function fieldOf(ms, utc) {
  const date = new Date(utc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}

/** The other way round, in ms since 1970; NaN for an empty field. */
export function momentOf(text, utc) {
  if (!text) return Number.NaN;
  return Date.parse(utc ? `${text}Z` : text);
}

/**
 * @param {{anchor: HTMLElement, isUtc: () => boolean, now: () => number, range: () => number[] | null,
 *   go: (from: number, to: number) => void}} about now: where the view is (ms); range: what is
 *   chosen already; go: `to` is NaN where only a moment was given
 */
export function logWhen({ anchor, isUtc, now, range, go }) {
  const form = $("#log-when");
  const [from, to] = [form.elements.from, form.elements.to];

  function open() {
    const [start, end] = range() ?? [now()];
    from.value = fieldOf(start, isUtc());
    to.value = end === undefined ? "" : fieldOf(end, isUtc());
    $(".zone", form).textContent = isUtc()
      ? "UTC"
      : Intl.DateTimeFormat().resolvedOptions().timeZone;
    form.showPopover();
    placeAt(form, anchor);
    from.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const moment = momentOf(from.value, isUtc());
    if (Number.isNaN(moment)) return;
    form.hidePopover();
    go(moment, momentOf(to.value, isUtc()));
  });
  return { open };
}
