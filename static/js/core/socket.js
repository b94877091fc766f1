/** One WebSocket that comes back by itself: back-off with jitter, and it says so while it is away. */

const FIRST_MS = 400;
const LONGEST_MS = 15000;
const SIGNED_OUT = 4401;
const KEPT_OUT = [4403, 4404, 4429];

/** How long to wait before attempt n (0, 1, …): doubling, at most 15 s, ±30 %. */
export function backOffMs(attempt, random = Math.random()) {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) * (0.7 + 0.6 * random);
}

/**
 * @param {string | (() => string)} path a function is asked at each attempt
 * @param {{message: (data: object) => void, state?: (state: "on" | "wait" | "off") => void,
 *   hello?: () => object, closed?: (code: number) => void}} handlers
 *   state: on; wait (first attempts); off (several have failed). hello: what to send on each open.
 */
export function connect(path, { message, state = () => {}, hello, closed = () => {} }) {
  const origin = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`;
  let socket;
  let attempt = 0;
  let timer = 0;
  let ended = false;

  function open() {
    clearTimeout(timer);
    socket = new WebSocket(`${origin}${typeof path === "function" ? path() : path}`);
    socket.onopen = () => {
      attempt = 0;
      state("on");
      if (hello) socket.send(JSON.stringify(hello()));
    };
    socket.onmessage = (event) => message(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (ended) return;
      closed(event.code);
      if (event.code === SIGNED_OUT || KEPT_OUT.includes(event.code)) {
        ended = true;
        state("off");
        return;
      }
      state(attempt > 2 ? "off" : "wait");
      timer = setTimeout(open, backOffMs(attempt));
      attempt += 1;
    };
  }

  // the network is back, or the lid was opened: do not sit out a long wait
  const hurry = () => {
    if (!ended && socket.readyState === WebSocket.CLOSED) {
      attempt = 0;
      open();
    }
  };
  addEventListener("online", hurry);
  open();
  return {
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(data));
    },
    close() {
      ended = true;
      clearTimeout(timer);
      removeEventListener("online", hurry);
      socket.close();
    },
  };
}
