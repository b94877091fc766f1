/** The table is tests/unit/test_log_levels.py's too: server and browser call a line the same. */
import { DEBUG, ERROR, INFO, levelOf, NONE, WARN } from "/static/js/parts/loglevels.js";
import { equal, run, test } from "./harness.js";

const NAMES = { error: ERROR, warn: WARN, info: INFO, debug: DEBUG, none: NONE };
const table = await (await fetch("/tests/js/loglevels.json")).json();

for (const [line, level] of table) {
  test(`${line.slice(0, 40)}… is ${level}`, () => equal(levelOf(line), NAMES[level]));
}

run();
