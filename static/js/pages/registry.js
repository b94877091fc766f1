/** The images of a repository: platforms under a row, selection, verbs, and who uses them, live. */
import { $, $$, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { onLive } from "../core/live.js";
import { rowCursor } from "../parts/cursor.js";
import { openMenu } from "../parts/menu.js";
import { refetching } from "../parts/refetch.js";
import { selection } from "../parts/select.js";

const LATER_MS = 2000;
const page = $("#arts");
const act = $("#act");
const menu = $("#rowmenu");
const open = new Set();
let menuRow = null;

const shown = () => $$(".r[data-pk]", page);
const readRow = (element) => ({ pk: element.dataset.pk, key: element.dataset.pk });

const selected = selection(page, drawBar, readRow);
const cursor = rowCursor(page, shown);
const list = refetching({ id: "rows", scrollId: "scroll", adopt, address: part });

/** The part of this page with the rows; it comes from what is written down. */
function part() {
  const url = new URL(location.href);
  url.searchParams.set("part", "images");
  const words = $("#q")?.value;
  if (words !== undefined) url.searchParams.set("q", words);
  return url.pathname + url.search;
}

function adopt(hadFocus) {
  keepWords();
  for (const button of $$(".tw[aria-controls]", page))
    if (open.has(button.getAttribute("aria-controls"))) unfold(button, true);
  selected.restore();
  cursor.restore(hadFocus);
}

/** What is filtered by stays when the page is loaded again; another filter begins at its first page. */
function keepWords() {
  const url = new URL(location.href);
  const words = $("#q")?.value ?? "";
  if (words === (url.searchParams.get("q") ?? "")) return;
  url.searchParams.delete("page");
  if (words) url.searchParams.set("q", words);
  else url.searchParams.delete("q");
  history.replaceState(history.state, "", url);
}

function unfold(button, on) {
  const id = button.getAttribute("aria-controls");
  button.setAttribute("aria-expanded", String(on));
  document.getElementById(id).hidden = !on;
  if (on) open.add(id);
  else open.delete(id);
}

/* ---- selection ------------------------------------------------------------------------------- */

/** What is selected but not among the rows is sent with the form all the same. */
function drawBar() {
  const rows = selected.rows();
  const here = new Set(shown().map((element) => element.dataset.pk));
  for (const one of $$("[data-carried]", act)) one.remove();
  for (const { key } of rows)
    if (!here.has(key))
      act.append(
        make("input", { type: "hidden", name: "digest", value: key, "data-carried": "" }),
      );
  const parts = [t("selected", { n: rows.length })];
  if (selected.notShown()) parts.push(t("selected_hidden", { n: selected.notShown() }));
  act.classList.toggle("on", rows.length > 0);
  $(".cnt", act).textContent = rows.length ? parts.join(" · ") : "";
  $("[data-two]", act).disabled = rows.length !== 2;
}

/* ---- the menu of a row ----------------------------------------------------------------------- */

/** Where each verb of this row leads. */
function ways(element) {
  const { at, registry, repository } = menu.dataset;
  const digest = encodeURIComponent(element.dataset.pk);
  const whole = `registry=${registry}&repository=${encodeURIComponent(repository)}`;
  return {
    open: element.dataset.url,
    pull: `${at}-/pull/?digest=${digest}`,
    compare: `${at}-/compare/?old=${digest}`,
    tag: `${at}-/tag/?digest=${digest}`,
    copy: `/registries/-/copy/?${whole}&digest=${digest}`,
    untag: element.dataset.tags && `${at}-/delete/?${element.dataset.tags}`,
    delete: `${at}-/delete/?digest=${digest}`,
  };
}

function showMenu(element, button) {
  menuRow = element;
  const lead = ways(element);
  for (const link of $$("[data-way]", menu)) {
    link.hidden = !lead[link.dataset.way];
    link.href = lead[link.dataset.way] || "";
  }
  openMenu(menu, button);
}

page?.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  if (on(".tw[aria-controls]"))
    unfold(on(".tw"), on(".tw").getAttribute("aria-expanded") !== "true");
  else if (on(".more")) {
    event.preventDefault();
    showMenu(on(".r"), on(".more"));
  } else if (on("[data-do=clear]")) selected.clear();
});
menu?.addEventListener("click", (event) => {
  if (!event.target.closest("[data-do=select]")) return;
  menu.hidePopover();
  selected.toggle(menuRow);
});

/* ---- live and keys --------------------------------------------------------------------------- */

// who uses what changes with containers and images; what is asked of the registry does not
onLive("hint", (kinds) => {
  if (kinds.some((kind) => kind !== "job")) list.soon(LATER_MS);
});
onLive("reset", () => list.soon(0));

const here = (run) => () => cursor.element() && run(cursor.element());
const inList = t("keys_list");
const onRow = t("keys_row");

function clearOne() {
  if (selected.size()) selected.clear();
  else if (cursor.element()) {
    document.activeElement?.blur();
    cursor.moveTo(null);
  }
}

/** Of the selection, else of the row. */
function remove() {
  const button = $("[formaction$='/delete/']", act);
  if (selected.size()) button?.click();
  else if (button && cursor.element()) location.assign(ways(cursor.element()).delete);
}

bind("j", t("key_next"), () => cursor.step(1), inList);
bind("ArrowDown", t("key_next"), () => cursor.step(1));
bind("k", t("key_previous"), () => cursor.step(-1), inList);
bind("ArrowUp", t("key_previous"), () => cursor.step(-1));
bind("x", t("key_select"), here(selected.toggle), inList);
bind(
  "X",
  t("key_range"),
  here((element) => selected.toggle(element, { on: true, wide: true })),
  inList,
);
bind("*", t("key_all"), () => selected.all(), inList);
bind("Escape", t("key_clear"), clearOne, inList);
bind(
  "Enter",
  t("key_open"),
  here((element) => location.assign(element.dataset.url)),
  onRow,
);
bind(
  " ",
  t("key_peek"),
  here((element) => $(".tw[aria-controls]", element)?.click()),
  onRow,
);
bind("Backspace", t("key_remove"), remove, onRow);

adopt(false);
