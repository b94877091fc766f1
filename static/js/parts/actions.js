/** Verbs on containers: who they apply to, what is asked first, what is sent, what is told after. */
import { ask } from "../core/dialog.js";
import { glyph, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { onLive } from "../core/live.js";
import { post } from "../core/post.js";
import { toast } from "../core/toast.js";
import { rowOf } from "./rows.js";

const URL_OF_ACTIONS = "/containers/act/";
const UP = ["running", "healthy", "unhealthy", "restarting"];
const DOWN = ["exited", "failed", "created"];
const SIGNALS = ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];
const INVERSE = { stop: "start", pause: "unpause" };

/** Which states a verb makes sense in. A busy row takes only kill, while its state is not known. */
export const APPLIES = {
  start: DOWN,
  stop: [...UP, "paused"],
  restart: [...UP, ...DOWN, "paused"],
  pause: UP,
  unpause: ["paused"],
  kill: [...UP, "paused", "busy"],
  remove: [...UP, ...DOWN, "paused", "unknown"],
};

/** Rows that a verb can be sent for, and why the others are left out. Pure. */
export function sort(verb, rows) {
  const out = { go: [], stale: [], readOnly: [], locked: [], other: [] };
  for (const row of rows) {
    if (row.stale) out.stale.push(row);
    else if (row.readOnly) out.readOnly.push(row);
    else if (verb === "remove" && row.locked) out.locked.push(row);
    else if (APPLIES[verb].includes(row.cls)) out.go.push(row);
    else out.other.push(row);
  }
  return out;
}

/** stop what runs; where nothing runs, start. The same for pause. */
export function either(rows, [first, second]) {
  return rows.some((row) => APPLIES[first].includes(row.cls)) ? first : second;
}

/** @param {ReturnType<import("./busy.js").busyRows>} busy */
export function actions(busy) {
  const undos = new Map();
  const ended = new Map();

  async function act(verb, rows) {
    const { go, stale, readOnly, locked } = sort(verb, rows);
    tellLeftOut({ stale, readOnly, locked });
    if (!go.length) {
      if (!stale.length && !readOnly.length && !locked.length)
        toast(t("not_applicable"), { state: "unknown" });
      return;
    }
    const options = await confirmFirst(verb, go);
    if (options) await request(verb, go, options);
  }

  async function request(verb, rows, options = {}) {
    for (const row of rows) {
      const element = rowOf(row.pk);
      if (element) busy.begin(element, verb);
    }
    const fields = [
      ["action", verb],
      ...rows.map((row) => ["target", row.key]),
      ...Object.entries(options),
    ];
    const { ok, data } = await post(URL_OF_ACTIONS, fields);
    if (!ok) for (const row of rows) busy.undo(row.pk);
    else settle(String(data.job), { verb, rows });
  }

  /** The answer and the news of the job's end may come in either order. */
  function settle(id, deed) {
    const job = ended.get(id);
    if (job) tell(job, deed);
    else undos.set(id, deed);
  }

  onLive("job", (job) => {
    const id = String(job.id);
    const deed = undos.get(id);
    undos.delete(id);
    if (deed) tell(job, deed);
    else {
      ended.set(id, job);
      setTimeout(() => ended.delete(id), 10000);
    }
  });

  /** What went wrong is told by core/live.js, for every page. */
  function tell(job, { verb, rows }) {
    if (job.state !== "succeeded") return;
    const inverse = rows.length === 1 ? INVERSE[verb] : undefined;
    const text =
      rows.length === 1
        ? t(`done_${verb}`, { name: rows[0].name })
        : t(`done_${verb}_n`, { n: rows.length });
    toast(text, { undo: inverse && (() => request(inverse, rows)), state: "ok" });
  }

  return { act };
}

function tellLeftOut({ stale, readOnly, locked }) {
  if (stale.length) {
    const hosts = [...new Set(stale.map((row) => row.host))].join(", ");
    toast(t("skipped_offline", { n: stale.length, hosts }), { state: "unknown" });
  }
  if (readOnly.length) toast(t("skipped_rights", { n: readOnly.length }), { state: "unknown" });
  if (locked.length) toast(t("skipped_locked", { n: locked.length }), { state: "unknown" });
}

const item = (row) =>
  make(
    "span",
    {},
    glyph(row.mark),
    make("span", { textContent: row.name }),
    make("span", { className: "dim", textContent: row.host }),
  );

/** null = do not. What can be undone is done; the table of ux.md section 5 says what is asked. */
function confirmFirst(verb, rows) {
  const n = rows.length;
  const items = rows.map(item);
  if (verb === "kill") {
    return ask({
      title: t("kill_title", { n }),
      body: t("kill_body"),
      items,
      fields: [signalField()],
      verb: t("kill"),
      danger: true,
    });
  }
  if (verb === "remove") return ask(removal(rows, items));
  if (n > 1 && (verb === "stop" || verb === "restart")) {
    return ask({
      title: t(`${verb}_title`, { n }),
      body: t(`${verb}_body`),
      items,
      verb: t(verb),
    });
  }
  return {};
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
  return make(
    "div",
    { className: "fld" },
    make("label", { htmlFor: "dlg-signal", textContent: t("signal") }),
    select,
  );
}
