// Copies the pinned third-party files that browsers load into static/, with licences and checksums.
//
//   node vendor.mjs           writes static/vendor and static/fonts
//   node vendor.mjs --check   builds in memory and fails where a committed file differs
//
// Only maintainers run this, after `npm ci`. What it writes is committed, so running the product
// needs no Node. tests/js/test_vendor.py checks SHA256SUMS where there is no Node.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const MODULES = "node_modules";
const OUT = "static";

// One sprite of the icons that templates and scripts name; a test fails on a name that is missing here.
const ICONS = [
  ...["activity", "archive", "arrow-down", "arrow-up", "arrow-left", "ban", "box", "check"],
  ...["chevron-down", "chevron-right", "chevrons-up-down", "circle-help", "circle-x", "clock"],
  ...[
    "copy",
    "cpu",
    "download",
    "ellipsis",
    "external-link",
    "eye",
    "eye-off",
    "file-text",
    "filter",
  ],
  ...["hard-drive", "history", "image", "info", "key-round", "keyboard", "languages", "layers"],
  ...["layout-dashboard", "link", "list", "list-filter", "lock", "lock-open", "log-in", "log-out"],
  ...["memory-stick", "menu", "moon", "network", "octagon-x", "panel-left", "pause", "pencil"],
  ...["play", "plus", "refresh-cw", "rotate-cw", "scroll-text", "search", "server", "settings"],
  ...["shield-check", "square", "sun", "tag", "terminal", "text-wrap", "trash-2"],
  ...["triangle-alert", "undo-2", "upload", "user", "users", "wifi-off", "x", "zap"],
];

// The package that django-htmx ships htmx in carries no copy of htmx's licence, which is this.
const HTMX_LICENCE = `Zero-Clause BSD
=============

Permission to use, copy, modify, and/or distribute this software for
any purpose with or without fee is hereby granted.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL
WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES
OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE
FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN
AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT
OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`;

const read = (name) => fs.readFileSync(path.join(MODULES, name));
const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");

/** htmx as the installed django-htmx ships it, so that both always speak of the same version. */
function htmx() {
  const lib = path.join(".venv", "lib");
  const pythons = fs.existsSync(lib) ? fs.readdirSync(lib) : [];
  for (const python of pythons) {
    const file = path.join(
      lib,
      python,
      "site-packages/django_htmx/static/django_htmx/htmx-2.min.js",
    );
    if (fs.existsSync(file)) return fs.readFileSync(file);
  }
  throw new Error("django-htmx is not installed in .venv: make it first (make lint does)");
}

function sprite() {
  let text = '<svg xmlns="http://www.w3.org/2000/svg">\n';
  for (const name of ICONS) {
    const svg = read(`lucide-static/icons/${name}.svg`)
      .toString()
      .replace(/<!--.*?-->/gs, "");
    const inner = svg
      .match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1]
      .replace(/\s+/g, " ")
      .replace(/> </g, "><");
    text += `<symbol id="${name}" viewBox="0 0 24 24">${inner.trim()}</symbol>\n`;
  }
  return Buffer.from(`${text}</svg>\n`);
}

function licences(htmxBytes) {
  const version = htmxBytes.toString().match(/version:"([^"]+)"/)[1];
  const texts = [`=== htmx ${version} (0BSD) ===\n${HTMX_LICENCE}`];
  for (const name of [
    "lucide-static",
    "@fontsource-variable/inter",
    "@fontsource-variable/jetbrains-mono",
  ]) {
    const about = JSON.parse(read(`${name}/package.json`));
    texts.push(`=== ${name} ${about.version} (${about.license}) ===\n${read(`${name}/LICENSE`)}`);
  }
  return Buffer.from(texts.map((text) => `${text.trimEnd()}\n`).join("\n\n"));
}

function build() {
  const script = htmx();
  const files = {
    "vendor/htmx.min.js": script,
    "vendor/icons.svg": sprite(),
    "vendor/LICENSES.txt": licences(script),
    "fonts/inter-latin-wght-normal.woff2": read(
      "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    ),
    "fonts/jetbrains-mono-latin-wght-normal.woff2": read(
      "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
    ),
  };
  const names = Object.keys(files).sort();
  const sums = names.map((name) => `${sha256(files[name])}  ${name}\n`).join("");
  files["vendor/SHA256SUMS"] = Buffer.from(sums);
  return files;
}

const files = build();
if (process.argv.includes("--check")) {
  const differ = Object.entries(files).filter(([name, bytes]) => {
    const committed = path.join(OUT, name);
    return !fs.existsSync(committed) || !fs.readFileSync(committed).equals(bytes);
  });
  for (const [name] of differ) console.error(`differs from its pinned source: ${OUT}/${name}`);
  process.exitCode = differ.length ? 1 : 0;
} else {
  for (const [name, bytes] of Object.entries(files)) {
    const target = path.join(OUT, name);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, bytes);
    console.log(`${(bytes.length / 1024).toFixed(1).padStart(8)} KiB  ${target}`);
  }
}
