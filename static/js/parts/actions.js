/** Verbs on rows: who they apply to, what is asked first, what is sent, what is told after. */
import { $$ } from "../core/dom.js";
import { has, t } from "../core/i18n.js";
import { onLive } from "../core/live.js";
import { post } from "../core/post.js";
import { toast } from "../core/toast.js";
import { rowOf } from "./rows.js";

const UP = ["running", "healthy", "unhealthy", "restarting"];
const DOWN = ["exited", "failed", "created"];
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

export const ICONS = {
  start: "play",
  stop: "square",
  restart: "rotate-cw",
  pause: "pause",
  unpause: "play",
  kill: "zap",
  remove: "trash-2",
};

/** Verbs that a menu has and the palette does not: of one container, or with a question more. */
const MORE = {
  stop_after: APPLIES.stop,
  restart_after: APPLIES.restart,
  rename: [...UP, ...DOWN, "paused"],
};

/** What can be undone, and what does no harm, is done without a question; others bring their own. */
function confirmFirst(verb, rows, options) {
  const harmless = ["start", "pause", "unpause"].includes(verb);
  const plain = harmless || (["stop", "restart"].includes(verb) && rows.length === 1);
  if (plain && !options.choose && !rows.some((row) => row.own)) return {};
  return import("./questions.js").then((questions) => questions.confirmFirst(verb, rows, options));
}

/**
 * One kind of thing in a list. `word` begins the keys of its texts: do_<word>remove, done_<word>remove_n.
 * @typedef {{url: string, word: string, applies: Record<string, string[]>, more: Record<string, string[]>,
 *   icons: Record<string, string>, inverse: Record<string, string>, cells: [string, string][],
 *   refuses?: (verb: string, row: import("./rows.js").Row) => string,
 *   confirm: (verb: string, rows: import("./rows.js").Row[],
 *     options: {choose: boolean, refused: import("./rows.js").Row[]}) => unknown}} Kind
 *   confirm: the options to send, or null; refuses: why this one is left out, else "";
 *   cells: what peek shows, a fact's name and where it is
 * @type {Kind}
 */
export const CONTAINERS = {
  url: "/containers/act/",
  word: "",
  applies: APPLIES,
  more: MORE,
  icons: ICONS,
  inverse: INVERSE,
  confirm: confirmFirst,
  cells: [
    ["state", ".st"],
    ["host", ".ho"],
    ["image", ".im"],
    ["ports", ".po"],
  ],
};

/** A text of this kind, where it has one of its own. */
export const say = (kind, key, values) => t(has(kind.word + key) ? kind.word + key : key, values);

/** Shows in a menu or bar what makes sense for a row; what is not allowed is off, with the reason. */
export function offer(box, row, kind = CONTAINERS) {
  for (const button of $$("[data-do]", box)) {
    const verb = button.dataset.do;
    const states = kind.applies[verb] ?? kind.more[verb];
    const why = states || verb === "lock" ? whyNot(verb, row, kind) : "";
    button.hidden = !makesSense(verb, states, row);
    button.disabled = Boolean(why);
    if (why) button.title = why;
    else if (box.matches(".menu")) button.removeAttribute("title");
  }
}

function makesSense(verb, states, row) {
  if (verb === "lock") return !row.locked;
  if (verb === "unlock") return row.locked && row.admin;
  return !states || states.includes(row.cls);
}

function whyNot(verb, row, kind) {
  if (row.readOnly) return say(kind, "why_rights");
  if (verb === "lock") return "";
  if (row.stale) return t("why_offline");
  if (verb === "remove" && row.locked) return t("why_locked");
  return kind.refuses?.(verb, row) ?? "";
}

/** Rows that a verb can be sent for, and why the others are left out. Pure. */
export function sort(verb, rows, kind = CONTAINERS) {
  const out = { go: [], stale: [], readOnly: [], locked: [], refused: [], other: [] };
  for (const row of rows) {
    if (row.stale) out.stale.push(row);
    else if (row.readOnly) out.readOnly.push(row);
    else if (verb === "remove" && row.locked) out.locked.push(row);
    else if (kind.refuses?.(verb, row)) out.refused.push(row);
    else if ((kind.applies[verb] ?? kind.more[verb]).includes(row.cls)) out.go.push(row);
    else out.other.push(row);
  }
  return out;
}

/** stop what runs; where nothing runs, start. The same for pause. */
export function either(rows, [first, second]) {
  return rows.some((row) => APPLIES[first].includes(row.cls)) ? first : second;
}

/** @param {ReturnType<import("./busy.js").busyRows>} busy */
export function actions(busy, kind = CONTAINERS) {
  const undos = new Map();
  const ended = new Map();

  /** `wish` is a verb; with "_after" the person also chooses the grace period. */
  async function act(wish, rows) {
    if (wish === "lock" || wish === "unlock") return setLock(rows, wish === "lock");
    const verb = wish.replace(/_after$/, "");
    const { go, stale, readOnly, locked, refused } = sort(verb, rows, kind);
    tellLeftOut({ stale, readOnly, locked });
    if (!go.length) {
      if (refused.length) toast(kind.refuses(verb, refused[0]), { state: "unknown" });
      else if (!stale.length && !readOnly.length && !locked.length)
        toast(say(kind, "not_applicable"), { state: "unknown" });
      return;
    }
    const options = await kind.confirm(verb, go, { choose: verb !== wish, refused });
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
    const { ok, data } = await post(kind.url, fields);
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
    const inverse = rows.length === 1 ? kind.inverse[verb] : undefined;
    const text =
      rows.length === 1
        ? t(`done_${kind.word}${verb}`, { name: rows[0].name })
        : t(`done_${kind.word}${verb}_n`, { n: rows.length });
    toast(text, { undo: inverse && (() => request(inverse, rows)), state: "ok" });
  }

  return { act };
}

/** A lock is ours and no job. Whoever may not lift it is told so by the server. */
async function setLock(rows, on) {
  for (const row of rows) {
    const url = `/h/${row.host}/c/${row.id}/lock/`;
    const { ok } = await post(url, [["locked", on ? "1" : "0"]]);
    if (!ok) return;
    const { name } = row;
    toast(on ? t("done_lock", { name }) : t("done_unlock", { name }), { state: "ok" });
  }
  document.dispatchEvent(new CustomEvent("locked"));
}

function tellLeftOut({ stale, readOnly, locked }) {
  if (stale.length) {
    const hosts = [...new Set(stale.map((row) => row.host))].join(", ");
    toast(t("skipped_offline", { n: stale.length, hosts }), { state: "unknown" });
  }
  if (readOnly.length) toast(t("skipped_rights", { n: readOnly.length }), { state: "unknown" });
  if (locked.length) toast(t("skipped_locked", { n: locked.length }), { state: "unknown" });
}
