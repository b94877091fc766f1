/** One bar of verbs that follows the pointer over a table, instead of buttons in every row. */

/** @param {{page: HTMLElement, bar: HTMLElement, show: (row: Element) => void}} parts show: prepare for this row */
export function hoverBar({ page, bar, show }) {
  let over = null;

  function hide() {
    over = null;
    bar.hidden = true;
  }

  function place(row) {
    const at = row.getBoundingClientRect();
    const box = page.getBoundingClientRect();
    const view = row.closest(".scroll").getBoundingClientRect();
    bar.hidden = false;
    bar.style.top = `${at.top - box.top + (Math.min(at.height, 34) - bar.offsetHeight) / 2}px`;
    bar.style.right = `${box.right - Math.min(at.right, view.right) + 48}px`;
  }

  if (matchMedia("(hover: hover) and (min-width: 761px)").matches) {
    page.addEventListener("pointerover", (event) => {
      if (bar.contains(event.target)) return;
      const row = event.target.closest(".r");
      if (row === over && !bar.hidden) return;
      hide();
      if (!row) return;
      over = row;
      show(row);
      place(row);
    });
    page.addEventListener("scroll", hide, { passive: true, capture: true });
    page.addEventListener("pointerleave", hide);
  }
  return { row: () => over, hide };
}
