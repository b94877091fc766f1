/**
 * The lines of one or several containers over one socket, which after every loss goes on exactly
 * where it was. What has been taken in is acknowledged, or the server would stop sending.
 */
import { connect } from "../core/socket.js";
import { placeOf } from "./logstore.js";

const ACK_EVERY = 4; // batches
const ACK_MS = 100;
const MOST_SAID = 3800; // characters of a message to the server, which takes 4096

/**
 * @param {{containers: string[], select?: string, tail: number, places?: {c: string, at: number,
 *   cursor: string}[], since?: string}} wanted containers: host/name or host/id; select: words that
 *   find more; tail: lines to begin with, of each; places: go on after these, and in logs that have
 *   none from `since` on
 * @param {{lines: (lines: [number, number, number, string, number][], gap: number) => void,
 *   source: (message: object) => number, told: (message: object, at?: number) => void,
 *   state: (state: "on" | "wait" | "off") => void, closed: (code: number) => void}} handlers
 *   lines: time in ms, nanoseconds of its second, source, text, place. source: answers the number that
 *   a container has for good (a socket numbers anew). told: stalled, resumed, end and others
 */
export function followLogs(wanted, { lines, source, told, state, closed }) {
  const { containers, select = "", tail, since = "" } = wanted;
  const isMany = containers.length > 1 || select !== "";
  const known = new Map(); // host/full id -> {at, cursor}
  for (const { c, at, cursor } of wanted.places ?? []) known.set(c, { at, cursor });
  let numbered = []; // the same, by the number of this socket
  const second = secondsCache();
  let acknowledged = 0;
  let received = 0;
  let timer = 0;

  function address() {
    acknowledged = received = 0;
    numbered = [];
    const query = new URLSearchParams();
    if (isMany) query.append("resume", "1");
    else
      for (const [name, cursor] of places()) {
        query.append("c", name);
        query.append("cursor", cursor);
      }
    if (select) query.append("select", select);
    if (since) query.append("since", since);
    else query.append("tail", tail);
    return `/ws/logs/?${query}`;
  }

  /** What to read and where to go on, [host/container, cursor] each. */
  function places() {
    const found = [...known].map(([name, { cursor }]) => [name, cursor]);
    if (known.size < containers.length) for (const name of containers) found.push([name, ""]);
    return found;
  }

  function opened(connection) {
    if (connection === "on" && isMany) {
      for (const resume of messages(places())) socket.send({ resume });
      socket.send({ start: true });
    }
    state(connection);
  }

  function acknowledge() {
    clearTimeout(timer);
    timer = 0;
    if (received > acknowledged) socket.send({ ack: received });
    acknowledged = received;
  }

  function batch(message) {
    const parsed = message.l.map(([timestamp, n, , text, cursor]) => {
      numbered[n].cursor = cursor;
      return [...second(timestamp), numbered[n].at, text, placeOf(cursor)];
    });
    lines(parsed, message.gap ?? 0);
    received = message.s;
    if (received - acknowledged >= ACK_EVERY) acknowledge();
    else timer ||= setTimeout(acknowledge, ACK_MS);
  }

  function begins(message) {
    if (!known.has(message.c)) known.set(message.c, { at: source(message), cursor: "" });
    numbered[message.n] = known.get(message.c);
  }

  const socket = connect(address, {
    message(message) {
      if (message.l) batch(message);
      else if (message.t === "source") begins(message);
      else told(message, numbered[message.n]?.at);
    },
    state: opened,
    closed,
  });
  return {
    close() {
      clearTimeout(timer);
      socket.close();
    },
  };
}

/** Places in as many objects as the server's limit for a message asks for. */
export function messages(places, most = MOST_SAID) {
  const found = [];
  let size = most;
  for (const [name, cursor] of places) {
    size += name.length + cursor.length + 8;
    if (size > most) {
      found.push({});
      size = name.length + cursor.length + 8;
    }
    found.at(-1)[name] = cursor;
  }
  return found;
}

/** A timestamp with nine digits as [ms since 1970, nanoseconds of its second]; quick for a flood. */
export function secondsCache() {
  let text = "";
  let start = 0;
  return (timestamp) => {
    const whole = timestamp.slice(0, 19);
    if (whole !== text) {
      text = whole;
      start = Date.parse(`${whole}Z`);
    }
    const nanos = Number(timestamp.slice(20, 29));
    return [start + Math.floor(nanos / 1e6), nanos];
  };
}
