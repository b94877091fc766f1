/** What the list knows of one row, without leaving the list. */
import { sheet } from "../core/dialog.js";
import { $, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { read } from "./rows.js";

/** @param {import("./actions.js").Kind} kind */
export function peek(element, kind) {
  const row = read(element);
  const facts = make("dl", { className: "facts" });
  for (const [key, cell] of kind.cells) {
    const value = $(cell, element).textContent;
    if (value)
      facts.append(
        make("dt", { textContent: t(`fact_${key}`) }),
        make("dd", { textContent: value }),
      );
  }
  facts.append(
    make("dt", { textContent: t("fact_id") }),
    make("dd", {}, make("code", { textContent: row.id })),
  );
  const open = make("a", {
    className: "lnk",
    href: row.url,
    textContent: t(`open_${kind.word}page`),
  });
  return sheet(row.name, make("div", { className: "section" }, facts, open));
}
