// A small emoji picker.

import { h } from "./dom.js";
import { closePopup, openPopup } from "./popup.js";

const EMOJI = Object.entries({
  "👍": "thumbs up", "👎": "thumbs down", "❤️": "heart", "😀": "grinning", "😂": "tears of joy", "😅": "sweat smile",
  "😉": "wink", "😍": "heart eyes", "🤔": "thinking", "😮": "surprised", "😢": "crying", "😡": "angry",
  "👏": "clapping", "🙏": "thanks", "💪": "strong", "👀": "eyes", "🎉": "party", "🔥": "fire",
  "⭐": "star", "✅": "check mark", "❌": "cross mark", "❓": "question", "❗": "exclamation", "💯": "hundred",
  "🚀": "rocket", "🏆": "trophy", "🎁": "gift", "🎲": "die", "🍻": "beers", "🍯": "honey",
  "☕": "coffee", "🌙": "moon", "☀️": "sun", "⚔️": "swords", "🛡️": "shield", "🐉": "dragon",
});
const COLUMNS = 6;

/** Let the reader choose an emoji; `chosen` gets the character. */
export function pickEmoji(anchor, chosen) {
  const grid = h("div", { class: "emoji-grid", role: "group", "aria-label": "Emoji" });
  const search = h("input", { type: "search", placeholder: "Find an emoji", "aria-label": "Find an emoji", class: "field-input" });
  const draw = () => grid.replaceChildren(...matching(search.value).map(([sign, name]) => tile(sign, name, chosen)));
  search.addEventListener("input", draw);
  const popup = h("div", { class: "emoji-picker", role: "dialog", "aria-label": "Choose an emoji" }, search, grid);
  popup.addEventListener("keydown", (event) => move(event, popup, grid));
  draw();
  openPopup(popup, anchor);
  search.focus();
}

const matching = (text) => EMOJI.filter(([, name]) => name.includes(text.trim().toLowerCase()));

function tile(sign, name, chosen) {
  return h("button", { type: "button", "aria-label": name, title: name,
    onclick: (event) => { closePopup(event.currentTarget); chosen(sign); } }, sign);
}

function move(event, popup, grid) {
  const tiles = [...grid.children];
  const at = tiles.indexOf(document.activeElement);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (event.key === "Enter" && at < 0 && tiles.length) {
    event.preventDefault();
    tiles[0].click();
  } else if (step && (at >= 0 || event.key === "ArrowDown")) {
    event.preventDefault();
    (at < 0 ? tiles[0] : tiles[at + step] ?? popup.querySelector("input")).focus();
  }
}
