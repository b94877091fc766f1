/** What is in the palette: pages, actions, and what the server finds. Comes when it is opened. */
import { $, $$, glyph, icon, make } from "./dom.js";
import { t } from "./i18n.js";
import { rank, readQuery } from "./score.js";

const PER_GROUP = 7;
const TYPING_MS = 90;
let known = () => [];
let options = [];
let current = 0;
let asked = null;
let timer = 0;

const dialog = () => $("#palette");
const input = () => $("input", dialog());

function navigation() {
  return $$(".nav .navlist a").map((link) => ({
    group: t("go_to"),
    label: $(".label", link).textContent,
    icon: $("use", link).getAttribute("href").split("#")[1],
    run: () => location.assign(link.href),
  }));
}

/** @param {() => import("./palette.js").Option[]} knows what the page can do now */
export function opened(knows) {
  known = knows;
  search();
}

/** Draws what is known at once, then what the server finds. */
function search() {
  const { mode, words } = readQuery(input().value);
  const actions = rank(
    known().filter((option) => option.action),
    words,
    PER_GROUP,
  );
  const pages = mode === "all" ? rank(navigation(), words, PER_GROUP) : [];
  const local = mode === "host" ? [] : [...pages, ...actions];
  draw(mode === "host" || (mode === "all" && words) ? null : local, local);
  clearTimeout(timer);
  asked?.abort();
  if (mode === "action" || (mode === "all" && !words)) return;
  timer = setTimeout(() => find(mode, words, local), words ? TYPING_MS : 0);
}

async function find(mode, words, local) {
  asked = new AbortController();
  const query = new URLSearchParams({ q: words });
  if (mode === "host") query.set("kind", "host");
  try {
    const response = await fetch(`/palette/?${query}`, {
      headers: { Accept: "application/json" },
      signal: asked.signal,
    });
    if (!response.ok) throw new Error(String(response.status));
    const { items } = await response.json();
    const found = items.filter((item) => mode !== "host" || item.kind === "host");
    draw([...(mode === "host" ? scopes(found) : found.map(toOption)), ...local], local);
  } catch (error) {
    if (error.name !== "AbortError") draw(local, local);
  }
}

const GROUPS = {
  container: "containers",
  host: "hosts",
  image: "images",
  registry: "registries",
  repository: "in_registries",
  page: "go_to",
};

const toOption = (item) => ({
  group: t(GROUPS[item.kind] ?? "go_to"),
  label: item.label,
  hint: item.hint,
  glyph: item.glyph,
  run: () => location.assign(item.url),
});

/** In host mode a host is a filter of the container list, and "all hosts" takes it away. */
function scopes(hosts) {
  const all = {
    group: t("hosts"),
    label: t("all_hosts"),
    icon: "server",
    run: () => location.assign("/containers/"),
  };
  const one = (item) => ({
    ...toOption(item),
    run: () => location.assign(`/containers/?host=${encodeURIComponent(item.url.split("/")[2])}`),
  });
  return [all, ...hosts.map(one)];
}

/** null = the server is still looking: what is there stays, so that nothing flickers. */
function draw(found, local) {
  const list = $("#palette-list");
  if (found === null && options.length) return;
  const groups = Map.groupBy
    ? Map.groupBy(found ?? local, (option) => option.group)
    : groupBy(found ?? local);
  options = [];
  const parts = [];
  for (const [name, members] of groups) {
    const id = `palette-group-${parts.length}`;
    const group = make(
      "div",
      { role: "group", "aria-labelledby": id },
      make("div", { className: "h", id, textContent: name }),
    );
    for (const option of members.slice(0, PER_GROUP)) group.append(row(option));
    parts.push(group);
  }
  const nothing = make("p", {
    className: "none",
    role: "presentation",
    textContent: t("nothing_found"),
  });
  list.replaceChildren(...(parts.length || found === null ? parts : [nothing]));
  mark(0);
}

function groupBy(all) {
  const groups = new Map();
  for (const option of all)
    groups.set(option.group, [...(groups.get(option.group) ?? []), option]);
  return groups;
}

function row(option) {
  const index = options.push(option) - 1;
  const element = make("div", { id: `palette-${index}`, role: "option" });
  element.append(option.glyph ? glyph(option.glyph) : icon(option.icon ?? "chevron-right"));
  element.append(make("span", { className: "l", textContent: option.label }));
  if (option.hint) element.append(make("span", { className: "dim", textContent: option.hint }));
  if (option.keys)
    element.append(
      make(
        "span",
        { className: "r" },
        ...option.keys.split(" ").map((key) => make("kbd", { textContent: key })),
      ),
    );
  element.addEventListener("click", () => run(index));
  element.addEventListener("pointermove", () => mark(index));
  return element;
}

function mark(index) {
  current = Math.max(0, Math.min(options.length - 1, index));
  for (const [n, element] of $$("[role=option]", dialog()).entries())
    element.setAttribute("aria-selected", String(n === current));
  const active = $(`#palette-${current}`);
  if (active) input().setAttribute("aria-activedescendant", active.id);
  else input().removeAttribute("aria-activedescendant");
  active?.scrollIntoView({ block: "nearest" });
}

function run(index) {
  const option = options[index];
  dialog().close();
  option?.run();
}

function wire() {
  input().addEventListener("input", search);
  dialog().addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark(current + step);
    else if (event.key === "Enter" && !event.isComposing) run(current);
    else return;
    event.preventDefault();
  });
  dialog().addEventListener("click", (event) => event.target === dialog() && dialog().close());
  dialog().addEventListener("close", () => {
    clearTimeout(timer);
    asked?.abort();
    options = [];
  });
}

wire();
