/**
 * The lines of one or several containers over one socket, which after every loss goes on exactly
 * where it was. What has been taken in is acknowledged, or the server would stop sending.
 */
import { connect } from "../core/socket.js";

const ACK_EVERY = 4; // batches
const ACK_MS = 100;

/**
 * @param {string[]} containers host/id, each
 * @param {number} tail lines to begin with
 * @param {{lines: (lines: [number, number, number, string][], gap: number) => void,
 *   told: (message: object) => void, state: (state: "on" | "wait" | "off") => void,
 *   closed: (code: number) => void}} handlers
 *   lines: time in ms, nanoseconds of its second, source, text. told: stalled, resumed, end
 */
export function followLogs(containers, tail, { lines, told, state, closed }) {
  const sources = containers.map((name) => ({ name, cursor: "" }));
  const second = secondsCache();
  let acknowledged = 0;
  let received = 0;
  let timer = 0;

  function address() {
    acknowledged = received = 0;
    const query = new URLSearchParams();
    for (const { name, cursor } of sources) {
      query.append("c", name);
      query.append("cursor", cursor);
    }
    query.append("tail", tail);
    return `/ws/logs/?${query}`;
  }

  function acknowledge() {
    clearTimeout(timer);
    timer = 0;
    if (received > acknowledged) socket.send({ ack: received });
    acknowledged = received;
  }

  function batch(message) {
    const parsed = message.l.map(([timestamp, n, , text, cursor]) => {
      sources[n].cursor = cursor;
      return [...second(timestamp), n, text];
    });
    lines(parsed, message.gap ?? 0);
    received = message.s;
    if (received - acknowledged >= ACK_EVERY) acknowledge();
    else timer ||= setTimeout(acknowledge, ACK_MS);
  }

  const socket = connect(address, {
    message(message) {
      if (message.l) batch(message);
      else if (message.t === "source") sources[message.n].name = message.c;
      else told(message);
    },
    state,
    closed,
  });
  return {
    close() {
      clearTimeout(timer);
      socket.close();
    },
  };
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
