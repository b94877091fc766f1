/** Bytes, durations and times as the page's language writes them. Sizes are binary. */
import { language } from "./i18n.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** 1536 → "1.5 KiB". Three digits at most, none after the point of bytes or of 100 and more. */
export function bytes(size, locale = language()) {
  let value = Math.max(0, Number(size) || 0);
  let unit = 0;
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  const text = new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
  return `${text} ${UNITS[unit]}`;
}

const SPANS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

function largestSpan(seconds) {
  return SPANS.find(([, length]) => Math.abs(seconds) >= length) ?? SPANS[SPANS.length - 1];
}

/** 90 → "1m" (zh: "1分钟"): the largest unit alone, as lists show it. */
export function duration(seconds, locale = language()) {
  const [unit, length] = largestSpan(seconds);
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit,
    unitDisplay: "narrow",
  }).format(Math.trunc(Math.abs(seconds) / length));
}

/** How long ago, "3 hours ago"; now and the near future of a skewed clock are "now". */
export function ago(when, now = Date.now(), locale = language()) {
  const seconds = Math.min(0, (new Date(when).getTime() - now) / 1000);
  const [unit, length] = largestSpan(seconds);
  const rounded = Math.trunc(seconds / length) || 0;
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(rounded, unit);
}

/** Date and time in the reader's zone. */
export function localTime(when, locale = language()) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(
    new Date(when),
  );
}

/** Hours, minutes and seconds in the reader's zone. */
export const clock = (when) => new Date(when).toTimeString().slice(0, 8);

export const utc = (when) => `${new Date(when).toISOString().replace("T", " ").slice(0, 19)} UTC`;
