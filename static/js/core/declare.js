/**
 * Behaviour that templates ask for by attributes, so that a page needs no script of its own.
 *
 *   <form data-confirm="Remove web-01?" data-body="…" data-verb="Remove" data-danger data-type="web-01">
 *       asks before it is sent; also on one submit button, for that button only
 *   <button data-post="/jobs/7/cancel/" data-vals='{"a": "b"}' data-confirm=… data-then="reload|stay|/url/">
 *       sends a POST; then its nearest [data-live] fetches itself again (or data-then)
 *   <button data-copy="text">          copies
 *   <button data-cmd="palette|theme|help" data-prefill="@">
 *   <select data-submit>               sends its form when changed
 *   <time datetime="…Z" data-ago>      "3 minutes ago", kept true; UTC and local time in its title
 *   <time datetime="…Z" data-local>    in the reader's zone; UTC in its title
 *   <time datetime="…Z" data-clock>    the same, without the day
 *   <button data-toggle="id" data-toggle-text="Hide">   shows and hides an element
 *   <div data-repeat><template>…__prefix__…</template> <button data-repeat-add> … <button data-repeat-remove>
 *       rows of a form that are added and taken away; an input named *-TOTAL_FORMS is kept right
 */

import { ask } from "./dialog.js";
import { $, $$ } from "./dom.js";
import { ago, clock, localTime, utc } from "./format.js";
import { t } from "./i18n.js";
import { refresh } from "./live.js";
import { post } from "./post.js";
import { toast } from "./toast.js";

const AGO_MS = 30000;
const confirmed = new WeakSet();

function questionOf(element) {
  const { confirm, body, verb, danger, type } = element.dataset;
  return {
    title: confirm,
    body,
    verb: verb ?? element.textContent.trim(),
    danger: danger !== undefined,
    typed: type,
  };
}

async function onSubmit(event) {
  const form = event.target;
  const asks = event.submitter?.dataset.confirm
    ? event.submitter
    : form.dataset.confirm
      ? form
      : null;
  if (!asks || confirmed.has(form)) {
    confirmed.delete(form);
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if ((await ask(questionOf(asks))) === null) return;
  confirmed.add(form);
  form.requestSubmit(event.submitter);
}

async function onPost(button) {
  if (button.dataset.confirm && (await ask(questionOf(button))) === null) return;
  button.disabled = true;
  const answer = await post(
    button.dataset.post,
    Object.entries(JSON.parse(button.dataset.vals || "{}")),
  );
  button.disabled = false;
  if (!answer.ok) return;
  const then = button.dataset.then ?? "";
  const live = button.closest("[data-live]");
  if (then.startsWith("/")) location.assign(then);
  else if (then === "stay") return;
  else if (then === "reload" || !live) location.reload();
  else refresh(live);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"), { say: text.slice(0, 80), ms: 2000 });
  } catch {
    toast(t("copy_failed"), { bad: true, say: text });
  }
}

function addItem(box) {
  const template = $("template", box);
  const total = $("input[name$='-TOTAL_FORMS']", box);
  const index = total ? Number(total.value) : $$(".item", box).length;
  const item = template.content.firstElementChild.cloneNode(true);
  for (const element of [item, ...$$("*", item)]) {
    for (const attribute of [...element.attributes]) {
      if (attribute.value.includes("__prefix__"))
        element.setAttribute(
          attribute.name,
          attribute.value.replaceAll("__prefix__", String(index)),
        );
    }
  }
  template.before(item);
  if (total) total.value = String(index + 1);
  $("input, select, textarea", item)?.focus();
}

/** A row of a formset that was saved is marked for deletion; one that was not is taken away. */
function removeItem(button) {
  const item = button.closest(".item");
  const mark = $("input[name$='-DELETE']", item);
  const next =
    item.nextElementSibling?.querySelector("input") ?? $("[data-repeat-add]", item.parentElement);
  if (mark) {
    mark.checked = true;
    mark.value = "on";
    item.hidden = true;
  } else {
    for (const field of $$("input, select, textarea", item)) field.value = "";
    item.remove();
  }
  next?.focus();
}

function toggle(button) {
  const target = document.getElementById(button.dataset.toggle);
  target.hidden = !target.hidden;
  button.setAttribute("aria-expanded", String(!target.hidden));
  const { toggleText } = button.dataset;
  if (toggleText) {
    button.dataset.toggleText = button.textContent;
    button.textContent = toggleText;
  }
}

function onClick(event, commands) {
  const hit = event.target.closest?.(
    "[data-cmd], [data-post], [data-copy], [data-toggle], [data-repeat-add], [data-repeat-remove]",
  );
  if (!hit || event.button !== 0 || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const { cmd, post: url, copy: text, toggle: target, repeatAdd, repeatRemove } = hit.dataset;
  if (cmd) commands[cmd]?.(hit);
  else if (url) onPost(hit);
  else if (text !== undefined) copy(text);
  else if (target) toggle(hit);
  else if (repeatAdd !== undefined) addItem(hit.closest("[data-repeat]"));
  else if (repeatRemove !== undefined) removeItem(hit);
}

function showTimes(root = document) {
  for (const element of $$("time[data-ago]", root)) {
    element.textContent = ago(element.dateTime);
    element.title = `${localTime(element.dateTime)} · ${utc(element.dateTime)}`;
  }
  for (const element of $$("time[data-local]", root)) {
    element.textContent = localTime(element.dateTime);
    element.title = utc(element.dateTime);
  }
  for (const element of $$("time[data-clock]", root)) {
    element.textContent = clock(element.dateTime);
    element.title = utc(element.dateTime);
  }
}

/** @param {Record<string, (button: HTMLElement) => void>} commands what data-cmd names */
export function declare(commands) {
  document.addEventListener("click", (event) => onClick(event, commands));
  document.addEventListener("submit", onSubmit, { capture: true });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:afterSwap", (event) =>
    showTimes(event.target.parentElement ?? document),
  );
  showTimes();
  setInterval(() => document.hidden || showTimes(), AGO_MS);
  $('.fld.bad :is(input, select, textarea), .item.bad [aria-invalid="true"]')?.focus();
}
