/** Sends an archive straight to the API: how far it is, how fast, and a way to stop it. */
import { $ } from "../core/dom.js";
import { bytes, duration } from "../core/format.js";
import { t } from "../core/i18n.js";
import { csrfToken, onceKey, tellRefusal } from "../core/post.js";
import { toast } from "../core/toast.js";

const form = $("#upload");
const bar = $("#sending progress");
const status = $("#sending [role=status]");
let running = null;

/** Where it goes, with what the form says of it besides host and file. */
function address() {
  const query = new URLSearchParams();
  for (const name of ["reference", "message"]) {
    const value = form.elements[name]?.value.trim();
    if (value) query.set(name, value);
  }
  for (const line of form.elements.changes?.value.split("\n") ?? [])
    if (line.trim()) query.append("changes", line.trim());
  const host = encodeURIComponent(form.elements.host.value);
  const asked = query.size ? `?${query}` : "";
  return `/api/v1/hosts/${host}/images/${form.dataset.deed}${asked}`;
}

function show(sending) {
  $("#sending").hidden = !sending;
  $("#dosend").disabled = sending;
}

function request(file, size = null) {
  const asked = new XMLHttpRequest(); // fetch tells nothing of how much it has sent
  asked.open("POST", address());
  asked.setRequestHeader("Content-Type", "application/x-tar");
  asked.setRequestHeader("Accept", "application/json");
  asked.setRequestHeader("X-CSRFToken", csrfToken());
  asked.setRequestHeader("Idempotency-Key", onceKey());
  if (size !== null) asked.setRequestHeader("X-Upload-Size", String(size));
  asked.responseType = "json";
  return new Promise((resolve) => {
    asked.onload = () => resolve({ status: asked.status, data: asked.response });
    asked.onerror = () => resolve({ status: 0, data: null });
    asked.onabort = () => resolve({ status: -1, data: null });
    asked.upload.onprogress = (event) => tell(event, performance.now());
    began = performance.now();
    running = asked;
    asked.send(file);
  });
}

let began = 0;

function tell({ loaded, total }, now) {
  if (!total) return;
  bar.value = (100 * loaded) / total;
  const rate = loaded / Math.max(0.1, (now - began) / 1000);
  status.textContent =
    loaded >= total
      ? t("upload_whole")
      : t("upload_sent", {
          done: bytes(loaded),
          total: bytes(total),
          rate: bytes(rate),
          left: duration((total - loaded) / rate),
        });
}

/** Asked first: who may not, or names what is wrong, hears so before all of it is sent. */
async function refused(size) {
  const answer = await request(null, size);
  if (answer.status === 204) return false;
  if (answer.status !== -1) tellRefusal(answer);
  return true;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const file = form.elements.archive.files[0];
  if (!file) {
    toast(t("upload_choose"), { bad: true });
    form.elements.archive.focus();
    return;
  }
  show(true);
  bar.value = 0;
  status.textContent = "";
  const answer = (await refused(file.size)) ? null : await request(file);
  running = null;
  if (answer?.status === 202) {
    location.assign(`/jobs/${answer.data.id}/`);
    return;
  }
  show(false);
  if (answer?.status === -1) toast(t("upload_stopped"));
  else if (answer?.status === 0) toast(t("upload_broken"), { bad: true });
  else if (answer) tellRefusal(answer);
});

$("#stopsending").addEventListener("click", () => running?.abort());
addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault();
});
