/**
 * The lines that a browser holds, oldest first, in columns. Bounded by number and by characters:
 * what comes beyond that drops the oldest. A line's id counts up for ever.
 */
import { columns, isSpecial, plain } from "./ansi.js";
import { levelOf, NONE } from "./loglevels.js";

export const CHUNK = 256; // lines that are dropped together
export const DRAWN = 16 * 1024; // characters of a line that are drawn unasked
const MOST_CHARACTERS = 32 * 1024 * 1024;
const SPECIAL = 1; // colours or visible escapes
const MEASURED = 2; // its width depends on the font
const WHOLE = 4; // drawn to its end, because somebody asked
const MARK = 8; // not a line of a log but what we say about it
const WARNING = 16; // and that something is missing

export class LogStore {
  /** @param {number} cap most lines */
  constructor(cap, mostCharacters = MOST_CHARACTERS) {
    this.cap = Math.ceil(cap / CHUNK) * CHUNK;
    this.mostCharacters = mostCharacters;
    this.texts = new Array(this.cap).fill("");
    this.times = new Float64Array(this.cap); // milliseconds since 1970
    this.nanos = new Uint32Array(this.cap); // nanoseconds of its second
    this.sources = new Uint16Array(this.cap);
    this.levels = new Uint8Array(this.cap);
    this.flags = new Uint8Array(this.cap);
    this.widths = new Uint32Array(this.cap);
    this.first = 0;
    this.next = 0;
    this.characters = 0;
    this.counts = [0, 0, 0, 0, 0];
    this.dropped = () => {}; // called with the first id that is still held
  }

  get size() {
    return this.next - this.first;
  }

  add(time, nanos, source, text) {
    const shown = isSpecial(text) ? plain(text) : text;
    const level = levelOf(shown);
    const id = this.put(time, nanos, source, text, shown, level, shown === text ? 0 : SPECIAL);
    this.counts[level] += 1;
    return id;
  }

  /** What we have to say ourselves, at this place: lines are missing, the container was started. */
  mark(time, text, isWarning) {
    return this.put(time, 0, 0, text, text, NONE, isWarning ? MARK | WARNING : MARK);
  }

  put(time, nanos, source, text, shown, level, flags) {
    this.makeRoom(text.length);
    const id = this.next;
    const at = id % this.cap;
    this.next += 1;
    this.texts[at] = text;
    this.times[at] = time;
    this.nanos[at] = nanos;
    this.sources[at] = source;
    this.levels[at] = level;
    const isLong = shown.length > DRAWN;
    const width = columns(isLong ? shown.slice(0, DRAWN) : shown);
    this.widths[at] = Math.abs(width);
    this.flags[at] = flags | (width < 0 || isLong ? MEASURED : 0);
    this.characters += text.length;
    return id;
  }

  makeRoom(characters) {
    const before = this.first;
    if (this.size >= this.cap) this.drop(CHUNK);
    while (this.size > CHUNK && this.characters + characters > this.mostCharacters)
      this.drop(CHUNK);
    if (this.first !== before) this.dropped(this.first);
  }

  drop(count) {
    for (let id = this.first; id < this.first + count; id += 1) {
      const at = id % this.cap;
      this.characters -= this.texts[at].length;
      if (!(this.flags[at] & MARK)) this.counts[this.levels[at]] -= 1;
      this.texts[at] = "";
    }
    this.first += count;
  }

  holds(id) {
    return id >= this.first && id < this.next;
  }

  text(id) {
    return this.texts[id % this.cap];
  }

  /** As it is shown and searched. */
  plainText(id) {
    const at = id % this.cap;
    return this.flags[at] & SPECIAL ? plain(this.texts[at]) : this.texts[at];
  }

  time(id) {
    return this.times[id % this.cap];
  }

  /** As the engine wrote it, to the nanosecond. */
  timestamp(id) {
    const at = id % this.cap;
    const nanos = String(this.nanos[at]).padStart(9, "0");
    return `${new Date(this.times[at]).toISOString().slice(0, 19)}.${nanos}Z`;
  }

  source(id) {
    return this.sources[id % this.cap];
  }

  level(id) {
    return this.levels[id % this.cap];
  }

  isSpecial(id) {
    return Boolean(this.flags[id % this.cap] & SPECIAL);
  }

  isMark(id) {
    return Boolean(this.flags[id % this.cap] & MARK);
  }

  isWarning(id) {
    return Boolean(this.flags[id % this.cap] & WARNING);
  }

  /** Characters of a line that are not drawn until somebody asks. */
  undrawn(id) {
    const at = id % this.cap;
    return this.flags[at] & WHOLE ? 0 : Math.max(0, this.texts[at].length - DRAWN);
  }

  drawWhole(id) {
    const at = id % this.cap;
    this.flags[at] |= WHOLE | MEASURED;
    this.widths[at] = Math.abs(columns(this.plainText(id)));
  }

  /** Columns it takes when drawn in one row; exact unless `isMeasured`. */
  width(id) {
    return this.widths[id % this.cap];
  }

  isMeasured(id) {
    return Boolean(this.flags[id % this.cap] & MEASURED);
  }
}
