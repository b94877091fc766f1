/** How the lines of a log are shown: wrapped, with which times, only matches, of which levels. */
import { $, $$ } from "../core/dom.js";
import { t } from "../core/i18n.js";

const TIMES = ["local", "utc", "off"];
const button = (which) => $(`[data-log="${which}"]`);
const press = (element, on) => element.setAttribute("aria-pressed", String(Boolean(on)));
const isPressed = (element) => element.getAttribute("aria-pressed") === "true";
const remembered = (key) => localStorage.getItem(`quarterdeck.log.${key}`);
const remember = (key, value) => localStorage.setItem(`quarterdeck.log.${key}`, value);

/**
 * @param {import("./logview.js").LogView} view
 * @param {() => void} changed what an address says is different now
 */
export function logLook(view, changed) {
  function wrap(on) {
    view.setWrap(on);
    press(button("wrap"), on);
    remember("wrap", on ? "1" : "");
  }

  function times(which) {
    view.setTime({ utc: which === "utc", hidden: which === "off" });
    $("span", button("time")).textContent = t(`log_time_${which}`);
    button("time").dataset.time = which;
    remember("time", which);
    changed();
  }

  function only(on) {
    press(button("only"), on);
    view.setOnlyMatches(on);
    changed();
  }

  return {
    wrap: () => wrap(!view.isWrapped),
    times: () => times(TIMES[(TIMES.indexOf(button("time").dataset.time) + 1) % TIMES.length]),
    only: () => only(!view.onlyMatches),
    toggleLevel(chip) {
      press(chip, !isPressed(chip));
      let levels = 0;
      for (const each of $$("[data-level]"))
        if (isPressed(each)) levels |= 1 << each.dataset.level;
      view.setLevels(levels);
      changed();
    },

    /** As an address says it. */
    asked: () => ({
      only: view.onlyMatches,
      levels: view.levels,
      time: button("time").dataset.time,
    }),
    begin(asked) {
      only(asked.only);
      for (const chip of $$("[data-level]")) press(chip, (asked.levels >> chip.dataset.level) & 1);
      view.setLevels(asked.levels);
      times([asked.time, remembered("time")].find((which) => TIMES.includes(which)) ?? "local");
      wrap(remembered("wrap") === "1");
    },
  };
}
