/** One line above a log that says why nothing comes, and what can be done about it. */
import { make } from "../core/dom.js";
import { t } from "../core/i18n.js";

const SIGNED_OUT = 4401;
const NOT_ALLOWED = 4403;
const NO_SUCH_OBJECT = 4404;
const TOO_MANY = 4429;
const LOST_MS = 2000; // a reconnect that is quicker is not worth a line

/**
 * @param {HTMLElement} line with two spans: what is, and what to do
 * @param {{host: string, view: import("./logview.js").LogView, tryAgain: () => void}} about
 */
export function stateLine(line, { host, view, tryAgain }) {
  const [words, action] = line.children;
  const page = location.pathname;
  let isConnected = false;
  let isFinal = false; // the server will not take us again
  let log = null; // what is the matter with the log itself
  let isMarked = false; // the end is in the view already: a reconnect hears of it again
  let timer = 0;

  function show(text, { kind = "calm", detail = "", url = "", label = "", run } = {}) {
    line.hidden = false;
    line.className = `banner ${kind}`;
    words.replaceChildren(text, ...(detail ? [" ", make("code", { textContent: detail })] : []));
    const way = url ? make("a", { href: url, textContent: label }) : null;
    const again = run
      ? make("button", { type: "button", className: "btn small", textContent: label })
      : null;
    again?.addEventListener("click", run);
    action.replaceChildren(...[way, again].filter(Boolean));
  }

  function refresh() {
    if (isFinal) return;
    if (log) show(...log);
    else line.hidden = true;
  }

  /** Where the container's other pages are. */
  const up = (part, label) => ({ url: page.replace(/logs\/$/, part), label });

  function ended(message) {
    const list = { url: "/containers/", label: t("log_to_list") };
    if (message.reason === "exited") {
      const time = Date.parse(message.at) || Date.now();
      if (!isMarked) view.mark(time, t("log_ended", { code: message.code ?? "?" }));
      isMarked = true;
      log = [t("log_exited", { code: message.code ?? "?" }), up("", t("log_to_container"))];
    } else if (message.reason === "unreadable")
      log = [
        t("log_unreadable"),
        { kind: "bad", detail: message.detail, ...up("inspect/", t("log_to_driver")) },
      ];
    else if (message.reason === "replaced")
      log = [t("log_replaced"), { url: page, label: t("log_follow_new") }];
    else log = [t("log_removed"), list];
  }

  return {
    isConnected: () => isConnected,
    isShown: () => !line.hidden,
    /** Lines have come. */
    flows() {
      isMarked = false;
    },

    /** What is the matter with the log, as `show` takes it; nothing is. */
    say(...what) {
      log = what.length ? what : null;
      refresh();
    },

    told(message) {
      const wasEnded = log?.isEnd;
      if (message.t === "stalled") {
        log = [
          t("log_stalled", { host }),
          { kind: "bad", detail: message.detail, url: "/hosts/", label: t("log_to_host") },
        ];
      } else if (message.t === "resumed") {
        if (wasEnded) view.mark(Date.now(), t("log_started"));
        log = null;
      } else if (message.t === "end") {
        ended(message);
        log.isEnd = message.reason === "exited";
      }
      refresh();
    },

    connection(state) {
      isConnected = state === "on";
      clearTimeout(timer);
      if (isConnected) {
        isFinal = false;
        log = null; // the server tells it again
        refresh();
      } else timer = setTimeout(() => !isFinal && show(t("log_lost"), { kind: "bad" }), LOST_MS);
    },

    closed(code) {
      const list = { kind: "bad", url: "/containers/", label: t("log_to_list") };
      isFinal = [SIGNED_OUT, NOT_ALLOWED, NO_SUCH_OBJECT, TOO_MANY].includes(code);
      if (code === SIGNED_OUT)
        location.assign(`/login/?next=${encodeURIComponent(page + location.search)}`);
      else if (code === NOT_ALLOWED) show(t("log_refused"), list);
      else if (code === NO_SUCH_OBJECT) show(t("log_unknown"), list);
      else if (code === TOO_MANY)
        show(t("log_too_many"), { kind: "bad", label: t("log_try_again"), run: tryAgain });
    },
  };
}
