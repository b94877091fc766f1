/** Draws one line of a log into a row that is used again and again. Text goes in as text. */

import { make } from "../core/dom.js";
import { segments } from "./ansi.js";
import { DRAWN } from "./logstore.js";

const EMPTY = "\u00a0"; // keeps the row's height
const MOST_MARKS = 50; // matches highlighted in one line
const two = (number) => String(number).padStart(2, "0");
const three = (number) => String(number).padStart(3, "0");

/** 09:15:02.123 in the reader's zone, or in UTC. */
export function clock(time, { utc = false, short = false } = {}) {
  const date = new Date(time);
  const [hours, minutes, seconds] = utc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const whole = `${two(hours)}:${two(minutes)}:${two(seconds)}`;
  return short ? whole : `${whole}.${three(date.getMilliseconds())}`;
}

/** A row without content: time, source, level bar, text. */
export function makeRow() {
  return make(
    "div",
    { className: "ln" },
    make("span", { className: "tm" }),
    make("span", { className: "so" }),
    make("i", { className: "lb" }),
    make("span", { className: "tx" }),
  );
}

/** Pixels that a character takes in a row of this space, and where a row's text begins. */
export function measureText(space) {
  const probe = makeRow();
  probe.lastChild.textContent = "x".repeat(100);
  space.append(probe);
  const range = document.createRange();
  range.selectNodeContents(probe.lastChild);
  const character = range.getBoundingClientRect().width / 100 || 7;
  const left = probe.lastChild.offsetLeft;
  probe.remove();
  return { character, left };
}

/**
 * @param {HTMLElement} row
 * @param {import("./logstore.js").LogStore} store
 * @param {number} id
 * @param {{utc: boolean, short: boolean, names: string[], pattern: RegExp | null, more: (n: number) => string}} look
 */
export function fillRow(row, store, id, look) {
  const [time, source, , text] = row.children;
  const isMark = store.isMark(id);
  time.textContent = clock(store.time(id), look);
  time.title = isMark ? "" : store.timestamp(id);
  source.textContent = isMark ? "" : (look.names[store.source(id)] ?? "");
  source.className = isMark ? "so" : `so s${store.source(id) % 4}`;
  const hidden = store.undrawn(id);
  const raw = hidden ? store.text(id).slice(0, DRAWN) : store.text(id);
  const parts = store.isSpecial(id)
    ? segments(raw)
    : [{ text: raw, classes: "", color: "", background: "" }];
  text.replaceChildren(...drawn(parts, matchesOf(parts, isMark ? null : look.pattern)));
  if (hidden)
    text.append(
      " ",
      make("button", {
        type: "button",
        className: "more",
        tabIndex: -1,
        textContent: look.more(hidden),
      }),
    );
}

/** Where the pattern matches in the joined text: [from, to] pairs. */
function matchesOf(parts, pattern) {
  if (!pattern) return [];
  const whole = parts.length === 1 ? parts[0].text : parts.map((part) => part.text).join("");
  const found = [];
  for (const match of whole.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))) {
    if (match[0]) found.push([match.index, match.index + match[0].length]);
    if (found.length === MOST_MARKS) break;
  }
  return found;
}

function drawn(parts, marks) {
  const nodes = [];
  let offset = 0;
  for (const part of parts) {
    let at = 0;
    for (const [from, to] of marks) {
      const start = Math.max(0, from - offset, at);
      const end = Math.min(part.text.length, to - offset);
      if (end <= start) continue;
      add(nodes, part, part.text.slice(at, start), "span");
      add(nodes, part, part.text.slice(start, end), "mark");
      at = end;
    }
    add(nodes, part, part.text.slice(at), "span");
    offset += part.text.length;
  }
  return nodes.length ? nodes : [EMPTY];
}

function add(nodes, { classes, color, background }, text, tag) {
  if (!text) return;
  if (tag === "span" && !classes && !color && !background) {
    nodes.push(text);
    return;
  }
  const node = make(tag, { className: classes, textContent: text });
  if (color) {
    node.style.setProperty("--c", color);
    node.classList.add("a-own");
  }
  if (background) {
    node.style.setProperty("--b", background);
    node.classList.add("a-back");
  }
  nodes.push(node);
}
