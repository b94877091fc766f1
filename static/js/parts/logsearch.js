/** Search in the lines that are held: in slices, so that a page of 100,000 lines stays quick. */

const SLICE_MS = 16;
const TRIMMED = 4096; // hits that have been dropped and still take room

export class LogSearch {
  /**
   * @param {import("./logstore.js").LogStore} store
   * @param {() => void} changed called after each slice
   */
  constructor(store, changed) {
    this.store = store;
    this.changed = changed;
    this.pattern = null;
    this.hits = []; // ids, ascending
    this.from = 0; // index of the first that is still held
    this.current = -1; // index of the one that was gone to
    this.isScanning = false;
    this.channel = new MessageChannel(); // goes on sooner than a timer, and still lets others in
  }

  get count() {
    return this.hits.length - this.from;
  }

  /** Its number among the hits, from 1; 0: none was gone to yet. */
  get number() {
    return this.current >= this.from ? this.current - this.from + 1 : 0;
  }

  get currentId() {
    return this.current >= this.from ? this.hits[this.current] : -1;
  }

  /** @param {RegExp | null} pattern neither global nor sticky */
  set(pattern) {
    this.channel.port1.onmessage = null;
    Object.assign(this, { pattern, hits: [], from: 0, current: -1, isScanning: false });
    if (pattern) this.scan(pattern, this.store.first, this.store.next);
    else this.changed();
  }

  matches(id) {
    return this.pattern?.test(this.store.plainText(id)) ?? false;
  }

  /** A new line; whether it is a hit. */
  add(id) {
    const isHit = this.pattern !== null && !this.store.isMark(id) && this.matches(id);
    if (isHit) this.hits.push(id);
    return isHit;
  }

  /** Older lines were put before the others. Answers which of them are hits. */
  addBefore(from, end) {
    const found = [];
    for (let id = from; this.pattern && id < end; id += 1)
      if (!this.store.isMark(id) && this.matches(id)) found.push(id);
    const kept = this.hits.slice(this.from);
    if (this.current >= 0) this.current += found.length - this.from;
    this.hits = [...found, ...kept];
    this.from = 0;
    return new Set(found);
  }

  cutTo(next) {
    while (this.hits.length > this.from && this.hits.at(-1) >= next) this.hits.pop();
    if (this.current >= this.hits.length) this.current = -1;
  }

  dropTo(id) {
    while (this.from < this.hits.length && this.hits[this.from] < id) this.from += 1;
    if (this.from < TRIMMED || this.from * 2 < this.hits.length) return;
    this.hits.splice(0, this.from);
    this.current = Math.max(-1, this.current - this.from);
    this.from = 0;
  }

  /** Lines that come meanwhile are hits already: what is found here goes before them. */
  scan(pattern, start, end) {
    const began = performance.now();
    const found = [];
    let id = Math.max(start, this.store.first);
    for (; id < Math.min(end, this.store.next); id += 1) {
      if (!this.store.isMark(id) && pattern.test(this.store.plainText(id))) found.push(id);
      if ((id & 511) === 511 && performance.now() - began > SLICE_MS) {
        id += 1;
        break;
      }
    }
    const newer = this.hits.findIndex((hit) => hit >= end);
    this.hits.splice(newer < 0 ? this.hits.length : newer, 0, ...found);
    this.isScanning = id < Math.min(end, this.store.next);
    if (this.isScanning) {
      this.channel.port1.onmessage = () => this.scan(pattern, id, end);
      this.channel.port2.postMessage(null);
    }
    this.changed();
  }

  /** The hit after (1) or before (-1) the current one, else from the line `top` on; -1: no hit. */
  step(direction, top) {
    if (!this.count) return -1;
    if (this.number) {
      const moved = this.number - 1 + direction;
      this.current = this.from + ((moved + this.count) % this.count);
    } else {
      const next = this.hits.findIndex((hit, index) => index >= this.from && hit >= top);
      const last = this.hits.length - 1;
      if (direction > 0) this.current = next < 0 ? this.from : next;
      else this.current = next < 0 ? last : Math.max(this.from, next - 1);
    }
    return this.hits[this.current];
  }
}
