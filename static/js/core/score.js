/** How well a command fits what was typed. Pure. */

/**
 * Every word must be in label or hint. A hit at the start of a word, early and in a short label
 * counts more. -1 = no fit.
 */
export function score(label, hint, query) {
  const all = `${label} ${hint}`.toLowerCase();
  let points = 0;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = all.indexOf(word);
    if (at < 0) return -1;
    points += 40 - Math.min(at, 30) + (at === 0 || /[^\p{L}\p{N}]/u.test(all[at - 1]) ? 10 : 0);
  }
  return Math.max(0, points - label.length / 4);
}

/** The best first; equals keep their order. */
export function rank(items, query, limit) {
  if (!query.trim()) return items.slice(0, limit);
  return items
    .map((item) => ({ item, points: score(item.label, item.hint ?? "", query) }))
    .filter(({ points }) => points >= 0)
    .sort((a, b) => b.points - a.points)
    .slice(0, limit)
    .map(({ item }) => item);
}

/** "@web" → hosts, ">stop" → actions, else everything. */
export function readQuery(text) {
  const trimmed = text.trim();
  const mode = trimmed.startsWith("@") ? "host" : trimmed.startsWith(">") ? "action" : "all";
  return { mode, words: mode === "all" ? trimmed : trimmed.slice(1).trim() };
}
