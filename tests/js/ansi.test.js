import { columns, plain, segments } from "/static/js/parts/ansi.js";
import { DEBUG, ERROR, INFO, levelOf, NONE, WARN } from "/static/js/parts/loglevels.js";
import { equal, ok, run, test } from "./harness.js";

const texts = (text) => segments(text).map((part) => part.text);
const only = (text) => segments(text)[0];

test("colours become classes, and their codes are gone", () => {
  const [red, rest] = segments("\x1b[31mred\x1b[0m and not");
  equal([red.text, red.classes], ["red", "a-f1"]);
  equal([rest.text, rest.classes], [" and not", ""]);
});

test("bold, dim, italic and underlined, on and off", () => {
  equal(only("\x1b[1;2;3;4mx").classes, "a-bold a-dim a-italic a-under");
  equal(only("\x1b[1;2;3;4m\x1b[22;23;24mx").classes, "");
});

test("bright colours, 256 colours and true colours", () => {
  equal(only("\x1b[91mx").classes, "a-f9");
  equal(only("\x1b[38;5;9mx").classes, "a-f9");
  equal(only("\x1b[38;5;196mx").color, "rgb(255,0,0)");
  equal(only("\x1b[38;2;1;2;3mx").color, "rgb(1,2,3)");
  equal(only("\x1b[48;2;1;2;3mx").background, "rgb(1,2,3)");
});

test("what is no number does not become a colour", () => {
  for (const codes of ["38;2;999;;x", "38;5;999", "38", "48;5", ";;;", "999"]) {
    const part = only(`\x1b[${codes.replace("x", "")}mx`);
    ok(/^(|rgb\(\d{1,3},\d{1,3},\d{1,3}\))$/.test(part.color), `${codes}: ${part.color}`);
  }
});

test("everything else that a terminal would act on is shown and not done", () => {
  equal(plain("\x1b[2J"), "\\x1b[2J");
  equal(
    plain("\x1b]8;;javascript:alert(1)\x07here\x1b]8;;\x07"),
    "\\x1b]8;;javascript:alert(1)\\x07here\\x1b]8;;\\x07",
  );
  equal(plain("\x1b]52;c;aGk=\x1b\\"), "\\x1b]52;c;aGk=\\x1b\\");
  equal(plain("\x1bP$qm\x1b\\"), "\\x1bP$qm\\x1b\\");
  equal(plain("\x9b31mx"), "\\x9b31mx");
  equal(plain("\0\b\r\x7f"), "\\x00\\x08\\x0d\\x7f");
});

test("what deceives the eye is shown: bidi, zero width, tags", () => {
  equal(plain("a\u202eb\u2066c"), "a\\u202eb\\u2066c");
  equal(plain("a\u200b\u200d\ufeff\u00adb"), "a\\u200b\\u200d\\ufeff\\u00adb");
  equal(plain("a\u{e0041}b"), "a\\u{e0041}b");
  equal(plain("tab\there, 行 and é stay"), "tab\there, 行 and é stay");
});

test("the parts together are the plain text, escapes among them marked", () => {
  const text = "\x1b[1mA\x07\x1b[32mB\u202e\x1b[0mC";
  equal(texts(text).join(""), plain(text));
  equal(
    segments(text).map((part) => part.classes),
    ["a-bold", "esc a-bold", "a-bold a-f2", "esc a-bold a-f2", ""],
  );
});

test("columns are exact for plain text and negative where the font decides", () => {
  equal(columns("abc"), 3);
  equal(columns("a\tb"), 9);
  equal(columns("行é"), -3);
  equal(columns("😀"), -2);
});

test("the level that a line names, else a word near its beginning", () => {
  equal(levelOf('{"level":"warning","error":"none"}'), WARN);
  equal(levelOf("time=… level=info msg=error"), INFO);
  equal(levelOf("2026-11-24 ERROR it broke"), ERROR);
  equal(levelOf("debug: x"), DEBUG);
  equal(levelOf("no terror here"), NONE);
  equal(levelOf(`${"x".repeat(80)} error`), NONE);
});

run();
