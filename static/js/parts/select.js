/** Which rows are selected: one, a range, a group, all shown. It outlives the list being fetched again. */
import { $, $$ } from "../core/dom.js";
import { read as readRow } from "./rows.js";

/**
 * @param {HTMLElement} page what holds the table, now and after it was replaced
 * @param {() => void} changed
 * @param {(element: HTMLElement) => {pk: string, key: string}} read what is kept of a row
 */
export function selection(page, changed, read = readRow) {
  /** @type {Map<string, import("./rows.js").Row>} */
  const chosen = new Map();
  let last = "";

  const boxes = () => $$(".r .c-sel input", page);
  const shown = () => $$("tbody:not(.shut) > .r", page);

  function set(element, on) {
    const row = read(element);
    if (on) chosen.set(row.key, row);
    else chosen.delete(row.key);
  }

  /** Rows from the one touched last to this one, in the order of the page. */
  function range(element) {
    const list = shown();
    const from = list.findIndex((one) => one.dataset.pk === last);
    const to = list.indexOf(element);
    return from < 0 ? [element] : list.slice(Math.min(from, to), Math.max(from, to) + 1);
  }

  function toggle(element, { on = !chosen.has(read(element).key), wide = false } = {}) {
    for (const one of wide ? range(element) : [element]) set(one, on);
    last = element.dataset.pk;
    draw();
  }

  function draw() {
    for (const box of boxes()) {
      const element = box.closest(".r");
      box.checked = chosen.has(box.value);
      element.classList.toggle("sel", box.checked);
    }
    for (const body of $$("tbody", page)) drawHead($(".grp .c-sel input", body), $$(".r", body));
    drawHead($("#selall", page), shown());
    $(".tbl", page)?.classList.toggle("selecting", chosen.size > 0);
    changed();
  }

  function drawHead(box, rows) {
    if (!box) return;
    const on = rows.filter((one) => one.classList.contains("sel")).length;
    box.checked = on > 0 && on === rows.length;
    box.indeterminate = on > 0 && on < rows.length;
  }

  page.addEventListener("click", (event) => {
    const box = event.target;
    if (box.type !== "checkbox" || !box.closest(".tbl")) return;
    const element = box.closest(".r");
    if (element) toggle(element, { on: box.checked, wide: event.shiftKey });
    else {
      const rows = box.id === "selall" ? shown() : $$(".r", box.closest("tbody"));
      for (const one of rows) set(one, box.checked);
      draw();
    }
  });

  return {
    toggle,
    /** After a fetch: the same containers are selected, with what is known of them now. */
    restore() {
      for (const box of boxes()) if (chosen.has(box.value)) set(box.closest(".r"), true);
      draw();
    },
    all() {
      for (const one of shown()) set(one, true);
      draw();
    },
    clear() {
      chosen.clear();
      draw();
    },
    drop(key) {
      if (chosen.delete(key)) draw();
    },
    rows: () => [...chosen.values()].map((row) => current(row)),
    size: () => chosen.size,
    /** Selected, but not among the rows of this page or filter. */
    notShown() {
      const here = new Set(boxes().map((box) => box.value));
      return [...chosen.keys()].filter((key) => !here.has(key)).length;
    },
  };

  function current(row) {
    const element = document.getElementById(`c-${row.pk}`);
    return element ? read(element) : row;
  }
}
