/** The page of one image: its head follows the truth, verbs as in the list, revealed variables. */
import { $ } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { onLive } from "../core/live.js";
import { actions, offer } from "../parts/actions.js";
import { busyRows } from "../parts/busy.js";
import { IMAGES } from "../parts/images.js";
import { refetching } from "../parts/refetch.js";
import { reveal } from "../parts/reveal.js";
import { dismissError, hideDismissed, paint, patch, read, rowOf } from "../parts/rows.js";

const SOON_MS = 300;
const head = () => $("#object > .objhead");
const { pk, id, host } = head().dataset;
const tab = $(".tabs [aria-current]").dataset.tab;

let gone = false;
const busy = busyRows(() => {});
const { act } = actions(busy, IMAGES);

/** By id, so that an image is found whose tag went elsewhere. */
const fresh = refetching({
  id: "object",
  scrollId: "tab",
  adopt,
  address: () => `/h/${host}/i/${id}/${tab === "page" ? "" : `-/${tab}/`}`,
});

function show() {
  const verbs = $(".verbs", head());
  if (verbs) offer(verbs, read(head()), IMAGES);
}

function adopt() {
  hideDismissed(head());
  busy.restore([head()]);
  show();
  const current = $(".tabs [aria-current]").getAttribute("href");
  if (current !== location.pathname) history.replaceState(history.state, "", current);
  document.title = document.title.replace(/^\S+/, read(head()).name);
}

onLive("image", (states) => {
  const mine = states.find((state) => String(state[0]) === pk);
  if (!mine || !rowOf(pk)) return;
  patch(mine);
  busy.notice([head()]);
  show();
  fresh.soon(SOON_MS);
});
onLive("image_gone", (pks) => {
  if (!pks.map(String).includes(pk)) return;
  gone = true;
  head().dataset.busy = "";
  busy.notice([head()]);
  paint(head(), "unknown", "unknown", t("image_gone"));
  $(".verbs", head())?.remove();
});
onLive("reset", () => !gone && fresh.soon(0));
onLive("hint", (kinds) => {
  if (!gone && kinds.includes("host")) fresh.soon(SOON_MS);
});

const perform = (verb) => $(".verbs", head()) && act(verb, [read(head())]);

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  if (on("[data-dismiss]")) dismissError(head());
  else if (on("[data-reveal]")) reveal(on("[data-reveal]"));
  else if (on(".verbs [data-do]")) perform(on("[data-do]").dataset.do);
});

bind("i", t("key_inspect"), () => $('.tabs [data-tab="inspect"]')?.click(), t("keys_row"));
bind("Backspace", t("key_remove"), () => perform("remove"), t("keys_row"));

hideDismissed(head());
busy.restore([head()]);
show();
