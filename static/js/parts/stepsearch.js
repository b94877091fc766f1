/** Searches the logs of all steps of a build, and goes from match to match over their borders. */

export class StepSearch {
  /**
   * @param {() => import("./steplog.js").StepLog[]} logs those of all steps, in their order
   * @param {{open: (log: object) => void, changed: () => void}} page
   */
  constructor(logs, page) {
    Object.assign(this, { logs, page });
    this.pattern = null;
    this.at = null; // the log whose match was gone to last
  }

  /** @param {string} text every match of it, whatever its case; "" ends the search */
  async set(text) {
    const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    this.pattern = text ? new RegExp(escaped, "iu") : null;
    this.at = null;
    const wanted = this.pattern;
    for (const log of this.logs()) {
      if (wanted) await log.load();
      if (this.pattern !== wanted) return; // another search began meanwhile
      log.view.setPattern(wanted);
    }
    this.page.changed();
  }

  /** A log that was begun during a search. */
  join(log) {
    if (this.pattern) log.view.setPattern(this.pattern);
  }

  get count() {
    return this.logs().reduce((sum, log) => sum + log.view.search.count, 0);
  }

  /** Number of the match that was gone to, from 1; 0: none yet. */
  get number() {
    let before = 0;
    for (const log of this.logs()) {
      if (log === this.at) return before + log.view.search.number;
      before += log.view.search.count;
    }
    return 0;
  }

  /** Goes to the next (1) or previous (-1) match. */
  step(direction) {
    const found = this.logs().filter((log) => log.view.search.count);
    if (!found.length) return;
    let place = found.indexOf(this.at);
    const search = this.at?.view.search;
    const isLast = search && search.number === (direction > 0 ? search.count : 1);
    if (place < 0 || isLast) {
      if (this.at) this.at.view.search.current = -1;
      if (place < 0) place = direction > 0 ? -1 : 0;
      place = (place + direction + found.length) % found.length;
      this.at = found[place];
      const entered = this.at.view.search;
      entered.current = direction > 0 ? entered.hits.length - 1 : entered.from; // then it wraps
    }
    this.page.open(this.at);
    this.at.view.step(direction);
    this.page.changed();
  }
}
