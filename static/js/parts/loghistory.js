/**
 * Lines that the stream does not bring: older ones as somebody scrolls up, those around a moment or a
 * line, and newer ones until the end is reached, where the stream goes on after the last of them.
 */
import { t } from "../core/i18n.js";
import { placeOf } from "./logstore.js";
import { secondsCache } from "./logstream.js";

const PAGE = 500; // lines asked for at once
const AROUND = 1000;
const MOST_EDGES = 5500; // characters in an address, which takes 8 kB
const SEVERAL = 5; // pages in a row of which nothing is shown, since a filter lets nothing pass
const UNHURRIED_MS = 300; // before we say that we wait

const second = secondsCache();

/**
 * @param {import("./logview.js").LogView} view
 * @param {{containers: string[], select: string, numberOf: (source: object) => number,
 *   stop: () => void, begin: () => void, goOn: (places: object[], since: string) => void,
 *   say: (text: string, detail?: string) => void}} about numberOf: of a container in the view;
 *   stop, begin, goOn: the stream; say: what we wait for, or what failed; "" is nothing
 */
export function logHistory(view, { containers, select, numberOf, stop, begin, goOn, say }) {
  const { store } = view;
  const isMany = containers.length > 1 || select !== "";
  const skews = new Map(); // number in the view -> ms that its clock is ahead
  const paths = new Map(); // number in the view -> host/full id
  const names = new Map(); // likewise -> name
  let isLoose = isMany; // the first lines are so many of each log: others lie between them
  let isFirst = false; // nothing is before what is held
  let reading = null;

  /** Where each log is held from (way: older), or until. Of few lines that is found at once. */
  function edges(way) {
    const found = new Map();
    const step = way === "older" ? 1 : -1;
    let id = step > 0 ? store.first : store.next - 1;
    for (; store.holds(id) && found.size < paths.size; id += step)
      if (!store.isMark(id) && !found.has(store.source(id))) found.set(store.source(id), id);
    return found;
  }

  const time = (id) => store.time(id) - (skews.get(store.source(id)) ?? 0);
  const places = (found) =>
    [...found].map(([at, id]) => ({ c: paths.get(at), at, cursor: store.cursor(id) }));

  function beyond(way) {
    const found = edges(way);
    if (!found.size) return null;
    const nearest = time(found.values().next().value);
    const query = { way, lines: PAGE, at: new Date(nearest + 1).toISOString() };
    const told = [];
    let size = 0;
    for (const { c, cursor } of places(found)) {
      size += encodeURIComponent(c + cursor).length + 9;
      if (size < MOST_EDGES) told.push(`${c}@${cursor}`);
    }
    return { ...query, edge: told };
  }

  async function ask(query) {
    const asked = new URLSearchParams(containers.map((name) => ["c", name]));
    if (select) asked.append("select", select);
    for (const [name, value] of Object.entries(query))
      for (const each of [value].flat()) asked.append(name, each);
    const read = new AbortController();
    reading?.abort();
    reading = read;
    const waiting = setTimeout(() => say(t("log_reading")), UNHURRIED_MS);
    try {
      const answer = await fetch(`/api/v1/logs/page?${asked}`, { signal: read.signal });
      const page = await answer.json();
      if (reading !== read) return null;
      const { unread = [] } = page;
      if (!answer.ok) say(t("log_reading_failed"), page.errors?.[0]?.message ?? page.detail ?? "");
      else if (unread.length) say(t("log_unread"), unread[0].detail);
      else say("");
      return answer.ok ? taken(page) : null;
    } catch {
      if (reading === read) say(t("log_reading_failed"));
      return null;
    } finally {
      clearTimeout(waiting);
      if (reading === read) reading = null;
    }
  }

  /** Its lines as the view takes them. */
  function taken(page) {
    const numbers = page.sources.map((source) => {
      const at = numberOf(source);
      return at;
    });
    const lines = page.lines.map(([timestamp, n, , text, cursor]) => [
      ...second(timestamp),
      numbers[n],
      text,
      placeOf(cursor),
    ]);
    return { ...page, lines };
  }

  function begins() {
    if (!isFirst) view.markFirst(t("log_beginning"));
    isFirst = true;
  }

  /** What is shown ends here; the stream stands still until the end is reached again. */
  function detach() {
    if (!view.isLive) return;
    view.isLive = false;
    stop();
  }

  function attach() {
    const found = edges("newer");
    const last = found.size ? Math.min(...[...found.values()].map(time)) : Date.now();
    view.isLive = true;
    goOn(places(found), new Date(last).toISOString());
  }

  async function older() {
    if (reading || isFirst || !store.size) return;
    if (isLoose) {
      await goTo({ line: lineOf(view.topId()), isTop: true });
      return;
    }
    if (store.size + PAGE > store.cap) detach(); // or what comes would push out what is read here
    for (let page = 0; page < SEVERAL; page += 1) {
      const { first } = store;
      const { from } = view.rows;
      const found = await ask(beyond("older"));
      if (!found || store.first !== first) return;
      if (found.lines.length) view.addBefore(found.lines);
      if (found.first) begins();
      if (isFirst || view.rows.from < from) return;
    }
  }

  async function newer() {
    if (reading || view.isLive) return;
    const query = beyond("newer");
    if (!query) return;
    const { next } = store;
    const found = await ask(query);
    if (!found || store.next !== next) return;
    view.push(found.lines);
    if (found.last) attach();
  }

  /** How a line is named in an address; `named`: by its container's name, which outlives the id. */
  function lineOf(id, { named = false } = {}) {
    let at = id;
    while (store.holds(at) && store.isMark(at)) at += 1;
    if (!store.holds(at)) return "";
    const path = paths.get(store.source(at));
    return `${named ? nameOf(store.source(at)) : path}@${store.timestamp(at)}`;
  }

  /** host/name, as an address has it. */
  function nameOf(at) {
    const [host] = paths.get(at).split("/");
    return `${host}/${names.get(at)}`;
  }

  /**
   * Shows what is around a moment (ISO) or a line (as `lineOf` names it); `isTop`: the line stays at
   * the top edge; `until`: lines up to that time (ms) are held then, as far as a few pages go. Answers the id of that line, or of the first one from the moment on; -1: nothing.
   */
  async function goTo({ at = "", line = "", isTop = false, until = 0 }) {
    const found = await ask({ way: "around", lines: AROUND, ...(line ? { line } : { at }) });
    if (!found) return -1;
    const px = view.anchor.px;
    view.setFollowing(false);
    stop();
    view.isLive = false;
    view.clear();
    isFirst = isLoose = false;
    view.push(found.lines);
    if (found.first) begins();
    const stamp = line.slice(line.lastIndexOf("@") + 1);
    const from = Date.parse(at);
    let id = store.first;
    const isBefore = line
      ? (each) => store.timestamp(each) !== stamp || !isOf(line, store.source(each))
      : (each) => time(each) < from;
    while (id < store.next - 1 && (store.isMark(id) || isBefore(id))) id += 1;
    if (isTop) view.holdAt(id, px);
    else view.goTo(id);
    if (found.last) attach();
    for (let page = 0; page < SEVERAL && !view.isLive && !holds(until); page += 1) await newer();
    return id;
  }

  function isOf(line, at) {
    const name = line.slice(0, line.lastIndexOf("@"));
    return name === paths.get(at) || name === nameOf(at);
  }

  const holds = (moment) => store.size > 0 && time(store.next - 1) >= moment;

  /** From the end on again, as at first. */
  function live() {
    reading?.abort();
    say("");
    view.clear();
    view.isLive = true;
    isFirst = false;
    isLoose = isMany;
    begin();
    view.setFollowing(true);
  }

  return {
    wants: (what) => ({ older, newer, live })[what](),
    goTo,
    lineOf,
    holds,
    /** A container that the stream has named. */
    knows(at, { c, name, skew_ms: skew }) {
      paths.set(at, c);
      names.set(at, name);
      skews.set(at, skew ?? 0);
    },

    /** Lines come while somebody reads near the oldest ones, which would go: then we stop. */
    spare() {
      const isFull = store.size >= store.cap - PAGE;
      if (isFull && !view.isFollowing && view.anchor.id - store.first < PAGE) detach();
    },
  };
}
