/** What is searched and how lines are shown, in the page's address: it can be bookmarked and sent. */

const NAMES = ["other", "debug", "info", "warn", "error"]; // by level
const SELECTED = /(?:^|\s)level:(\w+)/g; // a selection may say levels, too
const ALL = (1 << NAMES.length) - 1;

/**
 * @param {string} query of an address
 * @returns {{q: string, regex: boolean, case: boolean, only: boolean, levels: number, time: string,
 *   hidden: string[], fields: string[], since: string, until: string, line: string}} levels: a bit
 *   each; time: "" where the address does not say; hidden: host/name; line: host/name@time
 */
export function readView(query) {
  const asked = new URLSearchParams(query);
  let levels = 0;
  const selected = [...(asked.get("select") ?? "").matchAll(SELECTED)].map((match) => match[1]);
  for (const name of asked.get("level")?.split(",") ?? selected)
    if (NAMES.includes(name)) levels |= 1 << NAMES.indexOf(name);
  return {
    q: asked.get("q") ?? "",
    regex: asked.get("re") === "1",
    case: asked.get("case") === "1",
    only: asked.get("only") === "1",
    levels: levels || ALL,
    time: asked.get("time") ?? "",
    fields: asked.getAll("field"),
    since: asked.get("since") ?? "",
    until: asked.get("until") ?? "",
    line: asked.get("line") ?? "",
    hidden: (asked.get("hide") ?? "").split(",").filter(Boolean),
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
  const isUsual = shown.length === NAMES.length && !/\blevel:/.test(asked.get("select") ?? "");
  put("level", isUsual ? "" : shown.reverse().join(",") || "none");
  put("time", view.time === "local" ? "" : view.time);
  put("hide", view.hidden?.join(","));
  put("since", view.since);
  put("until", view.until);
  put("line", view.line);
  asked.delete("field");
  for (const field of view.fields ?? []) asked.append("field", field);
  const text = asked
    .toString()
    .replaceAll("%2C", ",")
    .replaceAll("%2F", "/")
    .replaceAll("%3A", ":");
  return text && `?${text}`;
}
