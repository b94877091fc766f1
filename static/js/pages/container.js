/** The page of one container: its head follows the truth, verbs as in the list, revealed variables. */
import { $ } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { onLive } from "../core/live.js";
import { addSource } from "../core/palette.js";
import { APPLIES, actions, either, ICONS, offer } from "../parts/actions.js";
import { busyRows } from "../parts/busy.js";
import { openMenu } from "../parts/menu.js";
import { refetching } from "../parts/refetch.js";
import { reveal } from "../parts/reveal.js";
import { dismissError, hideDismissed, patch, read, rowOf } from "../parts/rows.js";

const SOON_MS = 300;
const object = () => $("#object");
const head = () => $("#object > .objhead");
const { pk, id, host } = head().dataset;
const menu = $("#rowmenu");
const tab = $(".tabs [aria-current]").dataset.tab;

const busy = busyRows(() => perform("kill"));
const { act } = actions(busy);

/** By id, so that a renamed container is still found. A tab that lives on its own keeps its body. */
const part = object().dataset.part;
const fresh = refetching({
  id: part === "object" ? "object" : `c-${pk}`,
  scrollId: "tab",
  adopt,
  address: () => `/h/${host}/c/${id}/${tab === "page" ? "" : `${tab}/`}`,
});

function adopt() {
  const element = head();
  if (!element) return;
  hideDismissed(element);
  busy.restore([element]);
  offer(element, read(element));
  const { url, name } = read(element);
  const current = $(".tabs [aria-current]")?.getAttribute("href") ?? url;
  if (current !== location.pathname) history.replaceState(history.state, "", current);
  document.title = document.title.replace(/^\S+/, name);
}

/* ---- live ------------------------------------------------------------------------------------ */

const isThis = (state) => String(state[0]) === pk;

onLive("state", (states) => {
  const mine = states.find(isThis);
  if (!mine || !rowOf(pk)) return;
  patch(mine);
  busy.notice([rowOf(pk)]);
  offer(head(), read(head()));
  fresh.soon(SOON_MS);
});
onLive("gone", (pks) => {
  if (pks.map(String).includes(pk)) fresh.soon(0);
});
onLive("reset", () => fresh.soon(0));
onLive("hint", (kinds) => {
  if (kinds.includes("host")) fresh.soon(SOON_MS);
});
document.addEventListener("locked", () => fresh.soon(0));

/* ---- verbs ----------------------------------------------------------------------------------- */

function perform(verb) {
  const element = head();
  if (element) act(verb, [read(element)]);
}

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  if (on("[data-dismiss]")) dismissError(head());
  else if (on("[data-reveal]")) reveal(on("[data-reveal]"));
  else if (on("#objmore")) {
    offer(menu, read(head()));
    openMenu(menu, on("#objmore"));
  } else if (menu.contains(event.target) && on("[data-do]")) {
    menu.hidePopover();
    perform(on("[data-do]").dataset.do);
  }
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches(".verbs") || !event.submitter?.dataset.do) return;
  event.preventDefault();
  perform(event.submitter.dataset.do);
});

/* ---- keys ------------------------------------------------------------------------------------ */

const onRow = t("keys_row");
const visit = (key) => () => $(`.tabs [data-tab="${key}"]`)?.click();
const choose = (verbs) => () => head() && perform(either([read(head())], verbs));
if ($('.tabs [data-tab="logs"]')) bind("l", t("key_logs"), visit("logs"), onRow);
bind("i", t("key_inspect"), visit("inspect"), onRow);
bind("s", t("key_stop"), choose(["stop", "start"]), onRow);
bind("r", t("key_restart"), () => perform("restart"), onRow);
bind("p", t("key_pause"), choose(["unpause", "pause"]), onRow);
bind("Backspace", t("key_remove"), () => perform("remove"), onRow);

addSource(() => {
  const row = head() && read(head());
  if (!row || row.readOnly || row.stale) return [];
  return Object.keys(APPLIES)
    .filter((verb) => APPLIES[verb].includes(row.cls))
    .map((verb) => ({
      group: t("actions"),
      action: true,
      label: t(`do_${verb}`, { name: row.name }),
      icon: ICONS[verb],
      run: () => perform(verb),
    }));
});

adopt();
