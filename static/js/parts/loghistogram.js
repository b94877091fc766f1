/**
 * The histogram of a log: the last two minutes while it follows, else the lines that are held. A part
 * of it can be chosen: by dragging, or with the arrow keys, Shift and Enter.
 */
import { $, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { COLUMNS, drawColumns, spanOf } from "./logcharts.js";
import { clock } from "./logline.js";

const DRAGGED_PX = 4;

/**
 * @param {HTMLElement} box holds the canvas
 * @param {{view: import("./logview.js").LogView, rates: import("./logcharts.js").Rates,
 *   choose: (from: number, to: number) => void, goTo: (time: number) => void,
 *   say: (text: string) => void}} about times in ms since 1970
 */
export function logHistogram(box, { view, rates, choose, goTo, say }) {
  const canvas = $("canvas", box);
  const chosen = make("i", { className: "sel", hidden: true });
  box.append(chosen);
  let span = { from: 0, to: 1 };
  let ends = null; // columns that are chosen, [where it began, where it is]
  let isDragging = false;

  const timeOf = (column) => span.from + ((span.to - span.from) * column) / COLUMNS;
  const columnAt = (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    return Math.max(0, Math.min(COLUMNS, ((event.clientX - left) / width) * COLUMNS));
  };
  const sorted = () => [...ends].sort((a, b) => a - b);

  function mark() {
    chosen.hidden = !ends;
    if (!ends) return;
    const [from, to] = sorted();
    chosen.style.left = `${(from / COLUMNS) * 100}%`;
    chosen.style.width = `${Math.max(0.2, ((to - from) / COLUMNS) * 100)}%`;
  }

  function tell() {
    const [from, to] = sorted().map((column) =>
      clock(timeOf(column), { utc: view.isUtc, short: true }),
    );
    say(t("log_range", { from, to }));
  }

  function done() {
    const [from, to] = sorted().map(timeOf);
    ends = null;
    mark();
    if (to - from < 1) goTo(from);
    else choose(from, to);
  }

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    box.setPointerCapture(event.pointerId);
    isDragging = true;
    ends = [columnAt(event), columnAt(event)];
    box.dataset.x = event.clientX;
  });
  box.addEventListener("pointermove", (event) => {
    if (!isDragging) return;
    ends[1] = columnAt(event);
    mark();
  });
  box.addEventListener("pointerup", (event) => {
    if (!isDragging) return;
    isDragging = false;
    if (Math.abs(event.clientX - Number(box.dataset.x)) < DRAGGED_PX) ends[1] = ends[0];
    done();
  });
  box.addEventListener("pointercancel", () => {
    isDragging = false;
    ends = null;
    mark();
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      const at = Math.max(0, Math.min(COLUMNS, (ends?.[1] ?? COLUMNS) + step));
      ends = [event.shiftKey && ends ? ends[0] : at, at];
      tell();
    } else if (event.key === "Enter" && ends) done();
    else if (event.key === "Escape" && ends) ends = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
    mark();
  });

  return {
    draw() {
      if (ends) return; // what is being chosen stands still
      const held = view.isFollowing ? null : spanOf(view.store);
      const now = Date.now();
      span = held ?? { from: now - COLUMNS * 1000, to: now, columns: rates.until(now) };
      drawColumns(canvas, span.columns);
    },
  };
}
