/** Keeps just the rows that are seen in the document: few elements, used again and again. */
import { fillRow, makeRow } from "./logline.js";

export const LINE_PX = 20;
const OVERSCAN = 8; // rows drawn beyond either edge
const MOST_SPARE = 80; // elements kept for later

export class LogPaint {
  /**
   * @param {HTMLElement} space as high as all rows together
   * @param {import("./logstore.js").LogStore} store
   * @param {import("./logrows.js").LogRows} rows
   */
  constructor(space, store, rows) {
    Object.assign(this, { space, store, rows });
    this.drawn = new Map(); // position -> element
    this.spare = [];
  }

  /** Every line looks different from now on. */
  forget() {
    for (const element of this.drawn.values()) element.isStale = true;
  }

  draw(top, height, look) {
    const wanted = this.wanted(top / LINE_PX, height / LINE_PX);
    for (const [position, element] of this.drawn) {
      if (wanted.has(position)) continue;
      this.drawn.delete(position);
      this.spare.push(element);
    }
    for (const [position, row] of wanted) this.put(position, row, look);
    for (const element of this.spare) element.hidden = true;
    for (const element of this.spare.splice(MOST_SPARE)) element.remove();
  }

  /** Positions to be seen, each with its row. */
  wanted(from, count) {
    const { rows } = this;
    const found = new Map();
    if (!rows.size) return found;
    let position = Math.max(rows.from, rows.at(from).position - OVERSCAN);
    let row = rows.rowOf(position);
    for (; position < rows.to && row < from + count + OVERSCAN; position += 1) {
      found.set(position, row);
      row += rows.height(position);
    }
    return found;
  }

  put(position, row, look) {
    let element = this.drawn.get(position);
    if (!element) {
      element = this.spare.pop() ?? this.space.appendChild(makeRow());
      element.hidden = false;
      element.isStale = true;
      this.drawn.set(position, element);
    }
    const id = this.rows.idAt(position);
    if (element.isStale || element.lineId !== id) {
      element.isStale = false;
      element.lineId = id;
      element.className = look.classes(id);
      fillRow(element, this.store, id, look);
      this.putFields(element, look.fields(id));
    }
    const fields = element.children[4];
    if (fields) fields.style.top = `${this.rows.textRows(position) * LINE_PX}px`;
    if (element.row !== row) {
      element.row = row;
      element.style.transform = `translateY(${row * LINE_PX}px)`;
    }
  }

  /** What is opened under the line; the same element stays, for it may have the focus. */
  putFields(element, fields) {
    if (element.children[4] === (fields ?? undefined)) return;
    element.children[4]?.remove();
    if (fields) element.append(fields);
  }

  /** Takes the true height of wrapped lines whose width only the font knows; whether one differed. */
  correct() {
    let changed = 0;
    for (const [position, element] of this.drawn) {
      if (!this.rows.isUnmeasured(position)) continue;
      const rows = Math.max(1, Math.round(element.offsetHeight / LINE_PX));
      changed += Math.abs(this.rows.correct(position, rows));
    }
    return changed > 0;
  }
}
