/** Short notes at the lower right: at most three, a pointer over them stops the clock, errors stay. */
import { $, glyph, icon, make } from "./dom.js";
import { t } from "./i18n.js";

const SHOWN = 3;
const STAY_MS = 5000;

/**
 * @param {string} text
 * @param {{say?: string, verbatim?: boolean, bad?: boolean, state?: string,
 *   undo?: () => void, link?: {url: string, label: string}, gone?: () => void, ms?: number}} [options]
 *   gone: it was there long enough to be read, or was closed; say: a second line; verbatim: it is the engine's own words
 */
export function toast(text, { say, verbatim, bad, state, undo, link, gone, ms = STAY_MS } = {}) {
  const box = $("#toasts");
  if (!box) return null;
  if (!box.matches(":popover-open")) box.showPopover();
  const note = make("div", { className: bad ? "toast bad" : "toast" });
  const close = make("button", {
    type: "button",
    className: "btn ghost icon",
    "aria-label": t("dismiss"),
  });
  close.append(icon("x"));
  const end = () => {
    note.remove();
    gone?.();
  };
  close.addEventListener("click", end);
  note.append(glyph(state ?? (bad ? "failed" : "ok")), make("span", { textContent: text }));
  const action = undo ? undoButton(undo, note) : link ? linkButton(link) : make("span");
  note.append(action, close);
  if (say)
    note.append(make("span", { className: verbatim ? "say mono" : "say", textContent: say }));
  box.append(note);
  while (box.children.length > SHOWN) box.firstElementChild.remove();
  if (!bad) expire(note, end, ms);
  return note;
}

function undoButton(undo, note) {
  const button = make("button", { type: "button", className: "btn", textContent: t("undo") });
  button.addEventListener("click", () => {
    note.remove();
    undo();
  });
  return button;
}

const linkButton = ({ url, label }) =>
  make("a", { className: "btn", href: url, textContent: label });

function expire(note, end, ms) {
  let timer = setTimeout(end, ms);
  const hold = () => clearTimeout(timer);
  const release = () => {
    clearTimeout(timer);
    timer = setTimeout(end, 1500);
  };
  note.addEventListener("pointerenter", hold);
  note.addEventListener("focusin", hold);
  note.addEventListener("pointerleave", release);
  note.addEventListener("focusout", release);
}

/** What the server wanted to say with this page becomes toasts. */
export function toastMessages() {
  const lines = $("#messages");
  if (!lines) return;
  for (const line of lines.children) {
    toast(line.textContent.trim(), { bad: line.classList.contains("bad") });
  }
  lines.remove();
}
