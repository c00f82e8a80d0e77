// Files to send: chosen, dropped or pasted, shown as chips until they go.

import { byId, h, iconButton } from "./dom.js";
import { sizeOf } from "./embeds.js";
import { announce, channel } from "./state.js";

const MOST = 10;
const LARGEST = 25 * 1024 * 1024;
const shelf = byId("uploads");
const chooser = byId("file-input");
let waiting = [];

/** The files that wait. */
export const files = () => waiting;

/** Whether any wait. */
export const hasFiles = () => waiting.length > 0;

/** Forget them. */
export function clearFiles() {
  waiting = [];
  draw();
}

/** Take files along; those that are too many or too large are named and left. */
export function takeFiles(more) {
  for (const file of more) {
    if (file.size > LARGEST) announce("refused", `${file.name} is larger than ${sizeOf(LARGEST)}.`);
    else if (waiting.length >= MOST) announce("refused", `At most ${MOST} files go with one message.`);
    else waiting = [...waiting, file];
  }
  draw();
}

function draw() {
  shelf.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
  shelf.replaceChildren(...waiting.map(chip));
  shelf.hidden = !waiting.length;
  announce("files");
}

function chip(file) {
  const picture = file.type.startsWith("image/") && h("img", { src: URL.createObjectURL(file), alt: "" });
  return h("li", { class: "upload" }, picture,
    h("span", {}, h("strong", {}, file.name), h("small", {}, sizeOf(file.size))),
    iconButton("close", `Remove ${file.name}`, () => {
      waiting = waiting.filter((one) => one !== file);
      draw();
    }));
}

const carriesFiles = (event) => channel() && event.dataTransfer?.types.includes("Files");

byId("attach").addEventListener("click", () => chooser.click());
chooser.addEventListener("change", () => {
  takeFiles(chooser.files);
  chooser.value = "";
});
byId("draft").addEventListener("paste", (event) => {
  if (!event.clipboardData?.files.length) return;
  event.preventDefault();
  takeFiles(event.clipboardData.files);
});
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  byId("drop-here").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) byId("drop-here").hidden = true;
});
document.addEventListener("drop", (event) => {
  byId("drop-here").hidden = true;
  if (!carriesFiles(event)) return;
  event.preventDefault();
  takeFiles(event.dataTransfer.files);
});
