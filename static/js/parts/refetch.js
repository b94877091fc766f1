/** A list that is fetched again: soon, not too often, not while a menu is open over it or nobody looks. */
import { $ } from "../core/dom.js";

/** On a busy fleet the list is fetched again at most this often. */
const GAP_MS = 2000;
const EVERY_MS = 60000;

const here = () => location.pathname + location.search;

/**
 * @param {{id: string, scrollId: string, adopt: (hadFocus: boolean) => void, address?: () => string}} parts
 *   id: of the element that is replaced; adopt: called with each new one; address: where it is fetched,
 *   if not at the page's own
 */
export function refetching({ id, scrollId, adopt, address = here }) {
  const target = `#${id}`;
  let list = $(target);
  let timer = 0;
  let due = Number.POSITIVE_INFINITY;
  let fetched = 0;
  let keepScroll = false;
  let scrollTop = 0;
  let hadFocus = false;

  /** Shows this address of the list now. The scroll position is kept when it is the same list. */
  function now(url = address(), keep = false) {
    clearTimeout(timer);
    due = Number.POSITIVE_INFINITY;
    fetched = performance.now();
    keepScroll = keep;
    htmx.ajax("GET", url, { target, swap: "outerHTML", select: target });
  }

  function soon(ms) {
    const at = Math.max(performance.now() + ms, fetched + GAP_MS);
    if (at >= due) return;
    due = at;
    clearTimeout(timer);
    timer = setTimeout(ripe, at - performance.now());
  }

  function ripe() {
    due = Number.POSITIVE_INFINITY;
    if (document.hidden) {
      document.addEventListener("visibilitychange", () => soon(0), { once: true });
    } else if (document.querySelector(".menu:popover-open, dialog[open]")) soon(GAP_MS);
    else now(undefined, true);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== id) return;
    const box = document.getElementById(scrollId);
    scrollTop = keepScroll && box ? box.scrollTop : 0;
    hadFocus = Boolean(box?.contains(document.activeElement));
    keepScroll = false;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if ($(target) === list) return;
    list = $(target);
    adopt(hadFocus);
    const box = document.getElementById(scrollId);
    if (box) box.scrollTop = scrollTop;
  });
  setInterval(() => soon(0), EVERY_MS);
  return { now, soon };
}
