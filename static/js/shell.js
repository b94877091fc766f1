/** What every page loads: keys, palette, help, theme, live socket and the declared behaviours. */
import { declare } from "./core/declare.js";
import { $, $$ } from "./core/dom.js";
import { t } from "./core/i18n.js";
import { bind, listen } from "./core/keys.js";
import { onLive, start, tellJob } from "./core/live.js";
import { addSource, openPalette } from "./core/palette.js";
import { tellRefusal } from "./core/post.js";
import { toggleNavigation, toggleTheme } from "./core/theme.js";
import { toastMessages } from "./core/toast.js";
import { placeMenus } from "./parts/menu.js";

const GO = {
  o: "/",
  c: "/containers/",
  l: "/logs/",
  i: "/images/",
  r: "/registries/",
  b: "/builds/",
  h: "/hosts/",
  j: "/jobs/",
};
const LOADING_MS = 300;
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

const help = () => import("./core/help.js").then((sheet) => sheet.help());

/** Only what the navigation of this person has can be gone to. */
function bindKeys() {
  for (const [letter, url] of Object.entries(GO)) {
    const link = $$(".nav .navlist a").find((one) => one.getAttribute("href") === url);
    if (link)
      bind(`g ${letter}`, $(".label", link).textContent, () => location.assign(url), t("keys_go"));
  }
  bind("mod+k", t("key_palette"), () => openPalette(), t("keys_everywhere"));
  bind("?", t("key_help"), help, t("keys_everywhere"));
  bind("[", t("key_navigation"), toggleNavigation, t("keys_everywhere"));
  if ($("#q")) bind("/", t("key_filter"), () => $("#q").select(), t("keys_everywhere"));
}

/** What can be done on every page, after what can be done with what the page shows. */
function everywhere() {
  const action = (label, icon, run, keys = "") => ({
    group: t("actions"),
    action: true,
    label,
    icon,
    keys,
    run,
  });
  const links = $$("main a.btn.primary").map((link) =>
    action(($(".vh", link) ?? link).textContent.trim(), "plus", () => link.click()),
  );
  return [
    ...links,
    action($("[data-cmd=theme]").ariaLabel, "moon", toggleTheme),
    action(t("key_help"), "keyboard", help, "?"),
    action(t("key_navigation"), "menu", toggleNavigation, "["),
  ];
}

/** A bar at the top after 300 ms, and the server's words when a part of the page could not come. */
function followRequests() {
  const bar = $("#loading");
  let open = 0;
  let timer = 0;
  document.addEventListener("htmx:beforeRequest", () => {
    open += 1;
    if (open === 1) timer = setTimeout(() => bar.classList.add("on"), LOADING_MS);
  });
  document.addEventListener("htmx:afterRequest", () => {
    open = Math.max(0, open - 1);
    if (open) return;
    clearTimeout(timer);
    bar.classList.remove("on");
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.requestConfig.triggeringEvent?.type === "live") return;
    const { status, responseText } = event.detail.xhr;
    let data = null;
    try {
      data = JSON.parse(responseText);
    } catch {
      // an error page: its status is all we can tell
    }
    tellRefusal({ status, data });
  });
}

bindKeys();
listen();
placeMenus();
declare({
  palette: (button) => openPalette(button.dataset.prefill ?? ""),
  theme: toggleTheme,
  help,
});
addSource(everywhere);
followRequests();
toastMessages();
onLive("job", tellJob);
start();
if (isMac) for (const key of $$("kbd[data-mod]")) key.textContent = `⌘${key.dataset.mod}`;
