// A list that opens at a text field and follows what is typed there: arrows move, Enter or Tab takes, Escape closes.

import { h, icon } from "./dom.js";
import { place } from "./popup.js";

let made = 0;

/** Suggests rows `{label, hint?, icon?, face?, value}` while someone types into `input`. */
export class Picker {
  /**
   * `search(text)` gives rows, null for "nothing to suggest here"; `choose(row)` takes one. `expects(text)` says
   * that rows are sure to come, so that Enter waits for them.
   */
  constructor(input, { label, search, choose, expects = () => false, anchor = input, wait = 0, empty = "Nothing matches" }) {
    Object.assign(this, { input, search, choose, expects, anchor, wait, empty, rows: [], at: 0, asked: 0, timer: null, isBehind: false });
    this.list = h("div", { class: "picker", role: "listbox", id: `picker-${++made}`, "aria-label": label, popover: "manual" });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", this.list.id);
    input.setAttribute("autocomplete", "off");
    input.addEventListener("input", () => this.refresh());
    input.addEventListener("keydown", (event) => this.onKey(event));
    input.addEventListener("blur", () => this.close());
  }

  get isOpen() {
    return this.list.isConnected;
  }

  /** Ask again for rows, after a pause when the answers come from the bot. */
  refresh() {
    clearTimeout(this.timer);
    this.isBehind = true;
    this.timer = setTimeout(() => this.ask(), this.wait);
  }

  async ask() {
    clearTimeout(this.timer);
    const number = ++this.asked;
    const rows = await this.search(this.input.value);
    if (number !== this.asked || document.activeElement !== this.input) return;
    this.isBehind = false;
    if (rows === null) this.close();
    else this.show(rows);
  }

  show(rows) {
    this.rows = rows;
    this.at = 0;
    const nodes = rows.length ? rows.map((row, index) => this.option(row, index)) : [h("p", { class: "picker-empty" }, this.empty)];
    this.list.replaceChildren(...nodes);
    if (!this.isOpen) {
      (this.anchor.closest("dialog") ?? document.body).append(this.list);
      this.list.showPopover();
    }
    this.input.setAttribute("aria-expanded", "true");
    place(this.list, this.anchor);
    this.mark();
  }

  option(row, index) {
    const node = h("div", { role: "option", id: `${this.list.id}-${index}`, class: "picker-row" },
      row.face ?? (row.icon ? icon(row.icon) : null),
      h("span", { class: "picker-label" }, row.label), row.hint && h("small", {}, row.hint));
    node.addEventListener("click", () => this.take(row));
    return node;
  }

  mark() {
    [...this.list.querySelectorAll('[role="option"]')].forEach((node, index) => {
      node.setAttribute("aria-selected", String(index === this.at));
      if (index === this.at) node.scrollIntoView({ block: "nearest" });
    });
    if (this.rows.length) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  take(row) {
    this.close();
    this.choose(row);
  }

  close() {
    this.asked += 1;
    this.isBehind = false;
    clearTimeout(this.timer);
    this.list.remove();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  // Who types faster than the rows come means the rows for what stands there now, not those still shown.
  async takeFirstOfNext(key) {
    await this.ask();
    if (this.isOpen && this.rows.length) this.take(this.rows[0]);
    else if (key === "Enter") this.input.form?.requestSubmit();
  }

  onKey(event) {
    if (event.isComposing) return;
    if (["Enter", "Tab"].includes(event.key) && !event.shiftKey && this.isBehind && (this.isOpen || this.expects(this.input.value))) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.takeFirstOfNext(event.key);
      return;
    }
    if (!this.isOpen) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.rows.length) this.at = (this.at + step + this.rows.length) % this.rows.length;
    else if (event.key === "Escape") this.close();
    else if (["Enter", "Tab"].includes(event.key) && !event.shiftKey && this.rows.length) this.take(this.rows[this.at]);
    else return;
    // The key did its work here: neither the field nor a dialog around it acts on it too.
    event.preventDefault();
    event.stopImmediatePropagation();
    this.mark();
  }
}

/** The rows whose label begins with, then those that contain, the text. */
export function ranked(rows, text, most = 25) {
  const wanted = text.trim().toLowerCase();
  const word = (row) => row.label.toLowerCase();
  const first = rows.filter((row) => word(row).startsWith(wanted));
  const rest = rows.filter((row) => !word(row).startsWith(wanted) && word(row).includes(wanted));
  return [...first, ...rest].slice(0, most);
}
