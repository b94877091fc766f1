/** The server's search through whole logs: its address, and its answer line by line. */

const NAMES = ["none", "debug", "info", "warn", "error"]; // by level

/** What lines must be, as the server takes it. @param {{q: string, regex: boolean, case: boolean,
 *   levels: number[]}} asked levels: those wanted; all are none */
export function narrowed(asked, query = new URLSearchParams()) {
  query.append("q", asked.q);
  if (asked.regex) query.append("re", "1");
  if (asked.case) query.append("case", "1");
  const levels = asked.levels.map((level) => NAMES[level]);
  if (levels.length < NAMES.length) query.append("level", levels.join(","));
  return query;
}

/**
 * @param {{containers: string[], select: string, q: string, regex: boolean, case: boolean,
 *   levels: number[], since?: string, until?: string}} asked as `narrowed`; times are ISO
 */
export function searchAddress(asked) {
  const query = new URLSearchParams(asked.containers.map((name) => ["c", name]));
  if (asked.select) query.append("select", asked.select.replace(/(^|\s)-?level:\S+/g, "").trim());
  narrowed(asked, query);
  if (asked.since) query.append("since", asked.since);
  if (asked.until) query.append("until", asked.until);
  return `/api/v1/logs/search?${query}`;
}

/** The objects of an answer, as they come. @param {ReadableStream<Uint8Array>} body */
export async function* ndjson(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + decoder.decode(value, { stream: !done })).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
    if (done) return;
  }
}
