import { declare } from "/static/js/core/declare.js";
import { useWords } from "/static/js/core/i18n.js";
import { answerWith, equal, ok, run, shell, test, until } from "./harness.js";

useWords({ cancel: "Cancel", continue: "Continue", password: "Password" });
window.htmx = { trigger: (element, name) => element.dispatchEvent(new CustomEvent(name)) };
const commands = [];
declare({ help: () => commands.push("help") });

const dialog = () => document.getElementById("dlg");

function make(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const [element] = parsed.body.children;
  shell(element);
  return element;
}

test("data-post sends its values with the token, then its section fetches itself", async () => {
  const section = make(
    `<section data-live="job"><button data-post="/jobs/7/cancel/" data-vals='{"a":"b"}'>x</button></section>`,
  );
  let refreshed = 0;
  section.addEventListener("live", () => {
    refreshed += 1;
  });
  const requests = answerWith(200, {});
  section.firstElementChild.click();
  await until(() => refreshed === 1, "the section was not refreshed");
  equal([requests[0].url, requests[0].fields], ["/jobs/7/cancel/", [["a", "b"]]]);
});

test("data-confirm asks first; a dangerous one waits for the name to be typed", async () => {
  const button = make(
    `<button data-post="/hosts/a/remove/" data-then="stay" data-confirm="Remove a?" data-verb="Remove" data-danger data-type="web-01">x</button>`,
  );
  const requests = answerWith(200, {});
  button.click();
  await until(() => dialog().open);
  const go = dialog().querySelector(".danger");
  ok(go.disabled, "it could be pressed without typing");
  const input = dialog().querySelector("input");
  input.value = "web-01";
  input.dispatchEvent(new Event("input"));
  go.click();
  await until(() => requests.length === 1);
});

test("a form that asks is sent once, after yes, by the button that was pressed", async () => {
  const form = make(
    `<form action="/x/" data-confirm="Sure?" data-verb="Do"><button name="a" value="1">x</button></form>`,
  );
  const sent = [];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sent.push(event.submitter.value);
  });
  form.firstElementChild.click();
  await until(() => dialog().open);
  equal(sent, []);
  dialog().querySelector(".primary").click();
  await until(() => sent.length === 1);
  equal(sent, ["1"]);
});

test("where the server wants the password again, it is asked for and sent along", async () => {
  const button = make(`<button data-post="/x/" data-then="stay" data-vals='{"k":"v"}'>x</button>`);
  let asked = 0;
  const requests = [];
  window.fetch = async (_url, { body }) => {
    requests.push(Object.fromEntries(body));
    asked += 1;
    const status = asked === 1 ? 403 : 200;
    const data = asked === 1 ? { code: "step_up_required", detail: "This shows secrets." } : {};
    return new Response(JSON.stringify(data), {
      status,
      headers: { "Content-Type": "application/problem+json" },
    });
  };
  button.click();
  await until(() => dialog().open);
  dialog().querySelector("input").value = "correct horse";
  dialog().querySelector(".primary").click();
  await until(() => requests.length === 2);
  equal(requests[1], { k: "v", password: "correct horse" });
});

test("rows are added with their number and taken away", () => {
  const box = make(
    `<div data-repeat><input name="port-TOTAL_FORMS" value="1"><div class="item"><input name="port-0-host"></div><template><div class="item"><input name="port-__prefix__-host"><button data-repeat-remove>x</button></div></template><button data-repeat-add>+</button></div>`,
  );
  const add = box.querySelector("[data-repeat-add]");
  add.click();
  add.click();
  const names = () => [...box.querySelectorAll(".item input")].map((one) => one.name);
  equal(names(), ["port-0-host", "port-1-host", "port-2-host"]);
  equal(box.querySelector("[name=port-TOTAL_FORMS]").value, "3");
  box.querySelector("[data-repeat-remove]").click();
  equal(names(), ["port-0-host", "port-2-host"]);
});

test("data-cmd runs the shell's command", () => {
  make(`<button data-cmd="help">?</button>`).click();
  equal(commands, ["help"]);
});

test("times are shown in words, with the exact time in the title", async () => {
  const when = new Date(Date.now() - 3 * 3600_000).toISOString();
  const time = make(`<p><time datetime="${when}" data-ago>x</time></p>`).firstElementChild;
  document.dispatchEvent(new CustomEvent("htmx:afterSwap"));
  equal(time.textContent, "3 hours ago");
  ok(time.title.includes("UTC"), time.title);
});

test("moments are told in the reader's zone, with UTC in the title", async () => {
  const box = make(
    `<p><time datetime="2026-11-24T08:13:59Z" data-local>x</time><time datetime="2026-11-24T08:13:59Z" data-clock>x</time></p>`,
  );
  document.dispatchEvent(new CustomEvent("htmx:afterSwap"));
  const [day, clock] = box.children;
  const there = new Date("2026-11-24T08:13:59Z");
  ok(day.textContent.includes(String(there.getFullYear())), day.textContent);
  equal(clock.textContent, there.toTimeString().slice(0, 8));
  for (const time of box.children) equal(time.title, "2026-11-24 08:13:59 UTC");
});

run();
