/** The log of one step of a build, in the log view: fetched when it is looked at, then live. */
import { bytes } from "../core/format.js";
import { t } from "../core/i18n.js";
import { LogView } from "./logview.js";

const CAP = 5120; // lines
const LINE_PX = 20;
const MOST_ROWS = 21; // seen at once

export class StepLog {
  /**
   * @param {HTMLElement} root
   * @param {{url: string, label: string, isNew?: boolean, changed: () => void}} options
   *   isNew: its first line is still to come, so there is nothing to fetch
   */
  constructor(root, { url, label, isNew = false, changed }) {
    this.url = url;
    this.root = root;
    this.last = 0; // number of the last line that is shown
    this.waiting = []; // came while the ones before them are fetched
    this.isLoaded = isNew;
    this.loading = null;
    this.view = new LogView(root, {
      label,
      more: (n) => t("build_more", { size: bytes(n) }),
      cap: CAP,
      changed,
    });
    this.view.setWrap(true);
    this.view.setNames([label]);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.view.port); // after the view's own, which wraps its lines anew
    this.fit();
  }

  /** Resolves once everything that was said before is there. */
  load() {
    if (this.isLoaded) return Promise.resolve();
    this.loading ??= this.fetch().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  async fetch() {
    const answer = await fetch(this.url, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { lines } = await answer.json();
    this.isLoaded = true;
    this.show(lines);
    this.show(this.waiting.splice(0));
  }

  /** @param {[number, number, string][]} lines number in the job's log, time in ms, text */
  take(lines) {
    if (this.isLoaded) this.show(lines);
    else if (this.loading) this.waiting.push(...lines);
  }

  show(lines) {
    const fresh = lines.filter(([n]) => n > this.last);
    if (!fresh.length) return;
    this.last = fresh.at(-1)[0];
    this.view.push(fresh.map(([, at, text]) => [at, (at % 1000) * 1e6, 0, text]));
    this.fit();
  }

  /** As high as its lines need, up to a limit. */
  fit() {
    const rows = Math.min(MOST_ROWS, Math.max(1, this.view.rows.rows));
    const height = `${rows * LINE_PX}px`;
    if (this.root.style.height !== height) this.root.style.height = height;
  }
}
