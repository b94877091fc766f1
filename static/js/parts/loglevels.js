/** How serious a line is, by a level that it names itself, else by a word near its beginning. */

export const NONE = 0;
export const DEBUG = 1;
export const INFO = 2;
export const WARN = 3;
export const ERROR = 4;

const WORDS = [
  [ERROR, /\b(?:error|err|fatal|panic|critical|crit|emerg|alert|severe)\b/i],
  [WARN, /\bwarn(?:ing)?\b/i],
  [DEBUG, /\b(?:debug|trace)\b/i],
  [INFO, /\b(?:info|notice)\b/i],
];
const NAMED = /"?(?:level|lvl|severity)"?\s*[=:]\s*"?(\w+)/i;
const NAMED_WITHIN = 160; // characters from the start
const WORD_WITHIN = 60;

/** @param {string} text plain, without colours */
export function levelOf(text) {
  const named = NAMED.exec(text.length > NAMED_WITHIN ? text.slice(0, NAMED_WITHIN) : text);
  const words = named ? named[1] : text.slice(0, WORD_WITHIN);
  for (const [level, pattern] of WORDS) if (pattern.test(words)) return level;
  return NONE;
}
