import { fill, pluralForm, t, useWords } from "/static/js/core/i18n.js";
import { equal, run, test } from "./harness.js";

test("English tells one from many, Chinese does not", () => {
  equal(
    [0, 1, 2].map((n) => pluralForm(n, "en")),
    ["other", "one", "other"],
  );
  equal(
    [0, 1, 2].map((n) => pluralForm(n, "zh-hans")),
    ["other", "other", "other"],
  );
});

test("a count chooses its form and is written as the language writes numbers", () => {
  useWords({ selected: { one: "%(n)s container", other: "%(n)s containers" } });
  document.documentElement.lang = "en";
  equal(t("selected", { n: 1 }), "1 container");
  equal(t("selected", { n: 1000 }), "1,000 containers");
});

test("a form that a dictionary lacks falls back to other", () => {
  useWords({ selected: { other: "已选择 %(n)s 个" } });
  equal(t("selected", { n: 1 }), "已选择 1 个");
});

test("placeholders are filled by name, unknown ones stay visible", () => {
  equal(fill("%(a)s and %(b)s", { a: "x" }), "x and %(b)s");
  equal(fill("100%", {}), "100%");
});

test("a placeholder's value is text: it is not filled in again", () => {
  equal(fill("%(a)s", { a: "%(b)s", b: "no" }), "%(b)s");
});

test("a missing key shows itself", () => {
  useWords({});
  equal(t("no_such_key"), "no_such_key");
});

run();
