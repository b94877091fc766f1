/** The current row: where j and k are. It has the focus on its link, so Enter and Tab go on from there. */
import { $ } from "../core/dom.js";
import { rowOf } from "./rows.js";

/**
 * @param {HTMLElement} page
 * @param {() => HTMLElement[]} shown the rows that can be gone to
 */
export function rowCursor(page, shown) {
  let pk = "";

  function set(element) {
    $(".r.cur", page)?.classList.remove("cur");
    pk = element?.dataset.pk ?? "";
    element?.classList.add("cur");
  }

  function moveTo(element) {
    set(element);
    if (!element) return;
    element.scrollIntoView({ block: "nearest" });
    $(".nm a", element).focus({ preventScroll: true });
  }

  function step(by) {
    const rows = shown();
    const at = rows.findIndex((one) => one.dataset.pk === pk);
    moveTo(rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))]);
  }

  page.addEventListener("focusin", (event) => {
    if (event.target.matches(".nm a:focus-visible")) set(event.target.closest(".r"));
  });

  return {
    moveTo,
    step,
    element: () => (pk ? rowOf(pk) : null),
    isAt: (element) => element.dataset.pk === pk,
    /** After the list came anew. */
    restore(hadFocus) {
      const element = pk ? rowOf(pk) : null;
      element?.classList.add("cur");
      if (!hadFocus || document.activeElement !== document.body) return;
      $(".nm a", element ?? page)?.focus({ preventScroll: true });
    },
  };
}
