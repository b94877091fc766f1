/**
 * What an application printed, as flat segments of text. Colours (SGR) are kept; all else that could
 * act on a terminal or mislead the eye is shown as a visible escape and never done. No HTML, no links.
 */

const SGR = "\\x1b\\[([\\d;:]*)m";
// C0 without tab, DEL, C1, soft hyphen, bidi, zero-width, line separators, interlinear, language tags
const HIDDEN =
  "[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]|\\udb40[\\udc00-\\udc7f]";
const special = new RegExp(HIDDEN);
const either = new RegExp(`${SGR}|(${HIDDEN})`, "g");

/** Whether a line is more than its plain characters. */
export const isSpecial = (text) => special.test(text);

/** \\x1b for an escape, \\u202e for a bidi override: letters that every font has. */
export function visible(character) {
  const code = character.codePointAt(0);
  const hex = code.toString(16);
  if (code < 0xa0) return `\\x${hex.padStart(2, "0")}`;
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}

/** The text as it is shown, without colours: what is searched, copied and measured. */
export function plain(text) {
  if (!special.test(text)) return text;
  return text.replace(either, (_whole, _sgr, hidden) => (hidden ? visible(hidden) : ""));
}

/**
 * @param {string} text
 * @returns {{text: string, classes: string, color: string, background: string}[]}
 *   the texts together are plain(text)
 */
export function segments(text) {
  const found = [];
  const style = {
    color: "",
    background: "",
    bold: false,
    dim: false,
    italic: false,
    under: false,
  };
  let from = 0;
  const add = (part, classes) => {
    if (part) found.push({ text: part, ...painted(style, classes) });
  };
  for (const match of text.matchAll(either)) {
    add(text.slice(from, match.index), "");
    from = match.index + match[0].length;
    if (match[2]) add(visible(match[2]), "esc");
    else apply(style, match[1]);
  }
  add(text.slice(from), "");
  return found;
}

function painted({ color, background, bold, dim, italic, under }, classes) {
  const names = classes ? [classes] : [];
  if (bold) names.push("a-bold");
  if (dim) names.push("a-dim");
  if (italic) names.push("a-italic");
  if (under) names.push("a-under");
  if (typeof color === "number") names.push(`a-f${color}`);
  return {
    classes: names.join(" "),
    color: typeof color === "string" ? color : "",
    background: typeof background === "string" ? background : "",
  };
}

/** Backgrounds of the sixteen are left out: they wreck contrast in one of the two themes. */
function apply(style, parameters) {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 38 || code === 48) {
      const [value, used] = extended(codes, at + 1);
      if (code === 38) style.color = value;
      else style.background = value;
      at += used;
    } else simple(style, code);
  }
}

function simple(style, code) {
  if (code === 0)
    Object.assign(style, {
      color: "",
      background: "",
      bold: false,
      dim: false,
      italic: false,
      under: false,
    });
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4) style.under = true;
  else if (code === 22) style.bold = style.dim = false;
  else if (code === 23) style.italic = false;
  else if (code === 24) style.under = false;
  else if (code === 39) style.color = "";
  else if (code >= 40 && code <= 49) style.background = "";
  else if (code >= 30 && code < 38) style.color = code - 30;
  else if (code >= 90 && code < 98) style.color = code - 82;
}

/** The value after 38 or 48, and how many codes it took. */
function extended(codes, at) {
  if (codes[at] === 5) return [indexed(codes[at + 1]), 2];
  if (codes[at] !== 2) return ["", 0];
  const rgb = codes.slice(at + 1, at + 4).map((value) => Math.min(255, value || 0));
  return [`rgb(${rgb.join(",")})`, 4];
}

function indexed(number) {
  if (!(number >= 0 && number < 256)) return "";
  if (number < 16) return number;
  if (number > 231) return `rgb(${[0, 0, 0].fill(8 + (number - 232) * 10).join(",")})`;
  const level = (step) => (step ? 55 + step * 40 : 0);
  const cube = number - 16;
  return `rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`;
}

const WIDE = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];
const isWide = (code) => code >= 0x1100 && WIDE.some(([from, to]) => code >= from && code <= to);

/** Columns of a monospaced font that `text` takes; negative where the font decides. */
export function columns(text) {
  let count = 0;
  let exact = true;
  for (let at = 0; at < text.length; at += 1) {
    let code = text.charCodeAt(at);
    if (code === 9) count += 8 - (count % 8);
    else if (code < 127) count += 1;
    else {
      exact = false;
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(at);
        at += 1;
      }
      count += isWide(code) ? 2 : 1;
    }
  }
  return exact ? count : -count;
}
