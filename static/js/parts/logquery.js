/** The search box of a log view: words or a pattern over the lines that are held. */
import { $ } from "../core/dom.js";
import { number, t } from "../core/i18n.js";

const SEARCH_MS = 90;
const button = (which) => $(`[data-log="${which}"]`);
const isPressed = (which) => button(which).getAttribute("aria-pressed") === "true";

/**
 * @param {import("./logview.js").LogView} view
 * @param {() => void} changed what is searched is different now
 */
export function logQuery(view, changed) {
  const input = $("#log-q");
  const hits = $("#log-hits");
  let searching = 0;

  function search() {
    const text = isPressed("regex")
      ? input.value
      : input.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    let pattern = null;
    input.setAttribute("aria-invalid", "false");
    try {
      if (text) pattern = new RegExp(text, isPressed("case") ? "u" : "iu");
    } catch {
      input.setAttribute("aria-invalid", "true");
      hits.textContent = t("log_bad_pattern");
      return;
    }
    view.setPattern(pattern);
    changed();
  }

  function press(which, on) {
    button(which).setAttribute("aria-pressed", String(on));
  }

  function toggle(which) {
    press(which, !isPressed(which));
    search();
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
      toggle(event.key === "c" ? "case" : "regex");
    }
    if (event.key === "Escape") {
      input.value = "";
      search();
      view.port.focus();
    }
  });

  return {
    toggle,
    focus: () => input.focus() ?? input.select(),
    /** As an address says it. */
    asked: () => ({ q: input.value, regex: isPressed("regex"), case: isPressed("case") }),
    begin(asked) {
      input.value = asked.q;
      press("case", asked.case);
      press("regex", asked.regex);
      if (asked.q) search();
    },

    draw() {
      const { pattern, count, number: at, isScanning } = view.search;
      let text = "";
      if (pattern && at) text = t("log_of", { at: number(at), all: number(count) });
      else if (pattern) text = t("log_matches", { n: count }) + (isScanning ? "…" : "");
      if (!input.matches("[aria-invalid=true]")) hits.textContent = text;
    },
  };
}
