/** The container list: what it has besides what every list has. */
import { $$ } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { bind } from "../core/keys.js";
import { toast } from "../core/toast.js";
import { CONTAINERS, either } from "../parts/actions.js";
import { listPage } from "../parts/listpage.js";

const MOST_LOGS = 60; // an address has to hold their names

const visit = (part) => (row) => location.assign(`${row.url}${part}/`);

const { list, targets, perform } = listPage({
  kind: CONTAINERS,
  news: "state",
  gone: "gone",
  go: { logs: visit("logs"), inspect: visit("inspect") },
  goMany: { logs: logsOf },
});
document.addEventListener("locked", () => list.soon(0));

/** Their lines in one stream. */
function logsOf(rows) {
  const named = rows.map(({ url }) => url.split("/")).map((parts) => `${parts[2]}/${parts[4]}`);
  if (rows.length > MOST_LOGS) toast(t("logs_at_most", { most: MOST_LOGS }), { state: "unknown" });
  else location.assign(`/logs/?c=${named.join(",")}`);
}

function nextGrouping() {
  const all = $$("#viewmenu .grouping");
  const at = all.findIndex((one) => one.hasAttribute("aria-current"));
  all[(at + 1) % all.length]?.click();
}

const onTargets = (verb) => () => perform(typeof verb === "function" ? verb() : verb, targets());
const onRow = t("keys_row");
bind("b", t("key_grouping"), nextGrouping, t("keys_list"));
bind("l", t("key_logs"), onTargets("logs"), onRow);
bind("i", t("key_inspect"), onTargets("inspect"), onRow);
bind(
  "s",
  t("key_stop"),
  onTargets(() => either(targets(), ["stop", "start"])),
  onRow,
);
bind("r", t("key_restart"), onTargets("restart"), onRow);
bind(
  "p",
  t("key_pause"),
  onTargets(() => either(targets(), ["unpause", "pause"])),
  onRow,
);
