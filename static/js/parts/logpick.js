/** The lines that were clicked: one, or with Shift all from there on. A long line opens at its end. */

const NOBODY = -1;

export class LogPick {
  /** @param {import("./logview.js").LogView} view */
  constructor(view) {
    this.view = view;
    this.from = this.to = NOBODY;
    this.openAt = () => {}; // a line's bar was clicked
  }

  /** The next line (1) or the one before (-1), from the picked one or the top on; scrolls to it. */
  move(direction) {
    const { view } = this;
    const { rows, store } = view;
    if (!rows.size) return;
    const start = this.from === NOBODY ? view.topId() : this.from;
    let position = rows.positionOf(start) + (this.from === NOBODY ? 0 : direction);
    while (position >= rows.from && position < rows.to && store.isMark(rows.idAt(position)))
      position += direction;
    if (position < rows.from || position >= rows.to) return;
    const id = rows.idAt(position);
    this.set(id, id);
    view.bringIn(id);
  }

  has(id) {
    return this.from !== NOBODY && id >= this.from && id <= this.to;
  }

  get isOne() {
    return this.from !== NOBODY && this.from === this.to && this.view.store.holds(this.from);
  }

  /** Ids, oldest first, of what is shown. */
  get ids() {
    return this.from === NOBODY ? [] : this.view.shownIds((id) => this.has(id));
  }

  clear() {
    this.set(NOBODY, NOBODY);
  }

  set(from, to) {
    this.from = from;
    this.to = to;
    if (from !== NOBODY) this.view.setFollowing(false);
    this.view.redraw();
    this.view.changed();
  }

  clicked(event) {
    const row = event.target.closest(".ln");
    if (!row || event.target.closest(".fields") || !getSelection().isCollapsed) return;
    const id = row.lineId;
    const { store } = this.view;
    if (event.target.closest(".more")) {
      store.drawWhole(id);
      this.view.measure({ anew: true });
    } else if (event.target.closest(".lb")) this.openAt(id);
    else if (!store.isMark(id)) this.choose(id, event.shiftKey);
  }

  choose(id, extends_) {
    if (extends_ && this.from !== NOBODY) this.set(Math.min(this.from, id), Math.max(this.to, id));
    else if (this.from === id && this.to === id) this.clear();
    else this.set(id, id);
  }
}
