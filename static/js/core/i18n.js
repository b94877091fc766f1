/** The page's words, from its json_script blocks (one an area), in the page's language. */

let words;
const AREAS = 'script[id^="words-"]';

function dictionary() {
  words ??= read();
  return words;
}

const read = () =>
  Object.assign(
    {},
    ...[...document.querySelectorAll(AREAS)].map((el) => JSON.parse(el.textContent)),
  );

/** A part that came later may have brought an area of its own. */
function lookUp(key) {
  if (!(key in dictionary()) && document.querySelector(AREAS)) words = { ...words, ...read() };
  return words[key];
}

/** For tests, which have no page. */
export function useWords(dictionaryOfPage) {
  words = dictionaryOfPage;
}

export const language = () => document.documentElement.lang || "en";

/** Replaces %(name)s by values.name. */
export function fill(text, values = {}) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? values[name] : whole));
}

/**
 * The text of a key. A key with plural forms chooses by values.n, and shows n as this language
 * writes numbers. A key that is missing shows itself: a test looks for those.
 */
export function t(key, values = {}) {
  const text = lookUp(key);
  if (text === undefined) return key;
  if (typeof text === "string") return fill(text, values);
  return fill(text[pluralForm(values.n)] ?? text.other, { ...values, n: number(values.n) });
}

/** "one", "few", "other" …: the form that this language has for a count. */
export function pluralForm(n, locale = language()) {
  return new Intl.PluralRules(locale).select(Number(n));
}

export const has = (key) => lookUp(key) !== undefined;

export function number(n, locale = language()) {
  return new Intl.NumberFormat(locale).format(Number(n));
}
