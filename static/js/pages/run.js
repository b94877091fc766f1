/** Running a container: a pasted .env goes into rows, one variable each. */
import { $, $$ } from "../core/dom.js";

const box = $("#env");

/** [name, value] of each NAME=VALUE line; comments and empty lines fall away. Pure. */
export function pairs(text) {
  const found = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([^=#\s][^=]*?)\s*=(.*)$/.exec(line);
    if (match) found.push([match[1], unquoted(match[2].trim())]);
  }
  return found;
}

const unquoted = (value) => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

/** The row after the last one that is used; a new one if all are. */
function freeRow() {
  const rows = $$(".item", box);
  const free = rows.find((row) => $$("input", row).every((input) => !input.value));
  if (free) return free;
  $("[data-repeat-add]", box).click();
  return $$(".item", box).at(-1);
}

box?.addEventListener("paste", (event) => {
  if (!event.target.matches("input[name$='-name']") || event.target.value) return;
  const found = pairs(event.clipboardData.getData("text"));
  if (!found.length) return;
  event.preventDefault();
  for (const [name, value] of found) {
    const [nameInput, valueInput] = $$("input", freeRow());
    nameInput.value = name;
    valueInput.value = value;
  }
});
