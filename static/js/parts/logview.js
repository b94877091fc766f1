/**
 * A log as a list of which only what is seen is in the document. It follows the end, or is paused:
 * then the line at its top stays where it is, whatever comes, goes or is measured.
 */
import { make } from "../core/dom.js";
import { makeRow } from "./logline.js";
import { LINE_PX, LogPaint } from "./logpaint.js";
import { LogPick } from "./logpick.js";
import { LogRows } from "./logrows.js";
import { LogSearch } from "./logsearch.js";
import { LogStore } from "./logstore.js";

const CAP = 100_096; // lines held
const FLOOD = 40; // lines at once, from which on painting takes its time
const FLOOD_MS = 66;
const ALL_LEVELS = 0b11111;
const PHONE_PX = 760;
const MARGIN_PX = 20; // right of the text

export class LogView {
  /**
   * @param {HTMLElement} root
   * @param {{label: string, more: (n: number) => string, changed?: () => void, cap?: number}} options
   *   changed: following, search, picked lines or what is held are different now
   */
  constructor(root, { label, more, changed = () => {}, cap = CAP }) {
    Object.assign(this, { root, more, changed });
    this.store = new LogStore(cap);
    this.store.dropped = (first) => this.dropTo(first);
    this.rows = new LogRows(this.store);
    this.search = new LogSearch(this.store, () => this.searched());
    this.names = [];
    this.levels = ALL_LEVELS;
    this.hidden = new Set(); // sources whose lines are not shown
    this.onlyMatches = false;
    this.isFollowing = true;
    this.isWrapped = false;
    this.isUtc = false;
    this.unseen = 0; // lines that came while paused
    this.picked = new LogPick(this);
    this.anchor = { id: 0, px: 0 }; // paused: the line at the top edge, and how much of it is above
    this.goneRows = 0; // dropped above since the last paint
    this.setTop = 0; // where we last scrolled to; anything else is a person
    this.painting = 0;
    this.paintedAt = 0;
    this.build(label);
  }

  build(label) {
    this.port = make("div", {
      className: "vp",
      tabIndex: 0,
      role: "log",
      "aria-live": "off",
      "aria-label": label,
    });
    this.space = make("div", { className: "sz" });
    this.port.append(this.space);
    this.root.append(this.port);
    this.paper = new LogPaint(this.space, this.store, this.rows);
    this.port.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.port.addEventListener("click", (event) => this.picked.clicked(event));
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.port);
    this.measure();
  }

  destroy() {
    this.observer.disconnect();
    cancelAnimationFrame(this.painting);
    clearTimeout(this.painting);
    this.root.replaceChildren();
  }

  /* ---- lines ---- */

  /** @param {[number, number, number, string][]} lines time in ms, its nanoseconds, source, text */
  push(lines) {
    for (const [time, nanos, source, text] of lines)
      this.show(this.store.add(time, nanos, source, text));
    if (!this.isFollowing) this.unseen += lines.length;
    this.schedule(lines.length);
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
        (!this.onlyMatches || !this.search.pattern || isHit))
    );
  }

  dropTo(first) {
    this.goneRows += this.rows.dropTo(first);
    this.search.dropTo(first);
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

  setOnlyMatches(only) {
    this.onlyMatches = only;
    this.refilter();
  }

  refilter() {
    const hits = this.onlyMatches && this.search.pattern ? new Set(this.search.hits) : null;
    const isFiltered = this.levels !== ALL_LEVELS || this.hidden.size || hits;
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
    if (follow === this.isFollowing) return;
    if (!follow) this.anchorAtTop();
    this.isFollowing = follow;
    this.unseen = 0;
    this.changed();
    this.schedule(0);
  }

  topId() {
    if (!this.isFollowing || !this.rows.size) return this.rows.size ? this.anchor.id : -1;
    return this.rows.idAt(this.rows.at(this.port.scrollTop / LINE_PX - this.goneRows).position);
  }

  /** Takes the line at the top edge, as it was last painted, for the one that stays. */
  anchorAtTop() {
    if (!this.rows.size) return;
    const top = Math.max(0, this.port.scrollTop - this.goneRows * LINE_PX);
    const { position, within } = this.rows.at(top / LINE_PX);
    this.anchor = { id: this.rows.idAt(position), px: within * LINE_PX + (top % LINE_PX) };
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
  }

  scrolled() {
    const top = this.port.scrollTop;
    const isResized = this.port.clientHeight !== this.height; // then it was the browser: measure
    if (isResized || Math.abs(top - this.setTop) <= 1) return;
    const isUp = top < this.setTop;
    this.setTop = top;
    const end = this.space.offsetHeight - this.height;
    if (!this.isFollowing && !isUp && top >= end - LINE_PX * 1.5) this.setFollowing(true);
    else if (this.isFollowing && isUp) this.setFollowing(false);
    else if (!this.isFollowing) this.anchorAtTop();
    this.schedule(0);
  }

  /** Ids of lines (not of marks) that are shown, oldest first. */
  shownIds(wanted = () => true) {
    return this.rows.lines().filter(wanted);
  }

  /* ---- painting ---- */

  measure({ anew = false } = {}) {
    const probe = makeRow();
    probe.lastChild.textContent = "x".repeat(100);
    this.space.append(probe);
    const range = document.createRange();
    range.selectNodeContents(probe.lastChild);
    const character = range.getBoundingClientRect().width / 100 || 7;
    const left = probe.lastChild.offsetLeft;
    probe.remove();
    this.height = this.port.clientHeight;
    this.isShort = innerWidth <= PHONE_PX;
    const room = this.port.clientWidth - left - MARGIN_PX;
    const columns = this.isWrapped ? Math.max(20, Math.floor(room / character + 0.001)) : 0;
    if (anew || columns !== this.rows.columns) {
      this.rows.wrapAt(columns);
      this.redraw();
    } else this.schedule(0);
  }

  redraw() {
    this.paper.forget();
    this.schedule(0);
  }

  schedule(arrived) {
    if (this.painting) return;
    const wait = arrived > FLOOD ? this.paintedAt + FLOOD_MS - performance.now() : 0;
    const frame = () => {
      this.painting = requestAnimationFrame(() => this.paint());
    };
    if (wait > 4) this.painting = setTimeout(frame, wait);
    else frame();
  }

  paint() {
    this.painting = 0;
    this.paintedAt = performance.now();
    this.goneRows = 0;
    const look = {
      utc: this.isUtc,
      short: this.isShort,
      names: this.names,
      pattern: this.search.pattern,
      more: this.more,
      classes: (id) => this.classesOf(id),
    };
    this.scroll();
    this.paper.draw(this.setTop, this.height, look);
    if (this.paper.correct()) {
      this.scroll();
      this.paper.draw(this.setTop, this.height, look);
    }
  }

  /** Height of everything, then where the view is in it. */
  scroll() {
    const px = `${this.rows.rows * LINE_PX}px`;
    if (this.space.style.height !== px) this.space.style.height = px;
    let top = this.rows.rows * LINE_PX - this.height;
    if (!this.isFollowing && this.rows.size) {
      const position = this.rows.positionOf(this.anchor.id);
      top = this.rows.rowOf(position) * LINE_PX;
      if (this.rows.idAt(position) === this.anchor.id)
        top += Math.min(this.anchor.px, this.rows.height(position) * LINE_PX - 1);
    }
    if (Math.abs(this.port.scrollTop - top) > 0.5) this.port.scrollTop = Math.max(0, top);
    this.setTop = this.port.scrollTop; // the browser clamps and rounds
  }

  classesOf(id) {
    const names = ["ln", `l${this.store.level(id)}`];
    if (this.store.isMark(id)) names.push(this.store.isWarning(id) ? "gap" : "note");
    if (this.picked.has(id)) names.push("pick");
    if (id === this.search.currentId) names.push("at");
    return names.join(" ");
  }
}
