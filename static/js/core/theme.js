/** Light or dark. The server renders the choice from a cookie, so no page flashes. */

export function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
}

/** Wide navigation or icons only. */
export function toggleNavigation() {
  const root = document.documentElement;
  if (root.dataset.nav === "slim") delete root.dataset.nav;
  else root.dataset.nav = "slim";
  remember("nav", root.dataset.nav ?? "");
}

/** A year, for this site only; the server reads it at the next page. */
function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all our browsers
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
}
