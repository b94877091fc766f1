import { StepSearch } from "/static/js/parts/stepsearch.js";
import { equal, run, test } from "./harness.js";

/** A log of so many matches, as far as the search looks at it; `said` notes where it went. */
function log(name, matches, said) {
  const search = {
    hits: Array.from({ length: matches }, (_, index) => index),
    from: 0,
    current: -1,
    get count() {
      return this.hits.length;
    },
    get number() {
      return this.current + 1;
    },
  };
  const view = {
    search,
    setPattern: (pattern) => said.push(`${name} ${pattern}`),
    step(direction) {
      search.current = (search.current + direction + matches) % matches;
      said.push(`${name}${search.number}`);
    },
  };
  return { view, load: async () => said.push(`load ${name}`) };
}

function made(...counts) {
  const said = [];
  const logs = counts.map((count, index) => log("abc"[index], count, said));
  const search = new StepSearch(() => logs, { open: () => {}, changed: () => {} });
  return { said, logs, search };
}

test("it goes over the borders of steps, forth and back, and round", () => {
  const { said, search } = made(2, 0, 1);
  for (const direction of [1, 1, 1, 1, -1, -1]) search.step(direction);
  equal(said, ["a1", "a2", "c1", "a1", "c1", "a2"]);
  equal([search.number, search.count], [2, 3]);
});

test("going back first begins at the last match", () => {
  const { said, search } = made(2, 1);
  search.step(-1);
  equal(said, ["b1"]);
});

test("every log is read before it is searched, and special letters are plain", async () => {
  const { said, search } = made(1, 1);
  await search.set("a.b");
  equal(said, ["load a", "a /a\\.b/iu", "load b", "b /a\\.b/iu"]);
});

test("a search that is overtaken by another one stops", async () => {
  const { said, search } = made(1, 1);
  const first = search.set("x");
  await search.set("");
  await first;
  equal(
    said.filter((each) => each.includes("/x/")),
    [],
  );
});

run();
