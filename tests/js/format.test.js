import { ago, bytes, duration } from "/static/js/core/format.js";
import { equal, run, test } from "./harness.js";

const NOW = Date.UTC(2026, 10, 24, 12);

test("sizes are binary, with one digit after the point below a hundred", () => {
  const sizes = [0, 1, 1023, 1024, 1536, 104857600, 1073741824, 1.5 * 1024 ** 4];
  equal(
    sizes.map((size) => bytes(size, "en")),
    ["0 B", "1 B", "1,023 B", "1 KiB", "1.5 KiB", "100 MiB", "1 GiB", "1.5 TiB"],
  );
});

test("a size just under the next unit is shown in the next unit, never as 1,024", () => {
  equal(bytes(1024 ** 2 - 1, "en"), "1 MiB");
});

test("what is no size is no bytes, not NaN", () => {
  equal([bytes(undefined, "en"), bytes(-5, "en")], ["0 B", "0 B"]);
});

test("a duration is its largest unit alone", () => {
  const spans = [0, 59, 60, 3599, 3600, 86400 * 3 + 5];
  equal(
    spans.map((seconds) => duration(seconds, "en")),
    ["0s", "59s", "1m", "59m", "1h", "3d"],
  );
  equal(duration(7200, "zh-hans"), "2小时");
});

test("ago counts whole units, and a clock ahead of ours is now", () => {
  equal(ago(NOW - 90_000, NOW, "en"), "1 minute ago");
  equal(ago(NOW - 3 * 3600_000, NOW, "en"), "3 hours ago");
  equal(ago(NOW + 5000, NOW, "en"), "now");
  equal(ago(NOW - 2 * 86400_000, NOW, "zh-hans"), "前天");
});

run();
