import { rowOf } from "/static/js/parts/rows.js";
import { selection } from "/static/js/parts/select.js";
import { equal, listPage, run, test } from "./harness.js";

const names = (selected) =>
  selected
    .rows()
    .map((row) => row.name)
    .sort();
const box = (pk) => rowOf(pk).querySelector("input");

async function wired(rows = 9) {
  const page = await listPage(rows);
  let drawn = 0;
  const selected = selection(page, () => {
    drawn += 1;
  });
  const click = (element, shiftKey = false) =>
    element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));
  return { page, selected, click, drawn: () => drawn };
}

test("a click selects one row, a second click lets it go", async () => {
  const { selected, click } = await wired();
  click(box(2));
  equal(names(selected), ["web-2"]);
  click(box(2));
  equal(names(selected), []);
});

test("Shift takes all from the last row to this one, in either direction", async () => {
  const { selected, click } = await wired();
  click(box(5));
  click(box(3), true);
  equal(names(selected), ["web-3", "web-4", "web-5"]);
});

test("the box of a group takes the group, and shows when only a part is taken", async () => {
  const { page, selected, click } = await wired(9);
  const [group] = page.querySelectorAll(".grp .c-sel input");
  click(group);
  equal(names(selected), ["web-1", "web-2", "web-3"]);
  click(box(2));
  equal([group.checked, group.indeterminate], [false, true]);
});

test("select all takes what is shown, without folded groups", async () => {
  const { page, selected } = await wired(9);
  page.querySelector("tbody").classList.add("shut");
  selected.all();
  equal(selected.size(), 6);
});

test("the selection survives a list that was fetched again, and counts what that does not show", async () => {
  const { page, selected, click } = await wired(9);
  click(box(1));
  click(box(8));
  rowOf(8).remove();
  rowOf(1).classList.remove("sel");
  box(1).checked = false;
  selected.restore();
  equal([box(1).checked, selected.size(), selected.notShown()], [true, 2, 1]);
  equal(page.querySelectorAll(".r.sel").length, 1);
});

test("a container that is gone is no longer selected", async () => {
  const { selected, click } = await wired();
  click(box(4));
  selected.drop(box(4).value);
  equal(selected.size(), 0);
});

test("clear unchecks every box", async () => {
  const { page, selected } = await wired();
  selected.all();
  selected.clear();
  equal(page.querySelectorAll("input:checked").length, 0);
});

run();
