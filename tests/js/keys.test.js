import { bind, listen, lookUp, nameOf, switchLetters } from "/static/js/core/keys.js";
import { equal, run, shell, test } from "./harness.js";

listen();
let pressed = [];
for (const key of ["j", "g c", "c", "Escape", "mod+k", "shift+Enter", " ", "?"]) {
  bind(key, key, () => pressed.push(key));
}

function press(key, target = document.body, options = {}) {
  target.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options }),
  );
}

function prepare() {
  switchLetters(false);
  shell();
  pressed = [];
  // no sequence is half done
  lookUp("j", 0);
}

test("a letter does what the table says", () => {
  press("j");
  equal(pressed, ["j"]);
});

test("a sequence is two letters within a second; too late it is two single letters", () => {
  press("g");
  press("c");
  equal(pressed, ["g c"]);
  lookUp("g", 1000);
  equal(lookUp("c", 5000).label, "c");
});

test("letters typed into a field are text", () => {
  const input = document.createElement("input");
  document.body.append(input);
  press("j", input);
  equal(pressed, []);
});

test("with Ctrl or Meta the browser keeps its keys, except Ctrl+K", () => {
  press("j", document.body, { ctrlKey: true });
  press("f", document.body, { ctrlKey: true });
  press("k", document.body, { ctrlKey: true });
  equal(pressed, ["mod+k"]);
});

test("Space on a button presses the button", () => {
  const button = document.createElement("button");
  document.body.append(button);
  press(" ", button);
  equal(pressed, []);
});

test("a dialog takes all keys", () => {
  document.getElementById("dlg").showModal();
  press("j");
  equal(pressed, []);
});

test("switched off, letters are dead and Escape works", () => {
  switchLetters(true);
  press("j");
  press("?");
  press("Escape");
  equal(pressed, ["Escape"]);
});

test("Shift counts for named keys, for characters the character does", () => {
  equal(nameOf({ key: "Enter", shiftKey: true }), "shift+Enter");
  equal(nameOf({ key: "?", shiftKey: true }), "?");
});

run(prepare);
