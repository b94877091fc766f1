/** The palette: go anywhere, find anything on any host, run an action. Opens at once, then comes. */
import { $ } from "./dom.js";

const sources = [];

/**
 * @typedef {{group: string, label: string, hint?: string, icon?: string, glyph?: string,
 *   keys?: string, action?: boolean, run: () => void}} Option
 */

/** @param {() => Option[]} source what this page can do now */
export function addSource(source) {
  sources.push(source);
}

/** @type {() => Option[]} what all of the page can do now */
const known = () => sources.flatMap((source) => source());

/** It opens before its script is there, so that no letter typed meanwhile is lost. */
export function openPalette(prefill = "") {
  const dialog = $("#palette");
  if (dialog.open) return;
  const input = $("input", dialog);
  dialog.showModal();
  input.value = prefill;
  input.focus();
  import("./palettebox.js").then(
    ({ opened }) => opened(known),
    () => dialog.close(),
  );
}
