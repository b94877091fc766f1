/** What images have of their own among lists: their verbs, and what is asked before each. */
import { ask } from "../core/dialog.js";
import { glyph, make } from "../core/dom.js";
import { t } from "../core/i18n.js";

const STATES = ["used", "unused", "dangling"];

/** @type {import("./actions.js").Kind} */
export const IMAGES = {
  url: "/images/act/",
  word: "image_",
  applies: { remove: STATES },
  more: {
    tag: STATES,
    untag: STATES,
    run: STATES,
    push: STATES,
    distribute: STATES,
    save: STATES,
  },
  icons: { remove: "trash-2" },
  inverse: {},
  refuses(verb, row) {
    if (verb === "remove" && row.cls === "used") return t("image_in_use");
    if (verb === "push" && !row.tags.length) return t("image_no_tag");
    return verb === "untag" && row.tags.length < 2 ? t("image_only_tag") : "";
  },
  confirm(verb, rows, { refused }) {
    if (verb === "remove") return ask(removal(rows, refused));
    return rows.length > 1 ? null : verb === "tag" ? askTag(rows[0]) : askUntag(rows[0]);
  },
  cells: [
    ["users", ".st"],
    ["host", ".ho"],
    ["digest", ".dg"],
    ["size", ".sz"],
  ],
};

/** An image with all its names: they go together. */
const item = (row) =>
  make(
    "span",
    {},
    glyph(row.mark),
    make("span", { textContent: row.tags.join(", ") || row.name }),
    make("span", { className: "dim", textContent: row.host }),
  );

function removal(rows, refused) {
  const fields = [];
  if (refused.length) {
    const list = make("ul", { className: "what", "aria-label": t("image_stay_label") });
    for (const row of refused) list.append(make("li", {}, item(row)));
    fields.push(make("p", { textContent: t("image_stay", { n: refused.length }) }), list);
  }
  return {
    title: t("image_remove_title", { n: rows.length }),
    body: t("image_remove_body"),
    items: rows.map(item),
    fields,
    verb: t("remove"),
    danger: true,
  };
}

function askTag(row) {
  const input = make("input", {
    id: "dlg-reference",
    name: "reference",
    type: "text",
    required: true,
    maxLength: 255,
    value: row.tags[0] ?? "",
    autocomplete: "off",
    spellcheck: false,
  });
  return ask({
    title: t("image_tag_title", { name: row.name }),
    body: t("image_tag_body"),
    fields: [labelled(input, t("image_tag_label"))],
    verb: t("image_tag"),
  });
}

function askUntag(row) {
  const select = make("select", { id: "dlg-reference", name: "reference" });
  select.append(...row.tags.map((tag) => make("option", { value: tag, textContent: tag })));
  return ask({
    title: t("image_untag_title", { name: row.name }),
    body: t("image_untag_body"),
    fields: [labelled(select, t("image_untag_label"))],
    verb: t("image_untag"),
    danger: true,
  });
}

const labelled = (control, text) =>
  make(
    "div",
    { className: "fld" },
    make("label", { htmlFor: control.id, textContent: text }),
    control,
  );
