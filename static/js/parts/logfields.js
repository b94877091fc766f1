/** Lines that are JSON objects, opened as fields under the line; a field narrows what is shown. */
import { make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { LINE_PX } from "./logpaint.js";

const MOST_FIELDS = 60;
const FIELD_PX = 24; // as in logs.css: a target is at least so large (WCAG 2.5.8)
const DEEPEST = 4;
const LONGEST = 2000; // characters of a value that are drawn

/** [name, value] of each field, nested ones with dots; null: it is no JSON object. */
export function fieldsOf(text) {
  const start = text.indexOf("{");
  if (start < 0) return null;
  try {
    const found = [];
    collect(JSON.parse(text.slice(start)), "", 0, found);
    return found.length ? found.slice(0, MOST_FIELDS) : null;
  } catch {
    return null;
  }
}

function collect(object, prefix, depth, found) {
  for (const [name, value] of Object.entries(object)) {
    const isInner = value !== null && typeof value === "object" && !Array.isArray(value);
    if (isInner && depth < DEEPEST) collect(value, `${prefix}${name}.`, depth + 1, found);
    else found.push([prefix + name, typeof value === "string" ? value : JSON.stringify(value)]);
  }
}

/** Whether a line's text has these fields, and not those. @param {{name, value, isNot}[]} filters */
export function hasFields(text, filters) {
  const fields = new Map(fieldsOf(text) ?? []);
  return filters.every(({ name, value, isNot }) => (fields.get(name) === value) !== isNot);
}

/** A filter as an address has it, and back. */
export const written = ({ name, value, isNot }) => `${isNot ? "-" : ""}${name}=${value}`;
export function read(text) {
  const isNot = text.startsWith("-");
  const [, name, value] = /^([^=]+)=(.*)$/su.exec(isNot ? text.slice(1) : text) ?? [];
  return name ? { name, value, isNot } : null;
}

/**
 * @param {import("./logview.js").LogView} view
 * @param {(filter: {name: string, value: string, isNot: boolean}) => void} choose
 */
export function logFields(view, choose) {
  const opened = new Map(); // id -> element

  function button(field, isNot) {
    const [name, value] = field;
    const words = { field: `${name}=${value}` };
    const label = isNot ? t("log_field_not", words) : t("log_field_only", words);
    const made = make("button", { type: "button", className: "mini", title: label });
    made.setAttribute("aria-label", label);
    made.textContent = isNot ? "−" : "+";
    made.addEventListener("click", () => choose({ name, value, isNot }));
    return made;
  }

  function draw(fields) {
    const rows = fields.map((field) =>
      make(
        "div",
        { className: "fv" },
        button(field, false),
        button(field, true),
        make("span", { className: "k", textContent: field[0] }),
        make("span", { className: "v", textContent: field[1].slice(0, LONGEST), title: field[1] }),
      ),
    );
    return make("div", { className: "fields" }, ...rows);
  }

  return {
    of: (id) => opened.get(id) ?? null,
    /** Opens or closes the fields under a line; whether it has any. */
    toggle(id) {
      for (const each of opened.keys()) if (!view.store.holds(each)) opened.delete(each);
      const fields = view.store.isMark(id) ? null : fieldsOf(view.store.plainText(id));
      if (!fields) return false;
      if (opened.has(id)) opened.delete(id);
      else opened.set(id, draw(fields));
      view.open(id, opened.has(id) ? Math.ceil((fields.length * FIELD_PX) / LINE_PX) : 0);
      return true;
    },
  };
}
