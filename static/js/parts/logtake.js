/** Taking lines of a log along: copied, saved as a file, read out. */
import { make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { toast } from "../core/toast.js";

const LAST_READ = 20; // lines read out

/**
 * @param {import("./logview.js").LogView} view
 * @param {{file: string, said: HTMLElement, link: () => string}} about file: the beginning of a
 *   saved file's name; link: the address of the picked line
 */
export function takeLines(view, { file, said, link }) {
  const { store } = view;

  function labelled(id) {
    const name = view.names.length > 1 ? `${view.names[store.source(id)]} ` : "";
    return `${store.timestamp(id)} ${name}${store.plainText(id)}\n`;
  }

  return {
    async copy() {
      const { ids } = view.picked;
      if (!ids.length) return;
      const text = ids.map((id) => store.plainText(id)).join("\n");
      try {
        await navigator.clipboard.writeText(text);
        toast(t("log_copied", { n: ids.length }));
      } catch {
        toast(t("copy_failed"), { say: text, verbatim: true, bad: true });
      }
    },

    async copyLink() {
      try {
        await navigator.clipboard.writeText(link());
        toast(t("log_link_copied"));
      } catch {
        toast(t("copy_failed"), { say: link(), verbatim: true, bad: true });
      }
    },

    /** What is shown of what is held, as text, with the engine's own times. */
    save() {
      const lines = view.shownIds().map(labelled);
      const url = URL.createObjectURL(new Blob(lines, { type: "text/plain" }));
      const day = new Date().toISOString().slice(0, 19).replaceAll(":", "");
      make("a", { href: url, download: `${file}-${day}Z.log` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    },

    readOut() {
      const ids = view.shownIds().slice(-LAST_READ);
      said.textContent = ids.map((id) => store.plainText(id)).join("\n");
    },
  };
}
