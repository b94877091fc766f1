/** A job's page: lines of its log as they come, from the one on that the page was drawn with. */
import { $, make } from "../core/dom.js";
import { clock, utc } from "../core/format.js";
import { connect } from "../core/socket.js";

const ENDED = 1000;
const list = $(".joblog");
let after = Number(list.dataset.after);

/** @param {string[]} texts @param {string[]} times when each was said */
function append(texts, times, next) {
  const first = next - texts.length + 1;
  const rows = texts.map((text, index) => {
    const time = make("time", { className: "dim", dateTime: times[index] });
    time.title = utc(times[index]);
    time.textContent = clock(times[index]);
    const row = make("li", { id: `L${first + index}` }, time, " ");
    row.append(make("span", { textContent: text }));
    return row;
  });
  list.append(...rows);
  after = next;
}

if (list.dataset.open !== undefined) {
  const socket = connect(() => `/ws/jobs/${list.dataset.job}/?after=${after}`, {
    message(said) {
      if (said.t === "lines") append(said.d, said.at, said.next);
    },
    closed(code) {
      if (code === ENDED) socket.close();
    },
  });
}
