/** A log as a list of which only what is seen is in the document: what is held, shown and picked. */
import { LogPick } from "./logpick.js";
import { LogPort } from "./logport.js";
import { LogRows } from "./logrows.js";
import { LogSearch } from "./logsearch.js";
import { LogStore } from "./logstore.js";

const CAP = 100_096; // lines held
const ALL_LEVELS = 0b11111;

export class LogView extends LogPort {
  /**
   * @param {HTMLElement} root
   * @param {{label: string, more: (n: number) => string, changed?: () => void,
   *   wants?: (what: "older" | "newer" | "live") => void, cap?: number}} options
   *   changed: following, search, picked lines or what is held are different now; wants: somebody
   *   comes near an end of what is held, or to the log's end where that is not held
   */
  constructor(root, { label, more, changed = () => {}, wants = () => {}, cap = CAP }) {
    super(root);
    Object.assign(this, { more, changed, wants });
    this.store = new LogStore(cap);
    this.store.dropped = (first) => this.dropTo(first);
    this.store.cut = (next) => this.cutTo(next);
    this.rows = new LogRows(this.store);
    this.search = new LogSearch(this.store, () => this.searched());
    this.names = [];
    this.levels = ALL_LEVELS;
    this.hidden = new Set(); // sources whose lines are not shown
    this.wanted = null; // what lines must be besides; null: anything
    this.fieldsOf = () => null; // what is opened under a line
    this.onlyMatches = false;
    this.unseen = 0; // lines that came while paused
    this.picked = new LogPick(this);
    this.build(label);
  }

  /* ---- lines ---- */

  /**
   * @param {[number, number, number, string, number][]} lines time in ms, its nanoseconds, source,
   *   text, place (`placeOf` its cursor)
   */
  push(lines) {
    for (const line of lines) this.show(this.store.add(...line));
    if (!this.isFollowing && this.isLive) this.unseen += lines.length;
    this.schedule(lines.length);
  }

  /** Lines that are older than all that are held; for those the newest ones may have to go. */
  addBefore(lines) {
    const end = this.store.first;
    this.shownBefore(this.store.addBefore(lines), end);
  }

  /** Says something before all that is held. */
  markFirst(text) {
    const end = this.store.first;
    if (this.store.markFirst(text)) this.shownBefore(this.store.first, end);
  }

  shownBefore(from, end) {
    const hits = this.search.addBefore(from, end);
    this.goneRows -= this.rows.addBefore(from, end, (id) => this.passes(id, hits.has(id)));
    this.redraw();
    this.changed();
  }

  /** Holds nothing any more. */
  clear() {
    this.picked.clear();
    this.store.drop(this.store.size);
    this.dropTo(this.store.first);
    this.unseen = this.goneRows = 0;
    this.redraw();
  }

  mark(time, text, isWarning = false) {
    this.show(this.store.mark(time, text, isWarning));
    this.schedule(1);
  }

  show(id) {
    const isHit = this.search.add(id);
    if (!this.rows.ids || this.passes(id, isHit)) this.rows.add(id);
  }

  passes(id, isHit) {
    return (
      this.store.isMark(id) ||
      (Boolean((this.levels >> this.store.level(id)) & 1) &&
        !this.hidden.has(this.store.source(id)) &&
        (!this.wanted || this.wanted(id)) &&
        (!this.onlyMatches || !this.search.pattern || isHit))
    );
  }

  dropTo(first) {
    this.goneRows += this.rows.dropTo(first);
    this.search.dropTo(first);
  }

  cutTo(next) {
    this.rows.cutTo(next);
    this.search.cutTo(next);
    this.isLive = false;
    if (this.picked.to >= next) this.picked.clear();
  }

  /* ---- what is shown ---- */

  setLevels(levels) {
    this.levels = levels;
    this.refilter();
  }

  setHidden(sources) {
    this.hidden = sources;
    this.refilter();
  }

  /** @param {((id: number) => boolean) | null} wanted what lines must be besides */
  setWanted(wanted) {
    this.wanted = wanted;
    this.refilter();
  }

  /** So many rows are opened under a line. */
  open(id, rows) {
    if (this.isFollowing) this.setFollowing(false);
    this.rows.open(id, rows);
    this.redraw();
  }

  setOnlyMatches(only) {
    this.onlyMatches = only;
    this.refilter();
  }

  refilter() {
    const hits = this.onlyMatches && this.search.pattern ? new Set(this.search.hits) : null;
    const isFiltered = this.levels !== ALL_LEVELS || this.hidden.size || this.wanted || hits;
    this.rows.filter(isFiltered ? (id) => this.passes(id, hits?.has(id)) : null);
    this.redraw();
  }

  setPattern(pattern) {
    this.search.set(pattern);
  }

  searched() {
    if (this.onlyMatches && !this.search.isScanning) this.refilter();
    else this.redraw();
    this.changed();
  }

  /** Goes to the next (1) or previous (-1) match. */
  step(direction) {
    const id = this.search.step(direction, this.topId());
    if (id >= 0) this.goTo(id);
    this.changed();
  }

  setWrap(wrap) {
    this.isWrapped = wrap;
    this.root.classList.toggle("wrap", wrap);
    this.measure({ anew: true });
  }

  setTime({ utc, hidden }) {
    this.isUtc = utc;
    this.root.classList.toggle("notime", hidden);
    this.measure({ anew: true });
  }

  setNames(names) {
    this.names = names;
    this.root.classList.toggle("one", names.length < 2);
    this.measure({ anew: true });
  }

  /* ---- following and going ---- */

  setFollowing(follow) {
    if (follow && !this.isLive) this.wants("live");
    if (follow === this.isFollowing || !this.isLive) return;
    if (!follow) this.anchorAtTop();
    this.isFollowing = follow;
    this.unseen = 0;
    this.changed();
    this.schedule(0);
  }

  goTo(id) {
    this.setFollowing(false);
    this.anchor = { id, px: -Math.floor(this.height / 2) };
    this.redraw();
  }

  goToStart() {
    this.setFollowing(false);
    this.anchor = { id: this.store.first, px: 0 };
    this.schedule(0);
    this.wants("older");
  }

  /** Ids of lines (not of marks) that are shown, oldest first. */
  shownIds(wanted = () => true) {
    return this.rows.lines().filter(wanted);
  }

  classesOf(id) {
    const names = ["ln", `l${this.store.level(id)}`];
    if (this.store.isMark(id)) names.push(this.store.isWarning(id) ? "gap" : "note");
    if (this.picked.has(id)) names.push("pick");
    if (id === this.search.currentId) names.push("at");
    return names.join(" ");
  }
}
