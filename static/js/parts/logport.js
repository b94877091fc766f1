/**
 * The port through which a log is seen: how far it is scrolled, and what is painted there. It follows
 * the end, or the line at its top stays where it is, whatever comes, goes or is measured.
 */
import { make } from "../core/dom.js";
import { measureText } from "./logline.js";
import { LINE_PX, LogPaint } from "./logpaint.js";

const FLOOD = 40; // lines at once, from which on painting takes its time
const FLOOD_MS = 66;
const PHONE_PX = 760;
const MARGIN_PX = 20; // right of the text

export class LogPort {
  constructor(root) {
    this.root = root;
    this.isFollowing = true;
    this.isLive = true; // the newest line that is held is the log's, and what comes follows it
    this.isWrapped = false;
    this.isUtc = false;
    this.anchor = { id: 0, px: 0 }; // paused: the line at the top edge, and how much of it is above
    this.goneRows = 0; // dropped above since the last paint
    this.setTop = 0; // where we last scrolled to; anything else is a person
    this.painting = 0;
    this.paintedAt = 0;
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
    const wheeled = (event) => event.deltaY < 0 && this.port.scrollTop < this.height;
    this.port.addEventListener("wheel", (event) => wheeled(event) && this.wants("older"), {
      passive: true,
    });
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

  /* ---- where it is ---- */

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

  /** Keeps a line at the top edge, with so many pixels of it above. */
  holdAt(id, px) {
    this.anchor = { id, px };
    this.schedule(0);
  }

  /** Scrolls no further than it takes to see a line. */
  bringIn(id) {
    const top = this.rows.rowOf(this.rows.positionOf(id)) * LINE_PX;
    const isAbove = top < this.setTop;
    if (isAbove) this.holdAt(id, 0);
    else if (top + LINE_PX > this.setTop + this.height) this.holdAt(id, LINE_PX - this.height);
    if (isAbove && top < this.height) this.wants("older");
  }

  scrolled() {
    const top = this.port.scrollTop;
    const isResized = this.port.clientHeight !== this.height; // then it was the browser: measure
    if (isResized || Math.abs(top - this.setTop) <= 1) return;
    const isUp = top < this.setTop;
    this.setTop = top;
    const end = this.space.offsetHeight - this.height;
    const isAtEnd = this.isLive && !isUp && top >= end - LINE_PX * 1.5;
    if (!this.isFollowing && isAtEnd) this.setFollowing(true);
    else if (this.isFollowing && isUp) this.setFollowing(false);
    else if (!this.isFollowing) this.anchorAtTop();
    if (isUp && top < this.height) this.wants("older");
    if (!this.isLive && !isUp && top > end - this.height) this.wants("newer");
    this.schedule(0);
  }

  /* ---- painting ---- */

  measure({ anew = false } = {}) {
    const { character, left } = measureText(this.space);
    if (this.height !== this.port.clientHeight) this.setTop = this.port.scrollTop; // clamped
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
      fields: this.fieldsOf,
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
}
