/**
 * Which held lines are shown, and where: position (among the shown) <-> line id <-> row of text.
 * Heights of wrapped lines come from column arithmetic, and sums per chunk make both ways quick.
 */
import { CHUNK } from "./logstore.js";

export class LogRows {
  /** @param {import("./logstore.js").LogStore} store */
  constructor(store) {
    this.store = store;
    this.columns = 0; // of a row when lines wrap; 0: they do not
    this.ids = null; // ring of the ids that pass; null: all do
    this.middle = store.first; // positions of a filtered view begin there, and count both ways
    this.from = store.first; // positions from … to - 1 are shown
    this.to = store.next;
    this.sums = new Uint32Array(store.cap / CHUNK + 2);
    this.measured = new Uint16Array(store.cap); // rows that a line really took; 0: not known
    this.extras = new Map(); // id -> rows of what is opened under a line
    this.rows = 0;
  }

  add(id) {
    const position = this.to;
    this.to += 1;
    if (this.ids) this.ids[position % this.store.cap] = id;
    this.measured[id % this.store.cap] = 0;
    this.count(position, this.height(position));
  }

  /** Forgets what is older than `id`; answers how many rows that were. To be called before reuse. */
  dropTo(id) {
    const before = this.rows;
    while (this.from < this.to && this.idAt(this.from) < id) {
      this.count(this.from, -this.height(this.from));
      this.from += 1;
    }
    for (const each of this.extras.keys()) if (each < id) this.extras.delete(each);
    if (!this.ids && this.from === this.to) this.from = this.to = Math.max(this.to, id);
    return before - this.rows;
  }

  /** Lines were put before all others: those that pass are shown. Answers how many rows that are. */
  addBefore(from, end, passes) {
    const before = this.rows;
    for (let id = end - 1; id >= from; id -= 1) {
      if (this.ids && !passes(id)) continue;
      this.from -= 1;
      if (this.ids) this.ids[this.from % this.store.cap] = id;
      this.measured[id % this.store.cap] = 0;
      this.count(this.from, this.height(this.from));
    }
    return this.rows - before;
  }

  /** Forgets what is newer than that. To be called after the store let go of it. */
  cutTo(next) {
    while (this.to > this.from && this.idAt(this.to - 1) >= next) {
      this.to -= 1;
      this.count(this.to, -this.height(this.to));
    }
    for (const each of this.extras.keys()) if (each >= next) this.extras.delete(each);
    if (!this.ids && this.from === this.to) this.from = this.to = next;
  }

  /** Shows only the lines that pass; null: all. */
  filter(passes) {
    const { store } = this;
    if (passes) {
      this.ids ??= new Uint32Array(store.cap);
      this.from = this.to = this.middle;
      for (let id = store.first; id < store.next; id += 1) {
        if (!passes(id)) continue;
        this.ids[this.to % store.cap] = id;
        this.to += 1;
      }
    } else {
      this.ids = null;
      this.from = store.first;
      this.to = store.next;
    }
    this.sumUp();
  }

  /** Wraps at so many columns; 0: lines are one row each. */
  wrapAt(columns) {
    this.columns = columns;
    this.measured.fill(0);
    this.sumUp();
  }

  sumUp() {
    this.sums.fill(0);
    this.rows = 0;
    for (let position = this.from; position < this.to; position += 1)
      this.count(position, this.height(position));
  }

  count(position, rows) {
    this.sums[Math.floor(position / CHUNK) % this.sums.length] += rows;
    this.rows += rows;
  }

  /** A line was drawn and took so many rows. Answers by how many that differs. */
  correct(position, rows) {
    const before = this.height(position);
    this.measured[this.idAt(position) % this.store.cap] = rows;
    const more = this.height(position) - before;
    this.count(position, more);
    return more;
  }

  /** So many rows are opened under a line; 0: none. */
  open(id, extra) {
    const position = this.positionOf(id);
    const isShown = this.size > 0 && this.idAt(position) === id;
    const before = isShown ? this.height(position) : 0;
    if (extra) this.extras.set(id, extra);
    else this.extras.delete(id);
    if (isShown) this.count(position, this.height(position) - before);
  }

  get isUniform() {
    return !this.columns && !this.extras.size;
  }

  isUnmeasured(position) {
    const id = this.idAt(position);
    return this.columns > 0 && this.store.isMeasured(id) && !this.measured[id % this.store.cap];
  }

  get size() {
    return this.to - this.from;
  }

  idAt(position) {
    return this.ids ? this.ids[position % this.store.cap] : position;
  }

  /** Ids of the lines (not of the marks) that are shown, oldest first. */
  lines() {
    const found = [];
    for (let position = this.from; position < this.to; position += 1)
      if (!this.store.isMark(this.idAt(position))) found.push(this.idAt(position));
    return found;
  }

  /** The position of a line, or of the next that is shown. */
  positionOf(id) {
    if (!this.ids) return Math.max(this.from, Math.min(id, this.to - 1));
    let low = this.from;
    let high = this.to - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.idAt(middle) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  height(position) {
    const extra = this.extras.size ? (this.extras.get(this.idAt(position)) ?? 0) : 0;
    return this.textRows(position) + extra;
  }

  /** Of the line itself. */
  textRows(position) {
    if (!this.columns) return 1;
    const id = this.idAt(position);
    return (
      this.measured[id % this.store.cap] ||
      Math.max(1, Math.ceil(this.store.width(id) / this.columns))
    );
  }

  rowOf(position) {
    if (this.isUniform) return position - this.from;
    let chunk = Math.floor(this.from / CHUNK);
    let row = 0;
    for (const last = Math.floor(position / CHUNK); chunk < last; chunk += 1)
      row += this.sums[chunk % this.sums.length];
    for (let each = Math.max(this.from, chunk * CHUNK); each < position; each += 1)
      row += this.height(each);
    return row;
  }

  /** The position that is drawn in a row, and which of its rows that is. */
  at(row) {
    const wanted = Math.max(0, Math.floor(row));
    if (this.isUniform) return { position: Math.min(this.to - 1, this.from + wanted), within: 0 };
    let chunk = Math.floor(this.from / CHUNK);
    const last = Math.floor((this.to - 1) / CHUNK);
    let above = 0;
    while (chunk < last && above + this.sums[chunk % this.sums.length] <= wanted) {
      above += this.sums[chunk % this.sums.length];
      chunk += 1;
    }
    let position = Math.max(this.from, chunk * CHUNK);
    while (position < this.to - 1 && above + this.height(position) <= wanted) {
      above += this.height(position);
      position += 1;
    }
    return { position, within: wanted - above };
  }
}
