/** What narrows a log view besides levels and sources: fields of JSON lines and a range of time. */
import { icon, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { hasFields, written } from "./logfields.js";
import { clock } from "./logline.js";

const SIMPLE = /^[\w .:-]+$/u; // written in JSON as it is

/**
 * @param {import("./logview.js").LogView} view
 * @param {HTMLElement} box takes a chip for each
 * @param {{filters: {name: string, value: string, isNot: boolean}[], range: number[] | null,
 *   changed: () => void}} about range: from and to in ms since 1970
 */
export function logNarrow(view, box, { filters, range, changed }) {
  const { store } = view;

  function passes(id) {
    const time = store.time(id);
    if (range && (time < range[0] || time > range[1])) return false;
    if (!filters.length) return true;
    const text = store.plainText(id);
    const isOut = ({ value, isNot }) => !isNot && SIMPLE.test(value) && !text.includes(value);
    return !filters.some(isOut) && hasFields(text, filters);
  }

  function chip(text, remove) {
    const label = t("log_narrow_off", { what: text });
    const made = make(
      "button",
      { type: "button", className: "chip", title: label },
      text,
      icon("x"),
    );
    made.setAttribute("aria-label", label);
    made.addEventListener("click", remove);
    return made;
  }

  function apply() {
    const chips = filters.map((filter) =>
      chip(written(filter), () => {
        filters = filters.filter((each) => each !== filter);
        apply();
        changed();
      }),
    );
    if (range) {
      const [from, to] = range.map((time) => clock(time, { utc: view.isUtc, short: true }));
      chips.push(chip(`${from} – ${to}`, () => setRange(null)));
    }
    box.replaceChildren(...chips);
    box.hidden = !chips.length;
    view.setWanted(chips.length ? passes : null);
  }

  function setRange(chosen) {
    range = chosen;
    apply();
    changed();
  }

  return {
    apply,
    setRange,
    range: () => range,
    add(filter) {
      filters = [...filters.filter((each) => written(each) !== written(filter)), filter];
      apply();
      changed();
    },

    /** As an address says it. */
    asked: () => ({
      fields: filters.map(written),
      since: range ? new Date(range[0]).toISOString() : "",
      until: range ? new Date(range[1]).toISOString() : "",
    }),
  };
}
