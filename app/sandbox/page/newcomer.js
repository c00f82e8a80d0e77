// A small form that asks how someone new is called.

import { h } from "./dom.js";

/** Ask for a name; `done(name)` may refuse it by throwing, and its words are shown. */
export function askName(done) {
  const name = h("input", { type: "text", class: "field-input", maxlength: "32", autocomplete: "off" });
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h("form", { novalidate: true },
    h("header", {}, h("h2", { id: "newcomer-title" }, "Someone new")),
    h("label", { class: "modal-field" }, h("span", { class: "modal-label" }, "Name"), name), problem,
    h("footer", {}, h("button", { type: "button", class: "button secondary", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", class: "button primary" }, "Welcome them")));
  const dialog = h("dialog", { class: "modal small", "aria-labelledby": "newcomer-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      if (!name.value.trim()) throw new Error("A name has 1 to 32 characters.");
      await done(name.value.trim());
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
