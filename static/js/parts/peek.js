/** What the list knows of one container, without leaving the list. */
import { sheet } from "../core/dialog.js";
import { $, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { read } from "./rows.js";

const CELLS = [
  ["state", ".st"],
  ["host", ".ho"],
  ["image", ".im"],
  ["ports", ".po"],
];

export function peek(element) {
  const row = read(element);
  const facts = make("dl", { className: "facts" });
  for (const [key, cell] of CELLS) {
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
  const open = make("a", { className: "lnk", href: row.url, textContent: t("open_container") });
  return sheet(row.name, make("div", { className: "section" }, facts, open));
}
