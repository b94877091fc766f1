/** The form that takes a log along as a file: which containers, from when to when, text or NDJSON. */
import { $, $$, make } from "../core/dom.js";
import { narrowed } from "./logfind.js";
import { fieldOf, momentOf } from "./logwhen.js";
import { placeAt } from "./menu.js";

const PREFIX = 12; // digits of an id that are told: an address has its limits

/** The address of a file. @param {{sources: string[], select: string, from: number, to: number,
 *   format: string, search: object | null}} asked sources: host/full id; times in ms, or NaN */
export function fileAddress({ sources, select, from, to, format, search }) {
  const query = search ? narrowed(search) : new URLSearchParams();
  query.append("tail", "all");
  query.append("format", format);
  query.append("download", "1");
  if (!Number.isNaN(from)) query.append("since", new Date(from).toISOString());
  if (!Number.isNaN(to)) query.append("until", new Date(to).toISOString());
  if (sources.length === 1 && !select) {
    const [host, id] = sources[0].split("/");
    return `/api/v1/hosts/${host}/containers/${id}/logs?${query}`;
  }
  if (select) query.append("select", select);
  else
    for (const source of sources) {
      const [host, id] = source.split("/");
      query.append("c", `${host}/${id.slice(0, PREFIX)}`);
    }
  return `/api/v1/logs?${query}`;
}

/**
 * @param {{anchor: HTMLElement, isUtc: () => boolean, range: () => number[] | null, select: string,
 *   sources: () => {c: string, label: string, isHidden: boolean}[], search: () => object}} about
 *   select: all that match; it is asked for where every container is chosen. search: what is
 *   searched and which levels are shown
 */
export function logSave({ anchor, isUtc, range, select, sources, search }) {
  const form = $("#log-download");
  const list = $(".whose", form);

  function open() {
    const found = sources();
    list.hidden = found.length < 2;
    const boxes = found.map(({ c, label, isHidden }) =>
      make(
        "label",
        { className: "check" },
        make("input", { type: "checkbox", value: c, checked: !isHidden }),
        label,
      ),
    );
    $(".all", list).replaceChildren(...boxes);
    const [from, to] = range() ?? [];
    form.elements.from.value = from ? fieldOf(from, isUtc()) : "";
    form.elements.to.value = to ? fieldOf(to, isUtc()) : "";
    form.showPopover();
    placeAt(form, anchor);
    form.elements.from.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const boxes = $$(".all input", list);
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    if (!chosen.length) return;
    const { elements } = form;
    const href = fileAddress({
      sources: chosen,
      select: chosen.length === boxes.length ? select : "",
      from: momentOf(elements.from.value, isUtc()),
      to: momentOf(elements.to.value, isUtc()),
      format: elements.format.value,
      search: elements.searched.checked ? search() : null,
    });
    make("a", { href, download: "" }).click();
    form.hidePopover();
  });
  return { open };
}
