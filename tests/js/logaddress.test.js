import { readView, writeView } from "/static/js/parts/logaddress.js";
import { Rates } from "/static/js/parts/logcharts.js";
import { messages } from "/static/js/parts/logstream.js";
import { equal, run, test } from "./harness.js";

test("a view goes into the address and comes back", () => {
  const view = { q: "a b", regex: true, case: false, only: true, levels: 0b11000, time: "utc" };
  const query = writeView("?x=1", view);
  equal(query, "?x=1&q=a+b&re=1&only=1&level=error,warn&time=utc");
  equal(readView(query), { ...view, hidden: [] });
});

test("what is as usual is not in the address", () => {
  const usual = { q: "", regex: false, case: false, only: false, levels: 31, time: "local" };
  equal(writeView("?q=old&level=warn", usual), "");
  equal(readView("?level=nonsense"), { ...usual, time: "", hidden: [] });
});

test("a selection says levels until the address does; hidden containers are in it", () => {
  const query = "?select=project:shop+level:error";
  equal(readView(query).levels, 0b10000);
  equal(readView(`${query}&level=warn`).levels, 0b01000);
  const usual = { q: "", regex: false, case: false, only: false, levels: 31, time: "local" };
  const all = writeView(query, { ...usual, hidden: ["lab/web", "lab/db"] });
  equal(readView(all).levels, 31);
  equal(readView(all).hidden, ["lab/web", "lab/db"]);
  equal(all.endsWith("&hide=lab/web,lab/db"), true);
});

test("many places to go on from are said in several messages", () => {
  const places = [
    ["lab/a", "1"],
    ["lab/b", ""],
    ["lab/c", "3"],
  ];
  equal(messages(places, 30), [{ "lab/a": "1", "lab/b": "" }, { "lab/c": "3" }]);
  equal(messages([]), []);
});

test("lines are counted by second and level, two minutes long", () => {
  const rates = new Rates();
  rates.add(1000_999, 4);
  rates.add(1000_001, 2);
  rates.add(1119_500, 2);
  equal(rates.until(1119_000)[0], [0, 0, 1, 0, 1]);
  equal(rates.until(1120_000).at(-2), [0, 0, 1, 0, 0]);
  equal(rates.until(1120_000)[0], undefined);
});

run();
