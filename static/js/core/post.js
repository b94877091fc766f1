/** Asking the server to do something: POST with CSRF; a refusal is told in its own words. */

import { ask } from "./dialog.js";
import { make } from "./dom.js";
import { t } from "./i18n.js";
import { toast } from "./toast.js";

export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] ?? "";
}

/** For one press of one button. crypto.randomUUID would need https. */
export function onceKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join(
    "-",
  );
}

/**
 * Sends a form. Resolves to {ok, status, data}; data is JSON (a Job, or problem+json) or null.
 * A server that cannot be reached is {ok: false, status: 0}.
 * @param {string} url
 * @param {Iterable<[string, string]>} fields
 * @param {string} [key] the same deed sent twice under one key is done once
 */
export async function send(url, fields, key = onceKey()) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams([...fields]),
      headers: {
        "X-CSRFToken": csrfToken(),
        Accept: "application/json",
        "X-Requested-With": "fetch",
        "Idempotency-Key": key,
      },
      credentials: "same-origin",
    });
  } catch {
    return { ok: false, status: 0, data: null };
  }
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  const data = isJson ? await response.json().catch(() => null) : null;
  return {
    ok: response.ok,
    status: response.status,
    data,
    redirectedTo: response.redirected ? response.url : "",
  };
}

/** As send, and asks for the password where the server wants it again. Refusals become a toast. */
export async function post(url, fields) {
  const sent = [...fields];
  let answer = await send(url, sent);
  while (answer.data?.code === "step_up_required") {
    const password = await askPassword(answer.data.detail);
    if (password === null) return answer;
    answer = await send(url, [...sent, ["password", password]]);
  }
  if (!answer.ok) tellRefusal(answer);
  return answer;
}

async function askPassword(reason) {
  const input = make("input", {
    id: "dlg-password",
    type: "password",
    name: "password",
    autocomplete: "current-password",
    required: true,
  });
  const label = make("label", { htmlFor: "dlg-password", textContent: t("password") });
  const field = make("div", { className: "fld" }, label, input);
  const values = await ask({
    title: t("password_again"),
    body: reason,
    fields: [field],
    verb: t("continue"),
  });
  return values ? values.password : null;
}

/** The server's title, its detail (often the engine's own words) and its hint, until dismissed. */
export function tellRefusal({ status, data }) {
  if (status === 0) toast(t("unreachable"), { bad: true });
  else if (status === 401)
    location.assign(`/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
  else {
    const say = [data?.detail, data?.hint].filter(Boolean).join("\n");
    toast(data?.title ?? t("refused", { status: String(status) }), {
      bad: true,
      say,
      verbatim: false,
    });
  }
}
