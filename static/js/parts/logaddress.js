/** What is searched and how lines are shown, in the page's address: it can be bookmarked and sent. */

const NAMES = ["other", "debug", "info", "warn", "error"]; // by level
const ALL = (1 << NAMES.length) - 1;

/**
 * @param {string} query of an address
 * @returns {{q: string, regex: boolean, case: boolean, only: boolean, levels: number, time: string}}
 *   levels: a bit each; time: "" where the address does not say
 */
export function readView(query) {
  const asked = new URLSearchParams(query);
  let levels = 0;
  for (const name of (asked.get("level") ?? "").split(","))
    if (NAMES.includes(name)) levels |= 1 << NAMES.indexOf(name);
  return {
    q: asked.get("q") ?? "",
    regex: asked.get("re") === "1",
    case: asked.get("case") === "1",
    only: asked.get("only") === "1",
    levels: levels || ALL,
    time: asked.get("time") ?? "",
  };
}

/** The query of an address with this view; what others put there stays. */
export function writeView(query, view) {
  const asked = new URLSearchParams(query);
  const put = (name, value) => (value ? asked.set(name, value) : asked.delete(name));
  put("q", view.q);
  put("re", view.regex ? "1" : "");
  put("case", view.case ? "1" : "");
  put("only", view.only ? "1" : "");
  const shown = NAMES.filter((_name, level) => (view.levels >> level) & 1);
  put("level", shown.length === NAMES.length ? "" : shown.reverse().join(",") || "none");
  put("time", view.time === "local" ? "" : view.time);
  const text = asked.toString().replaceAll("%2C", ",");
  return text && `?${text}`;
}
