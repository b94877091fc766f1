import { filterUrl, wireFilter } from "/static/js/parts/filter.js";
import { equal, ok, run, shell, test, until } from "./harness.js";

const LIST = "http://x/containers/";

test("a filter keeps state, host, grouping and sorting, and goes back to page one", () => {
  const before = `${LIST}?state=failed&group=host&sort=-created&page=7&q=old`;
  const after = new URL(filterUrl(before, " web host:a "), LIST);
  equal(Object.fromEntries(after.searchParams), {
    state: "failed",
    group: "host",
    sort: "-created",
    q: "web host:a",
  });
});

test("an empty filter leaves no q behind", () => {
  equal(filterUrl(`${LIST}?q=web`, "  "), "/containers/");
});

test("what is typed is encoded", () => {
  equal(filterUrl(LIST, "a&b=c #d"), "/containers/?q=a%26b%3Dc+%23d");
});

function wired() {
  const form = document.createElement("form");
  const input = document.createElement("input");
  form.append(input);
  shell(form);
  const applied = [];
  const left = [];
  const filter = wireFilter(form, input, {
    apply: (url) => applied.push(url),
    leave: () => left.push(1),
  });
  const type = (text) => {
    input.value = text;
    input.dispatchEvent(new Event("input"));
  };
  return { form, input, applied, left, filter, type };
}

test("several letters typed quickly are one request, and the address follows", async () => {
  const { applied, type } = wired();
  for (const text of ["w", "we", "web"]) type(text);
  await until(() => applied.length > 0, "no request was made");
  equal(applied.length, 1);
  ok(location.search === "?q=web", location.search);
});

test("Enter does not wait, and goes on to the rows", () => {
  const { form, applied, left, type } = wired();
  type("now");
  form.requestSubmit();
  equal([applied.length, left.length], [1, 1]);
});

test("Escape empties the box first, and shows the whole list", () => {
  const { input, applied, type } = wired();
  type("x1");
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", cancelable: true }));
  equal([input.value, applied.at(-1)], ["", location.pathname]);
});

run();
