/** The filter box: what is typed goes to the server a moment later, and into the address at once. */

const TYPING_MS = 180;

/** The address of the same list with another filter: page one, all else kept. Pure. */
export function filterUrl(href, words) {
  const url = new URL(href);
  const q = words.trim();
  if (q) url.searchParams.set("q", q);
  else url.searchParams.delete("q");
  url.searchParams.delete("page");
  return `${url.pathname}${url.search}`;
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} input
 * @param {{apply: (url: string) => void, leave: () => void}} handlers
 *   apply: show this address; leave: the person goes on to the rows
 */
export function wireFilter(form, input, { apply, leave }) {
  let timer = 0;
  let asked = filterUrl(location.href, input.value);

  function go() {
    clearTimeout(timer);
    const url = filterUrl(location.href, input.value);
    if (url === asked) return;
    asked = url;
    history.replaceState(history.state, "", url);
    apply(url);
  }

  input.addEventListener("input", () => {
    asked = "";
    clearTimeout(timer);
    timer = setTimeout(go, TYPING_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
    leave();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      if (input.value) clear();
      else input.blur();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      go();
      leave();
    }
  });

  function clear() {
    input.value = "";
    asked = "";
    go();
  }
  return { clear };
}
