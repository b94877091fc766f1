/** A folder that was chosen in the page, as one tar: headers are made here, files stay on disk. */

const BLOCK = 512;
const encoder = new TextEncoder();

const octal = (number, width) => `${number.toString(8).padStart(width - 1, "0")}\0`;

/** One header of a plain file or of a PAX record; `name` within 100 bytes. */
export function header(name, size, mtime, type = "0") {
  const block = new Uint8Array(BLOCK);
  const put = (at, text) => block.set(encoder.encode(text), at);
  put(0, name);
  put(100, octal(0o644, 8));
  put(108, octal(0, 8));
  put(116, octal(0, 8));
  put(124, octal(size, 12));
  put(136, octal(mtime, 12));
  put(148, " ".repeat(8));
  put(156, type);
  put(257, "ustar\x0000");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

const padding = (size) => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);

/** A PAX record counts its own length: "27 path=…\n". */
export function paxRecord(key, value) {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return encoder.encode(`${length} ${key}=${value}\n`);
}

/** The parts of one file, in order. */
function parts(path, file) {
  const mtime = Math.floor((file.lastModified ?? 0) / 1000);
  const found = [];
  let name = path;
  if (encoder.encode(path).length > 100 || /[^\x20-\x7e]/.test(path)) {
    const record = paxRecord("path", path);
    found.push(header("pax", record.length, mtime, "x"), record, padding(record.length));
    name = "long";
  }
  found.push(header(name, file.size, mtime), file, padding(file.size));
  return found;
}

/** @param {[string, File][]} files path below the folder, and the file */
export function tarOf(files) {
  const end = new Uint8Array(2 * BLOCK);
  return new Blob([...files.flatMap(([path, file]) => parts(path, file)), end]);
}
