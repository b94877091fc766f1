/** What is asked before a verb is sent, as the table of ux.md section 5 says. */
import { ask } from "../core/dialog.js";
import { glyph, make } from "../core/dom.js";
import { t } from "../core/i18n.js";

const DOWN = ["exited", "failed", "created"];
const SIGNALS = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
const GRACE_S = 10;
const LONGEST_GRACE_S = 3600;
const HARMLESS = ["start", "unpause"];

const item = (row) =>
  make(
    "span",
    {},
    glyph(row.mark),
    make("span", { textContent: row.name }),
    make("span", { className: "dim", textContent: row.host }),
  );

/**
 * The options to send, or null: do not. What can be undone is done without a question.
 * @param {boolean} choose the person wants to choose the grace period
 */
export function confirmFirst(verb, rows, { choose = false } = {}) {
  const n = rows.length;
  const items = rows.map(item);
  const own = rows.find((row) => row.own);
  const typed = own && !HARMLESS.includes(verb) ? own.name : undefined;
  if (verb === "kill") {
    return ask({
      title: t("kill_title", { n }),
      body: t("kill_body"),
      items,
      fields: [signalField()],
      verb: t("kill"),
      danger: true,
      typed,
    });
  }
  if (verb === "remove") return ask({ ...removal(rows, items), typed });
  if (verb === "rename") return askName(rows[0]);
  if (verb === "stop" || verb === "restart") {
    if (n > 1 || choose || typed) return askGrace(verb, items, typed);
  } else if (typed) {
    return ask({ title: t("own_title"), body: t("own_body"), verb: t("continue"), typed });
  }
  return {};
}

function askGrace(verb, items, typed) {
  const n = items.length;
  return ask({
    title: t(`${verb}_title`, { n }),
    body: t(`${verb}_body`),
    items,
    fields: [graceField()],
    verb: t(verb),
    typed,
    focusVerb: true,
  });
}

async function askName(row) {
  const input = make("input", {
    id: "dlg-name",
    name: "name",
    type: "text",
    value: row.name,
    required: true,
    maxLength: 128,
    pattern: "[a-zA-Z0-9][a-zA-Z0-9_.\\-]+",
    title: t("name_rule"),
    autocomplete: "off",
    spellcheck: false,
  });
  const values = await ask({
    title: t("rename_title", { name: row.name }),
    fields: [labelled(input, t("new_name"), t("name_rule"))],
    verb: t("rename"),
  });
  return values && values.name !== row.name ? values : null;
}

function removal(rows, items) {
  const up = rows.filter((row) => !DOWN.includes(row.cls)).length;
  const checks = [{ name: "volumes", label: t("remove_volumes") }];
  if (up) checks.unshift({ name: "force", label: t("remove_force", { n: up }) });
  return {
    title: t("remove_title", { n: rows.length }),
    body: t("remove_body"),
    items,
    checks,
    verb: t("remove"),
    danger: true,
  };
}

function signalField() {
  const select = make("select", { id: "dlg-signal", name: "signal" });
  select.append(...SIGNALS.map((name) => make("option", { value: name, textContent: name })));
  return labelled(select, t("signal"));
}

function graceField() {
  const input = make("input", {
    id: "dlg-grace",
    name: "timeout",
    type: "number",
    min: "0",
    max: String(LONGEST_GRACE_S),
    value: String(GRACE_S),
    required: true,
  });
  return labelled(input, t("grace"));
}

function labelled(control, text, help) {
  const field = make(
    "div",
    { className: "fld" },
    make("label", { htmlFor: control.id, textContent: text }),
    control,
  );
  if (help) field.append(make("p", { className: "help", textContent: help }));
  return field;
}
