/** Two pictures of a log: lines per second by level, and where errors and matches are. */
import { ERROR } from "./loglevels.js";

export const COLUMNS = 120; // of the histogram, a second each while it follows
const LEVELS = 5;
const LEAST_TOP = 20; // lines a second: a quiet log looks quiet
const COLOURS = ["--line-2", "--line-2", "--busy", "--warn", "--bad"]; // by level
const HIT = "--warn";

/** Lines of the last two minutes, by second and level. */
export class Rates {
  constructor() {
    this.seconds = new Map(); // second since 1970 -> lines of each level
  }

  /** @param {number} time ms since 1970, by the engine's clock */
  add(time, level) {
    const second = Math.floor(time / 1000);
    let counts = this.seconds.get(second);
    if (!counts) {
      counts = new Array(LEVELS).fill(0);
      this.seconds.set(second, counts);
    }
    counts[level] += 1;
  }

  /** Counts of each second up to `now` (ms), oldest first; what is older is forgotten. */
  until(now) {
    const last = Math.floor(now / 1000);
    for (const second of this.seconds.keys())
      if (second <= last - COLUMNS) this.seconds.delete(second);
    return Array.from({ length: COLUMNS }, (_, at) => this.seconds.get(last - COLUMNS + 1 + at));
  }
}

/** Sharp on this screen; null while the canvas has no size. */
function pen(canvas) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  if (!width || !height) return null;
  if (canvas.width !== Math.round(width)) canvas.width = width;
  if (canvas.height !== Math.round(height)) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  return context;
}

/** A token of the theme, as a canvas takes it. */
function colour(canvas, token) {
  canvas.style.color = `var(${token})`;
  return getComputedStyle(canvas).color;
}

/** All lines that are held, in as many columns, with the times of their ends; null: too few. */
export function spanOf(store) {
  let [from, to] = [Number.POSITIVE_INFINITY, 0];
  for (let id = store.first; id < store.next; id += 1) {
    if (store.isMark(id)) continue;
    from = Math.min(from, store.time(id));
    to = Math.max(to, store.time(id));
  }
  if (to - from < COLUMNS) return null;
  const columns = new Array(COLUMNS);
  for (let id = store.first; id < store.next; id += 1) {
    if (store.isMark(id)) continue;
    const at = Math.min(
      COLUMNS - 1,
      Math.floor(((store.time(id) - from) / (to - from)) * COLUMNS),
    );
    columns[at] ??= new Array(LEVELS).fill(0);
    columns[at][store.level(id)] += 1;
  }
  return { from, to, columns };
}

/** @param {HTMLCanvasElement} canvas @param {(number[] | undefined)[]} seconds counts by level */
export function drawColumns(canvas, seconds) {
  const context = pen(canvas);
  if (!context) return;
  const colours = COLOURS.map((token) => colour(canvas, token));
  const sums = Array.from(seconds, (counts) => counts?.reduce((sum, n) => sum + n, 0) ?? 0);
  const most = Math.max(LEAST_TOP, ...sums);
  const wide = canvas.width / COLUMNS;
  for (const [at, counts] of seconds.entries()) {
    let bottom = canvas.height;
    for (let level = LEVELS - 1; counts && level >= 0; level -= 1) {
      if (!counts[level]) continue;
      const tall = Math.max(1, (counts[level] / most) * canvas.height * 0.9);
      context.fillStyle = colours[level];
      context.fillRect(at * wide, bottom - tall, Math.max(1, wide - 1), tall);
      bottom -= tall;
    }
  }
}

/**
 * Marks of the matches where something is searched, else of the errors.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./logview.js").LogView} view
 */
export function drawRuler(canvas, { rows, store, search }) {
  const context = pen(canvas);
  if (!context || !rows.size) return;
  const places = new Set();
  const add = (position) =>
    places.add(Math.floor(((position - rows.from) / rows.size) * canvas.height));
  if (search.pattern) {
    for (let at = search.from; at < search.hits.length; at += 1) {
      const position = rows.positionOf(search.hits[at]);
      if (rows.idAt(position) === search.hits[at]) add(position);
    }
  } else {
    for (let position = rows.from; position < rows.to; position += 1)
      if (store.level(rows.idAt(position)) === ERROR) add(position);
  }
  context.fillStyle = colour(canvas, search.pattern ? HIT : COLOURS[ERROR]);
  for (const place of places) context.fillRect(0, place, canvas.width, 2);
}
