/** Rows of a list. The DOM is the data: a record is read from its row when it is needed. */
import { $, glyph, make } from "../core/dom.js";
import { has, t } from "../core/i18n.js";
import { send } from "../core/post.js";

const FLASH = { duration: 1200, easing: "ease-out" };

/**
 * @typedef {{pk: string, key: string, id: string, host: string, name: string, url: string, cls: string,
 *   mark: string, busy: string, stale: boolean, locked: boolean, readOnly: boolean,
 *   own: boolean, admin: boolean, tags: string[]}} Row  key: "<host>/<full id>"; own: this dashboard
 *   runs in it; tags: of an image
 */

/** @returns {Row} */
export function read(element) {
  const link = $(".nm a", element);
  const { pk, id, host, busy } = element.dataset;
  return {
    pk,
    id,
    host,
    busy,
    key: `${host}/${id}`,
    name: link.textContent,
    url: link.getAttribute("href"),
    cls: classOf(element),
    mark: markOf(element),
    stale: element.classList.contains("stale"),
    locked: "locked" in element.dataset,
    readOnly: "ro" in element.dataset,
    own: "own" in element.dataset,
    admin: "admin" in element.dataset,
    tags: element.dataset.tags?.split(" ") ?? [],
  };
}

export const rowOf = (pk) => document.getElementById(`c-${pk}`);
export const classOf = (element) => /(?:^|\s)s-(\S+)/.exec(element.className)?.[1] ?? "";

/** The name of the state glyph that the row shows. */
export const markOf = (element) =>
  element.children[1].firstElementChild.className.slice("g g-".length);

/** What the state cell says while a verb is under way: our word for it, else the server's. */
export const busyText = (verb, fallback) => (has(`busy_${verb}`) ? t(`busy_${verb}`) : fallback);

/**
 * Sets a row to what the server says of it: [pk, cls, glyph, status, busy, error].
 * Returns "unknown" (no such row here), "changed" (its class is another now) or "same".
 */
export function patch([pk, cls, mark, status, busy, error], { flash = true } = {}) {
  const element = rowOf(pk);
  if (!element) return "unknown";
  const before = classOf(element);
  element.dataset.busy = busy;
  paint(
    element,
    busy ? "busy" : cls,
    busy ? "busy" : mark,
    busy ? busyText(busy, status) : status,
  );
  showError(element, error);
  const after = classOf(element);
  if (before === after) return "same";
  // WAAPI: no reflow is forced to start it again, which a class would need
  if (flash && !busy) element.animate([{ backgroundColor: "var(--accent-bg)" }, {}], FLASH);
  return "changed";
}

/** Class, glyph and words of a row. Never reads layout, so that hundreds in a row cost one. */
export function paint(element, cls, mark, status) {
  const name = `s-${cls}`;
  if (!element.classList.contains(name)) {
    element.className = element.className.replace(/(^|\s)s-\S+/, `$1${name}`);
  }
  const [, nameCell, stateCell] = element.children;
  nameCell.firstElementChild.className = `g g-${mark}`;
  if (stateCell.textContent !== status || stateCell.firstElementChild)
    stateCell.textContent = status;
}

/** The engine's words under the row, until dismissed or until they are no longer true. */
export function showError(element, error) {
  const shown = $(".er", element);
  if (!error || isDismissed(element.dataset.pk, error)) {
    shown?.remove();
    element.classList.remove("has-err");
    return;
  }
  element.classList.add("has-err");
  if (shown) {
    $("code", shown).textContent = error;
    return;
  }
  const button = make("button", {
    type: "button",
    className: "btn ghost small",
    "data-dismiss": "",
    textContent: t("dismiss"),
  });
  element.append(
    make(
      element.tagName === "TR" ? "td" : "div",
      { role: element.tagName === "TR" ? "cell" : null, className: "er" },
      glyph("failed"),
      make("code", { textContent: error }),
      button,
    ),
  );
}

const dismissKey = (pk, error) => `dismissed:${pk}:${error}`;
const isDismissed = (pk, error) => sessionStorage.getItem(dismissKey(pk, error)) !== null;

/**
 * Hides the error of a row, in this tab at once and for this person at the server: the job that
 * failed is noted as seen. A row that the socket patched does not know its job until it is fetched.
 */
export function dismissError(element) {
  const job = $("[data-dismiss]", element).dataset.dismiss;
  sessionStorage.setItem(dismissKey(element.dataset.pk, $(".er code", element).textContent), "1");
  showError(element, "");
  if (job) send(`/jobs/${job}/dismiss/`, []);
}

/** After the list came anew: errors that were dismissed stay away. */
export function hideDismissed(element) {
  const shown = $(".er code", element);
  if (shown && isDismissed(element.dataset.pk, shown.textContent)) showError(element, "");
}
