/** Finding and making elements. Text goes in as text: nothing here, or anywhere, parses HTML. */

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/**
 * A new element. Properties that the element has are set as properties, others as attributes.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Node | string | null | undefined)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of the sprite whose address the page carries in <body data-sprite>. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "i s");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A state glyph; the word beside it says the same. */
export const glyph = (state) => make("i", { className: `g g-${state}` });

/** True while the person types, so that letters are letters. */
export function isTyping(target) {
  return Boolean(
    target?.matches?.(
      "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]",
    ),
  );
}
