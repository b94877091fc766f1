import { paxRecord, tarOf } from "/static/js/parts/tar.js";
import { equal, ok, run, test } from "./harness.js";

const text = (bytes) => new TextDecoder().decode(bytes);

test("a file is a header of 512 bytes, its content, and zeros to the next block", async () => {
  const blob = tarOf([["src/a.txt", new Blob(["hello"])]]);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  equal(bytes.length, 512 * 4);
  equal(text(bytes.slice(0, 9)), "src/a.txt");
  equal(text(bytes.slice(124, 135)), "00000000005");
  equal(text(bytes.slice(257, 263)), "ustar\0");
  equal(text(bytes.slice(512, 517)), "hello");
  const header = bytes.slice(0, 512);
  const said = Number.parseInt(text(header.slice(148, 154)), 8);
  header.fill(32, 148, 156);
  equal(
    said,
    header.reduce((sum, byte) => sum + byte, 0),
  );
});

test("a long or foreign path stands in a record that counts its own length", async () => {
  for (const path of ["目录/文件", "x".repeat(180)]) {
    const record = paxRecord("path", path);
    equal(Number.parseInt(text(record), 10), record.length);
    const bytes = new Uint8Array(await tarOf([[path, new Blob([""])]]).arrayBuffer());
    equal(text(bytes.slice(156, 157)), "x");
    ok(text(bytes.slice(512, 1024)).includes(`path=${path}\n`));
  }
});

run();
