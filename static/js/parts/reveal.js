/** Variables of a container or an image whose values are hidden: an administrator reveals them. */
import { $$, make } from "../core/dom.js";
import { post } from "../core/post.js";

/** Shows one value, or all that are hidden. They stay until the page is left or drawn anew. */
export async function reveal(button) {
  const cells = $$("#tab [data-variable]:has(.masked)");
  const wanted = button.dataset.name;
  const names = wanted ? [wanted] : cells.map((cell) => cell.dataset.variable);
  button.disabled = true;
  const { ok, data } = await post(
    button.dataset.reveal,
    names.map((name) => ["names", name]),
  );
  button.disabled = false;
  if (!ok) return;
  for (const cell of cells) {
    const value = data.values[cell.dataset.variable];
    if (value !== undefined) cell.replaceChildren(make("code", { textContent: value }));
  }
}
