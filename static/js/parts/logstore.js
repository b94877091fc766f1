/**
 * The lines that a browser holds, oldest first, in columns. Bounded by number and by characters:
 * what comes beyond that drops the oldest, and what is put before them the newest. A line's id counts
 * up for ever; ids of older lines count down.
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
const BEGINNING = 2 ** 30; // the first id: there is room for older ones, and ids fit 32 bits

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
    this.places = new Uint32Array(this.cap); // what a cursor says beside the time: see `placeOf`
    this.widths = new Uint32Array(this.cap);
    this.first = this.next = BEGINNING - (BEGINNING % this.cap);
    this.characters = 0;
    this.counts = [0, 0, 0, 0, 0];
    this.dropped = () => {}; // called with the first id that is still held
    this.cut = () => {}; // called with the id after the last that is still held
  }

  get size() {
    return this.next - this.first;
  }

  add(time, nanos, source, text, place = 0) {
    this.makeRoom(text.length);
    this.next += 1;
    return this.line(this.next - 1, time, nanos, source, text, place);
  }

  /** Puts older lines before those that are held. The newest ones make room; answers the first id. */
  addBefore(lines) {
    const kept = lines.slice(-(this.cap - CHUNK));
    let characters = this.characters;
    for (const line of kept) characters += line[3].length;
    let next = Math.min(this.next, this.first - kept.length + this.cap);
    for (; next > this.first && characters > this.mostCharacters; next -= 1)
      characters -= this.texts[(next - 1) % this.cap].length;
    if (next < this.next) this.cutTo(next);
    for (const line of kept.reverse()) {
      this.first -= 1;
      this.line(this.first, ...line);
    }
    return this.first;
  }

  line(id, time, nanos, source, text, place = 0) {
    const shown = isSpecial(text) ? plain(text) : text;
    const level = levelOf(shown);
    this.put(id, time, nanos, source, text, shown, level, shown === text ? 0 : SPECIAL);
    this.places[id % this.cap] = place;
    this.counts[level] += 1;
    return id;
  }

  /** What we have to say ourselves, at this place: lines are missing, the container was started. */
  mark(time, text, isWarning) {
    this.makeRoom(text.length);
    this.next += 1;
    return this.put(
      this.next - 1,
      time,
      0,
      0,
      text,
      text,
      NONE,
      isWarning ? MARK | WARNING : MARK,
    );
  }

  /** The same before everything that is held, where there is room for it. */
  markFirst(text) {
    if (this.size >= this.cap) return false;
    const { first } = this;
    this.first -= 1;
    this.put(this.first, this.time(first), 0, 0, text, text, NONE, MARK);
    return true;
  }

  put(id, time, nanos, source, text, shown, level, flags) {
    const at = id % this.cap;
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
    for (let id = this.first; id < this.first + count; id += 1) this.forget(id);
    this.first += count;
  }

  /** Lets go of the newest lines, from this id on. */
  cutTo(next) {
    for (let id = next; id < this.next; id += 1) this.forget(id);
    this.next = Math.max(next, this.first);
    this.cut(this.next);
  }

  forget(id) {
    const at = id % this.cap;
    this.characters -= this.texts[at].length;
    if (!(this.flags[at] & MARK)) this.counts[this.levels[at]] -= 1;
    this.texts[at] = "";
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

  /** Where it is in its log, as the engine's reader says it. */
  cursor(id) {
    const place = this.places[id % this.cap];
    const repeated = place >> 1 ? `~${place >> 1}` : "";
    return `${this.timestamp(id)}${repeated}${place & 1 ? "+" : ""}`;
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

const STAMP = 30; // characters of a timestamp with nine digits

/** What a cursor says beside the time, as one number: how many lines of that nanosecond came before
 * it, and whether the line goes on. */
export function placeOf(cursor) {
  if (cursor.length === STAMP) return 0;
  const goesOn = cursor.endsWith("+") ? 1 : 0;
  const repeated = cursor.slice(STAMP + 1, cursor.length - goesOn);
  return (Number(repeated) || 0) * 2 + goesOn;
}
