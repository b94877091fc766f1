import { Pace } from "/static/js/parts/logfoot.js";
import { equal, run, test } from "./harness.js";

test("lines that come as they are written are counted by the second", () => {
  const pace = new Pace(0);
  pace.add([[1000], [1100], [1200]]);
  pace.add([[1400]]);
  equal(pace.perSecond(500), 8);
});

test("an old log that comes at once is as slow as it was written", () => {
  const pace = new Pace(0);
  pace.add(Array.from({ length: 500 }, (_, n) => [n * 2000]));
  equal(pace.perSecond(500), 1);
});

test("where nothing came, nothing is told; each time is told once", () => {
  const pace = new Pace(0);
  pace.add([[0], [1]]);
  equal(pace.perSecond(1000), 2);
  equal(pace.perSecond(2000), 0);
});

run();
