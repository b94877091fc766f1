/** The sheet of keys, as the table of keys is at this moment. Comes when somebody asks for it. */
import { sheet } from "./dialog.js";
import { make } from "./dom.js";
import { t } from "./i18n.js";
import { bindings, lettersOff, lettersOffInProfile, switchLetters } from "./keys.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const KEY_NAMES = {
  "mod+k": isMac ? "⌘ K" : "Ctrl K",
  ArrowDown: "↓",
  ArrowUp: "↑",
  Backspace: "⌫",
  Escape: "Esc",
  Enter: "↵",
  " ": "␣",
  "shift+Enter": "⇧ ↵",
};

export function help() {
  const cols = make("div", { className: "cols" });
  const groups = new Map();
  for (const one of bindings()) {
    if (one.group) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  }
  for (const [name, members] of groups) {
    const list = make("dl", { className: "keys" });
    for (const { key, label } of members) {
      const names = (KEY_NAMES[key] ?? key)
        .split(" ")
        .map((part) => make("kbd", { textContent: part }));
      list.append(make("dt", {}, ...names), make("dd", { textContent: label }));
    }
    cols.append(make("section", {}, make("h3", { textContent: name }), list));
  }
  const off = make("input", {
    type: "checkbox",
    checked: lettersOff(),
    disabled: lettersOffInProfile(),
  });
  off.addEventListener("change", () => switchLetters(off.checked));
  const choice = make(
    "label",
    { className: "ck" },
    off,
    make("span", { textContent: t("keys_off") }),
  );
  sheet(t("key_help"), make("div", {}, cols, choice), { wide: true });
}
