/** The image list: what it has besides what every list has. */
import { $, $$ } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { post } from "../core/post.js";
import { toast } from "../core/toast.js";
import { IMAGES } from "../parts/images.js";
import { listPage } from "../parts/listpage.js";

/** How the pages of transfers call an image. */
const referenceOf = (row) => row.tags[0] ?? row.id;

/** Their addresses stand in the menu; the form to run one names its image otherwise. */
function visit(verb, rows) {
  const url = new URL($(`#rowmenu [data-do="${verb}"]`).dataset.url, location.href);
  url.searchParams.set("host", rows[0].host);
  for (const row of rows)
    url.searchParams.append(verb === "run" ? "image" : "reference", referenceOf(row));
  location.assign(url);
}

const ways = ["run", "push", "distribute", "save"];
const go = Object.fromEntries(ways.map((verb) => [verb, (row) => visit(verb, [row])]));

/** Of these, or of all that this person operates. */
async function lookForNewer(rows) {
  const named = rows.map((row) => ["target", row.key]);
  const { ok, data } = await post("/images/act/", [["action", "newer"], ...named]);
  if (ok)
    toast(t("image_looking"), { state: "busy", link: { url: data.url, label: t("view_job") } });
}

const { targets, perform } = listPage({
  kind: IMAGES,
  news: "image",
  gone: "image_gone",
  counts: ["container"],
  shows: ["host", "image"],
  always: { newer: lookForNewer },
  go: {
    ...go,
    compare: (row) => compare([row]),
    inspect: (row) => location.assign(`${row.url}-/inspect/`),
  },
  goMany: { save: saveAll, compare },
});

/** Two with each other; one with another that is chosen there. */
function compare(rows) {
  if (rows.length > 2) {
    toast(t("image_compare_two"), { state: "unknown" });
    return;
  }
  const [left, right = ""] = rows.map((row) => `${row.host}/${referenceOf(row)}`);
  const url = new URL($('#act [data-do="compare"]').dataset.url, location.href);
  url.search = new URLSearchParams(right ? { left, right } : { left });
  location.assign(url);
}

/** One file holds images of one host. */
function saveAll(rows) {
  if (new Set(rows.map((row) => row.host)).size > 1)
    toast(t("image_save_one_host"), { state: "unknown" });
  else visit("save", rows);
}

function nextGrouping() {
  const all = $$("#viewmenu .grouping");
  const at = all.findIndex((one) => one.hasAttribute("aria-current"));
  all[(at + 1) % all.length]?.click();
}

bind("b", t("key_grouping"), nextGrouping, t("keys_list"));
bind("i", t("key_inspect"), () => perform("inspect", targets()), t("keys_row"));
