/** A few lines of test runner: what fails is told by name, with what was expected. */

const tests = [];

export function test(name, run) {
  tests.push({ name, run });
}

const show = (value) => JSON.stringify(value) ?? String(value);

export function equal(actual, expected, what = "") {
  if (show(actual) !== show(expected)) {
    throw new Error(`${what} expected ${show(expected)}, got ${show(actual)}`.trim());
  }
}

export function ok(value, what = "not true") {
  if (!value) throw new Error(what);
}

/** Waits until a condition holds: no test sleeps for a time that it hopes is enough. */
export async function until(condition, what = "never came true") {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > 5000) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs all tests in order, each on a body that prepare made, and leaves the report in the page. */
export async function run(prepare = () => {}) {
  const failed = [];
  for (const { name, run: body } of tests) {
    try {
      await prepare();
      await body();
    } catch (error) {
      failed.push(`${name}: ${error.message}`);
    }
  }
  const report = document.createElement("pre");
  report.id = "report";
  report.textContent = JSON.stringify({ ran: tests.length, failed });
  document.body.replaceChildren(report);
}

/** The stylesheets of a page, loaded once. */
export async function styles(...names) {
  if (document.querySelector("link")) return;
  for (const name of ["tokens", "base", "components", ...names]) {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: `/static/css/${name}.css` });
    document.head.append(link);
    await new Promise((resolve) => link.addEventListener("load", resolve));
  }
}

/** What base.html gives every page, as far as the tested modules ask for it. */
export function shell(...content) {
  const parts = [
    ["div", { id: "toasts", popover: "manual" }],
    ["dialog", { id: "dlg" }],
  ].map(([tag, attributes]) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  });
  document.body.setAttribute("hx-headers", '{"X-CSRFToken": "token-1"}');
  document.body.dataset.sprite = "/static/vendor/icons.svg";
  document.body.replaceChildren(...content, ...parts);
}

/** The list as its template renders it, in a page like list.html. */
export async function listPage(rows) {
  const answer = await fetch(`/fixtures/list/${rows}`);
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const page = document.createElement("div");
  page.id = "listpage";
  page.append(...parsed.body.childNodes);
  shell(page);
  return page;
}

/** Answers every request of the page with this, and remembers what was sent. */
export function answerWith(status, data) {
  const sent = [];
  window.fetch = async (url, options = {}) => {
    sent.push({ url, fields: [...(options.body ?? [])], headers: options.headers ?? {} });
    const body =
      data === null ? "" : JSON.stringify(typeof data === "function" ? data(sent) : data);
    return new Response(status === 204 ? null : body, {
      status,
      headers: { "Content-Type": "application/json" },
    });
  };
  return sent;
}
