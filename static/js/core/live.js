/**
 * What every page hears while it is open. State of containers, jobs of this person, and hints:
 * "something of this kind changed". A hint makes each <section data-live="job host" hx-get=…> fetch
 * itself again, and fires live:<kind> on body for pages that do more.
 */
import { $, $$, isTyping } from "./dom.js";
import { t } from "./i18n.js";
import { send } from "./post.js";
import { connect } from "./socket.js";
import { toast } from "./toast.js";

const THROTTLE_MS = 500;
const BANNER_MS = 10000;
const SIGNED_OUT = 4401;

const listeners = new Map();
const waiting = new Set();
const ripe = new Map();
let version = 0;
let bannerTimer = 0;

/** Calls run(d) for each message of a type: "state", "gone", "job", "hint", "reset". */
export function onLive(type, run) {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type).add(run);
}

export function start() {
  const path = document.body.dataset.socket;
  if (!path) return;
  version = Number(document.body.dataset.version) || 0;
  connect(path, {
    message: receive,
    state: showState,
    hello: () => ({ t: "hello", v: version }),
    closed(code) {
      if (code === SIGNED_OUT)
        location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    },
  });
  document.addEventListener("visibilitychange", flush);
  // htmx reads the triggers of an element once; those that only say data-live listen for "live"
  document.addEventListener("htmx:beforeProcessNode", (event) => listenForLive(event.target));
  for (const element of $$("[data-live][hx-get]")) listenForLive(element);
}

function listenForLive(element) {
  if (element.dataset?.live && !element.hasAttribute("hx-trigger"))
    element.setAttribute("hx-trigger", "live");
}

export function receive(message) {
  if (typeof message.v === "number") version = message.v;
  for (const run of listeners.get(message.t) ?? []) run(message.d ?? message.k);
  if (message.t === "hint") for (const kind of message.k) hint(kind);
  if (message.t === "reset") for (const kind of ["container", "image", "host", "job"]) hint(kind);
}

/** Fires at once, then at most once per 500 ms and kind; the last one is never lost. */
function hint(kind) {
  const now = performance.now();
  const next = ripe.get(kind) ?? 0;
  if (now >= next) fire(kind);
  else if (!waiting.has(kind)) {
    waiting.add(kind);
    setTimeout(() => fire(kind), next - now);
  }
}

function fire(kind) {
  if (document.hidden) {
    waiting.add(kind);
    return;
  }
  waiting.delete(kind);
  ripe.set(kind, performance.now() + THROTTLE_MS);
  for (const element of $$(`[data-live~="${CSS.escape(kind)}"]`)) refresh(element);
  htmx.trigger(document.body, `live:${kind}`);
}

/** What a hidden tab missed it fetches when it is looked at again. */
function flush() {
  if (!document.hidden) for (const kind of [...waiting]) fire(kind);
}

/** Not under the fingers of somebody who types in it; then a moment later. */
export function refresh(element) {
  const active = document.activeElement;
  if (element.contains(active) && isTyping(active))
    setTimeout(() => element.isConnected && refresh(element), 2000);
  else htmx.trigger(element, "live");
}

function showState(state) {
  const indicator = $("#live");
  if (indicator) {
    indicator.dataset.s = state;
    indicator.firstElementChild.textContent = t(state === "on" ? "live" : "reconnecting");
  }
  document.documentElement.classList.toggle("unlive", state !== "on");
  const banner = $("#offline");
  if (state === "on") {
    clearTimeout(bannerTimer);
    bannerTimer = 0;
    if (banner) banner.hidden = true;
  } else {
    bannerTimer ||= setTimeout(() => {
      if (banner) banner.hidden = false;
    }, BANNER_MS);
  }
}

/**
 * A job of this person that ended: wrong, or after so long that the page where it began may be gone;
 * other successes are told by that page. A hidden tab says nothing: the tray keeps what nobody saw.
 */
export function tellJob(job) {
  if (job.mine === false || ["queued", "running"].includes(job.state)) return;
  const good = job.state === "succeeded";
  if (document.hidden || location.pathname === job.url || (good && !job.long)) return;
  toast(t(`job_${job.state}`, { title: job.title, target: job.target }), {
    bad: !good && job.state !== "cancelled",
    say: job.error,
    verbatim: true,
    link: { url: job.url, label: t("view_job") },
    gone: () => send(`${job.url}seen/`, []).then(() => fire("job")),
  });
}
