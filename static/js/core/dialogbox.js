/** The one <dialog> of a page: asks, or shows something to read. Comes when dialog.js needs it. */
import { $, make } from "./dom.js";
import { t } from "./i18n.js";

/** @param {import("./dialog.js").Question} question */
export function ask(question) {
  const { title, body, items = [], checks = [], fields = [], verb, danger, typed } = question;
  const form = make("form", { method: "dialog" });
  form.append(make("h2", { id: "dlg-title", textContent: title }));
  if (body) form.append(make("p", { textContent: body }));
  if (items.length) {
    const list = make("ul", { className: "what", tabIndex: 0, "aria-label": title });
    for (const item of items) list.append(make("li", {}, item));
    form.append(list);
  }
  for (const check of checks) {
    const box = make("input", {
      type: "checkbox",
      name: check.name,
      value: "1",
      checked: Boolean(check.checked),
    });
    form.append(
      make("label", { className: "ck" }, box, make("span", { textContent: check.label })),
    );
  }
  form.append(...fields);
  const cancel = make("button", { className: "btn", value: "", textContent: t("cancel") });
  const go = make("button", {
    className: danger ? "btn danger solid" : "btn primary",
    value: "go",
    textContent: verb,
  });
  cancel.type = "button";
  cancel.addEventListener("click", () => $("#dlg").close(""));
  const typing = typed ? typedField(typed, go) : null;
  if (typing) form.append(typing);
  form.append(make("div", { className: "acts" }, cancel, go));
  const field = question.focusVerb ? null : fields[0]?.querySelector?.("input, select");
  return show(form, typing?.querySelector("input") ?? (danger ? cancel : (field ?? go)));
}

function typedField(typed, go) {
  const input = make("input", {
    id: "dlg-typed",
    type: "text",
    autocomplete: "off",
    spellcheck: false,
  });
  go.disabled = true;
  input.addEventListener("input", () => {
    go.disabled = input.value.trim() !== typed;
  });
  const label = make("label", {
    htmlFor: "dlg-typed",
    textContent: t("type_to_confirm", { name: typed }),
  });
  return make("div", { className: "fld" }, label, input);
}

function show(form, focus) {
  const dialog = $("#dlg");
  dialog.classList.remove("wide");
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  focus.focus();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        const values = Object.fromEntries(new FormData(form));
        resolve(dialog.returnValue === "go" ? values : null);
      },
      { once: true },
    );
  });
}

export function sheet(title, content, { wide = false } = {}) {
  const close = make("button", { className: "btn", textContent: t("close") });
  const form = make(
    "form",
    { method: "dialog" },
    make("h2", { id: "dlg-title", textContent: title }),
    content,
  );
  form.append(make("div", { className: "acts" }, close));
  const closed = show(form, close);
  $("#dlg").classList.toggle("wide", wide);
  return closed;
}
