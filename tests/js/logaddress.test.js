import { readView, writeView } from "/static/js/parts/logaddress.js";
import { Rates, spanOf } from "/static/js/parts/logcharts.js";
import { fileAddress } from "/static/js/parts/logsave.js";
import { LogStore } from "/static/js/parts/logstore.js";
import { messages } from "/static/js/parts/logstream.js";
import { equal, run, test } from "./harness.js";

const none = { fields: [], since: "", until: "", line: "", hidden: [] };

test("a view goes into the address and comes back", () => {
  const view = { q: "a b", regex: true, case: false, only: true, levels: 0b11000, time: "utc" };
  const query = writeView("?x=1", view);
  equal(query, "?x=1&q=a+b&re=1&only=1&level=error,warn&time=utc");
  equal(readView(query), { ...view, ...none });
  const line = "lab/web@2026-11-24T09:15:02.123456789Z";
  const narrow = { fields: ["level=warn", "-user=a b"], since: "x", until: "y", line };
  const both = writeView("", { ...view, ...narrow });
  equal(readView(both), { ...view, ...narrow, hidden: [] });
  equal(
    both.endsWith(`&line=${line.replace("@", "%40")}&field=level%3Dwarn&field=-user%3Da+b`),
    true,
  );
});

test("what is as usual is not in the address", () => {
  const usual = { q: "", regex: false, case: false, only: false, levels: 31, time: "local" };
  equal(writeView("?q=old&level=warn", usual), "");
  equal(readView("?level=nonsense"), { ...usual, time: "", ...none });
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

test("lines that are held are counted over the time that they span", () => {
  const store = new LogStore(1024);
  for (let n = 0; n < 240; n += 1) store.add(1000 * n, 0, 0, n === 239 ? "error" : "info");
  store.mark(10_000_000, "a gap", true);
  const { from, to, columns } = spanOf(store);
  equal([from, to], [0, 239_000]);
  equal(
    [columns[0], columns[119]],
    [
      [0, 0, 3, 0, 0],
      [0, 0, 1, 0, 1],
    ].map((each, at) => (at ? each : [0, 0, 2, 0, 0])),
  );
  equal(
    columns.flat().reduce((a, b) => a + b),
    240,
  );
});

test("a file is asked for as it was chosen", () => {
  const one = {
    sources: ["lab/0123456789abcdef"],
    select: "",
    from: 0,
    to: Number.NaN,
    format: "text",
    search: null,
  };
  equal(
    fileAddress(one),
    "/api/v1/hosts/lab/containers/0123456789abcdef/logs?tail=all&format=text&download=1&since=1970-01-01T00%3A00%3A00.000Z",
  );
  const search = { q: "x", regex: false, case: false, levels: [4] };
  const two = { ...one, sources: ["lab/0123456789abcdef", "far/1"], from: Number.NaN, search };
  equal(
    fileAddress(two),
    "/api/v1/logs?q=x&level=error&tail=all&format=text&download=1&c=lab%2F0123456789ab&c=far%2F1",
  );
  equal(fileAddress({ ...two, select: "name:a" }).endsWith("&select=name%3Aa"), true);
});

run();
