/** The one table of keys. What is not in it does nothing; the help sheet shows it as it is. */
import { isTyping } from "./dom.js";

const OFF = "quarterdeck.keys";
const SEQUENCE_MS = 900;

/** @type {Map<string, {label: string, group: string, run: (event: KeyboardEvent) => void}>} */
const table = new Map();
let prefix = "";
let prefixAt = 0;

/**
 * @param {string} key as KeyboardEvent.key names it, a sequence is "g c", with Shift "shift+Enter"
 * @param {string} label what it does, translated
 * @param {(event: KeyboardEvent) => void} run
 * @param {string} group heading in the help sheet, translated; "" = not shown
 */
export function bind(key, label, run, group = "") {
  table.set(key, { label, group, run });
}

export const bindings = () => [...table].map(([key, entry]) => ({ key, ...entry }));

/** Single letters can be switched off (WCAG 2.1.4); Escape, arrows and Ctrl+K stay. */
export const lettersOff = () => lettersOffInProfile() || localStorage.getItem(OFF) === "off";
/** Switched off for the account, and so in every browser. */
export const lettersOffInProfile = () => document.body.dataset.keys === "off";
export function switchLetters(off) {
  if (off) localStorage.setItem(OFF, "off");
  else localStorage.removeItem(OFF);
}

/** The name under which the table knows a key press. */
export function nameOf(event) {
  const shift = event.shiftKey && event.key.length > 1 ? "shift+" : "";
  return `${event.altKey ? "alt+" : ""}${shift}${event.key}`;
}

/** What a key press means now: the binding of a sequence in progress, else of the key alone. */
export function lookUp(name, now) {
  const sequence = prefix && now - prefixAt < SEQUENCE_MS ? `${prefix} ${name}` : "";
  const hit = table.get(sequence) ?? table.get(name);
  const starts = [...table.keys()].some((key) => key.startsWith(`${name} `));
  prefix = !hit && starts ? name : "";
  prefixAt = now;
  return hit;
}

function onKey(event) {
  if ((event.metaKey || event.ctrlKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    table.get("mod+k")?.run(event);
    return;
  }
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.isComposing) return;
  if (
    isTyping(event.target) ||
    document.querySelector("dialog[open], [popover]:popover-open:not(.toasts)")
  )
    return;
  // Enter and Space belong to the button or link that has the focus, except where a page takes them
  if (event.target.closest?.("button, summary") && (event.key === "Enter" || event.key === " "))
    return;
  if (lettersOff() && event.key.length === 1) return;
  const hit = lookUp(nameOf(event), performance.now());
  if (!hit) return;
  event.preventDefault();
  hit.run(event);
}

export function listen() {
  document.addEventListener("keydown", onKey);
}
