import { rank, readQuery, score } from "/static/js/core/score.js";
import { equal, ok, run, test } from "./harness.js";

const item = (label, hint = "") => ({ label, hint });
const labels = (items) => items.map(({ label }) => label);

test("every word must be in label or hint", () => {
  ok(score("shop-api-1", "web-01", "api web") > 0);
  equal(score("shop-api-1", "web-01", "api db"), -1);
});

test("the start of a word counts more than its middle", () => {
  ok(score("shop-api", "", "api") > score("shopxapi", "", "api"));
});

test("the shorter label wins among equals", () => {
  const items = [item("shop-api-canary-2"), item("shop-api")];
  equal(labels(rank(items, "shop", 9)), ["shop-api", "shop-api-canary-2"]);
});

test("equals keep their order, and an empty query keeps all", () => {
  const items = [item("web-b"), item("web-a")];
  equal(labels(rank(items, "web", 9)), ["web-b", "web-a"]);
  equal(labels(rank(items, " ", 1)), ["web-b"]);
});

test("letters of any script begin words", () => {
  ok(score("停止 web", "", "web") > 0);
});

test("@ looks for hosts, > for actions", () => {
  equal(readQuery(" @web"), { mode: "host", words: "web" });
  equal(readQuery("> stop it"), { mode: "action", words: "stop it" });
  equal(readQuery("shop api"), { mode: "all", words: "shop api" });
});

run();
