/** What every list is: filter, selection, cursor, verbs, and rows that follow the truth. */
import { $, $$ } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { onLive } from "../core/live.js";
import { addSource } from "../core/palette.js";
import { toast } from "../core/toast.js";
import { actions, offer, say } from "./actions.js";
import { busyRows } from "./busy.js";
import { rowCursor } from "./cursor.js";
import { wireFilter } from "./filter.js";
import { hoverBar } from "./hoverbar.js";
import { openMenu } from "./menu.js";
import { refetching } from "./refetch.js";
import { dismissError, hideDismissed, patch, read, rowOf } from "./rows.js";
import { selection } from "./select.js";

const SOON_MS = 500;
/** A list that only counts what another kind does may be a little behind. */
const LATER_MS = 2000;

/**
 * @param {{kind: import("./actions.js").Kind, news: string, gone: string, counts?: string[], shows?: string[],
 *   go?: Record<string, (row: import("./rows.js").Row) => void>,
 *   goMany?: Record<string, (rows: import("./rows.js").Row[]) => void>,
 *   always?: Record<string, (rows: import("./rows.js").Row[]) => void>}} options
 *   news, gone: messages of the socket; counts: kinds that the rows count; shows: kinds whose every
 *   change is one of the list; go: verbs of one row that
 *   lead somewhere or ask on their own; goMany: of several rows; always: of any number, none too
 */
export function listPage({
  kind,
  news,
  gone,
  counts = [],
  shows = ["host"],
  go = {},
  goMany = {},
  always = {},
}) {
  const page = $("#listpage");
  const rowMenu = $("#rowmenu");
  const folded = new Set();
  let menuRow = "";

  const shown = () => $$("tbody:not(.shut) > .r", page);
  const busy = busyRows((pk) => act("kill", [read(rowOf(pk))]));
  const { act } = actions(busy, kind);
  const selected = selection(page, drawBulk);
  const cursor = rowCursor(page, shown);
  const bar = hoverBar({
    page,
    bar: $("#hoverbar"),
    show: (row) => offer($("#hoverbar"), read(row), kind),
  });
  const list = refetching({ id: "list", scrollId: "scroll", adopt });
  const filter = wireFilter($("#filters"), $("#q"), {
    apply: (url) => list.now(url),
    leave() {
      $("#q").blur();
      cursor.moveTo(shown()[0]);
    },
  });

  /** Everything that a list fetched anew has to be told: folded groups, busy rows, selection, cursor. */
  function adopt(hadFocus) {
    const rows = $$(".r", page);
    for (const body of $$("tbody", page)) if (folded.has(body.dataset.group)) fold(body, true);
    for (const element of rows) hideDismissed(element);
    busy.restore(rows);
    selected.restore();
    bar.hide();
    cursor.restore(hadFocus);
    $("#q").setAttribute("aria-invalid", String(!$("#q-error").hidden));
  }

  /* ---- live ---------------------------------------------------------------------------------- */

  onLive(news, (states) => {
    const results = states.map((state) => patch(state));
    busy.notice(states.map(([pk]) => rowOf(pk)).filter(Boolean));
    if (results.some((result) => result !== "same")) list.soon(SOON_MS);
  });
  onLive(gone, (pks) => {
    for (const pk of pks) takeAway(rowOf(pk));
    list.soon(SOON_MS);
  });
  onLive("reset", () => list.soon(0));
  onLive("hint", (kinds) => {
    if (shows.some((one) => kinds.includes(one))) list.soon(SOON_MS);
    else if (counts.some((one) => kinds.includes(one))) list.soon(LATER_MS);
  });

  function takeAway(element) {
    if (!element) return;
    selected.drop(read(element).key);
    if (cursor.isAt(element)) cursor.step(1);
    const body = element.parentElement;
    element.remove();
    if (!$(".r", body)) body.remove();
  }

  function fold(body, shut) {
    body.classList.toggle("shut", shut);
    $(".tw", body)?.setAttribute("aria-expanded", String(!shut));
    if (shut) folded.add(body.dataset.group);
    else folded.delete(body.dataset.group);
  }

  /* ---- verbs --------------------------------------------------------------------------------- */

  function targets() {
    if (selected.size()) return selected.rows();
    const element = cursor.element();
    return element ? [read(element)] : [];
  }

  function perform(verb, rows) {
    if (always[verb]) always[verb](rows);
    else if (verb === "clear") selected.clear();
    else if (verb === "select") for (const { pk } of rows) selected.toggle(rowOf(pk));
    else if (go[verb]) goOne(verb, rows);
    else if (rows.length) act(verb, rows);
  }

  function goOne(verb, rows) {
    if (rows.length === 1) go[verb](rows[0]);
    else if (rows.length && goMany[verb]) goMany[verb](rows);
    else if (rows.length) toast(say(kind, "one_at_a_time"), { state: "unknown" });
  }

  function onClick(event) {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-dismiss]")) dismissError(on(".r"));
    else if (on(".tw")) fold(on("tbody"), !on("tbody").classList.contains("shut"));
    else if (on(".more")) {
      event.preventDefault();
      menuRow = on(".r").dataset.pk;
      offer(rowMenu, read(rowOf(menuRow)), kind);
      openMenu(rowMenu, on(".more"));
    } else if (on("#hoverbar [data-do]")) {
      if (bar.row()) perform(on("[data-do]").dataset.do, [read(bar.row())]);
    } else if (on("#act [data-do]")) perform(on("[data-do]").dataset.do, selected.rows());
    else if (on(".empty a") && $("#q").value) {
      event.preventDefault();
      filter.clear();
    }
  }

  /** A menu closes, then its verb is done to the rows it was opened for. */
  function wireMenu(menu, rows) {
    menu?.addEventListener("click", (event) => {
      const verb = event.target.closest("[data-do]")?.dataset.do;
      if (!verb) return;
      menu.hidePopover();
      perform(verb, rows());
    });
  }

  page.addEventListener("click", onClick);
  wireMenu(rowMenu, () => [rowOf(menuRow)].filter(Boolean).map(read));
  wireMenu($("#bulkmenu"), () => selected.rows());
  $("#act").addEventListener("submit", (event) => {
    event.preventDefault();
    event.submitter?.closest("[popover]")?.hidePopover();
    if (event.submitter) perform(event.submitter.value, selected.rows());
  });

  function drawBulk() {
    const rows = selected.rows();
    const hidden = selected.notShown();
    const hosts = new Set(rows.map((row) => row.host)).size;
    const parts = [t("selected", { n: rows.length })];
    if (hosts > 1) parts.push(t("on_hosts", { n: hosts }));
    if (hidden) parts.push(t("selected_hidden", { n: hidden }));
    $("#act").classList.toggle("on", rows.length > 0);
    $("#act .cnt").textContent = rows.length ? parts.join(" · ") : "";
  }

  /* ---- keys ---------------------------------------------------------------------------------- */

  /** What is selected first, then the cursor, then the filter. */
  function clearOne() {
    if (selected.size()) selected.clear();
    else if (cursor.element()) {
      document.activeElement?.blur();
      cursor.moveTo(null);
    } else if ($("#q").value) filter.clear();
  }

  const peek = (row) => import("./peek.js").then((sheet) => sheet.peek(row, kind));
  const here = (run) => () => cursor.element() && run(cursor.element());
  const visitOne = (element) => location.assign(read(element).url);
  const selectTo = (element) => selected.toggle(element, { on: true, wide: true });

  const inList = t("keys_list");
  bind("j", t("key_next"), () => cursor.step(1), inList);
  bind("ArrowDown", t("key_next"), () => cursor.step(1));
  bind("k", t("key_previous"), () => cursor.step(-1), inList);
  bind("ArrowUp", t("key_previous"), () => cursor.step(-1));
  bind("x", t("key_select"), here(selected.toggle), inList);
  bind("X", t("key_range"), here(selectTo), inList);
  bind("*", t("key_all"), () => selected.all(), inList);
  bind("Escape", t("key_clear"), clearOne, inList);
  bind("Enter", t("key_open"), here(visitOne), t("keys_row"));
  bind(" ", t("key_peek"), here(peek), t("keys_row"));
  bind("Backspace", t("key_remove"), () => perform("remove", targets()), t("keys_row"));

  addSource(() => {
    const rows = targets();
    const label = (verb) =>
      rows.length === 1
        ? t(`do_${kind.word}${verb}`, { name: rows[0].name })
        : t(`do_${kind.word}${verb}_n`, { n: rows.length });
    return Object.keys(kind.applies)
      .filter((verb) => rows.some((row) => kind.applies[verb].includes(row.cls)))
      .map((verb) => ({
        group: t("actions"),
        action: true,
        label: label(verb),
        icon: kind.icons[verb],
        run: () => perform(verb, rows),
      }));
  });

  adopt(false);
  return { list, targets, perform };
}
