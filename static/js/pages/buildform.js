/** A new build: line numbers, mistakes at their lines while one types, a folder as the context. */
import { $, make } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { send, tellRefusal } from "../core/post.js";
import { tarOf } from "../parts/tar.js";

const CHECK_MS = 400;
const form = $("#buildform");
const text = $("#id_dockerfile");
const gutter = make("ol", { className: "gutter" });
gutter.setAttribute("aria-hidden", "true");
const sheet = make("div", { className: "sheet" });
text.before(sheet);
sheet.append(gutter, text);

let files = null; // [path below the folder, File][]
let ignore = "";
let timer = 0;
let asked = 0;

function number(marks) {
  const count = text.value.split("\n").length;
  gutter.replaceChildren(
    ...Array.from({ length: count }, (_unused, at) =>
      make("li", { textContent: String(at + 1), className: marks.get(at + 1) ?? "" }),
    ),
  );
  follow();
}

function follow() {
  gutter.style.height = `${text.clientHeight}px`;
  gutter.scrollTop = text.scrollTop;
}

function goTo(line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
}

function problemRow({ line, message, error }) {
  const row = make("li", {});
  row.append(make("i", { className: `g g-${error ? "failed" : "unhealthy"}` }));
  if (line) {
    const button = make("button", { type: "button", className: "lnk" });
    button.textContent = t("build_line", { n: String(line) });
    button.addEventListener("click", () => goTo(line));
    row.append(button);
  }
  row.append(make("span", { textContent: message, className: error ? "bad" : "" }));
  return row;
}

async function judge() {
  const mine = ++asked;
  if (text.value.trim().split(/\s+/).length < 2) {
    $("#problems").replaceChildren();
    number(new Map());
    return;
  }
  const { ok, data } = await send("/builds/check/", [
    ["dockerfile", text.value],
    ["build_args", $("#id_build_args").value],
    ["target", $("#id_target").value],
    ["paths", files ? JSON.stringify(files.map(([path]) => path)) : ""],
    ["ignore", ignore],
  ]);
  if (!ok || mine !== asked) return;
  const marks = new Map();
  for (const { line, error } of data.problems)
    if (marks.get(line) !== "bad") marks.set(line, error ? "bad" : "warn");
  number(marks);
  const fine = make("li", { textContent: t("build_fine"), className: "dim" });
  $("#problems").replaceChildren(
    ...(data.problems.length ? data.problems.map(problemRow) : [fine]),
  );
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(judge, CHECK_MS);
}

text.addEventListener("input", () => {
  number(new Map());
  soon();
});
text.addEventListener("scroll", follow);
new ResizeObserver(follow).observe(text);
for (const id of ["#id_target", "#id_build_args"]) $(id).addEventListener("input", soon);

$("#folder").addEventListener("change", async (event) => {
  const found = [...event.target.files];
  files = found.map((file) => [file.webkitRelativePath.split("/").slice(1).join("/"), file]);
  $("#chosen").textContent = t("build_folder", { n: files.length });
  const own = files.find(([path]) => path === ".dockerignore");
  ignore = own ? await own[1].text() : "";
  const dockerfile = files.find(([path]) => path === "Dockerfile");
  if (dockerfile && !text.value.trim()) text.value = await dockerfile[1].text();
  judge();
});

form.addEventListener("submit", async (event) => {
  if (!files) return; // a form like any other
  event.preventDefault();
  const body = new FormData(form);
  body.set("context", tarOf(files), "context.tar");
  $("#dobuild").disabled = true;
  $("#sending").textContent = t("build_sending");
  let response = null;
  try {
    response = await fetch(form.action, {
      method: "POST",
      body,
      headers: { Accept: "application/json", "X-Requested-With": "fetch" },
      credentials: "same-origin",
    });
  } catch {
    // told below
  }
  const data = response ? await response.json().catch(() => null) : null;
  if (response?.ok && data) {
    location.assign(data.url);
    return;
  }
  $("#dobuild").disabled = false;
  $("#sending").textContent = "";
  tellRefusal({ status: response?.status ?? 0, data });
});

number(new Map());
if (text.value) judge();
