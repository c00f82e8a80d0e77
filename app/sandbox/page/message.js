// One message as a list item.

import { actions, openMenu } from "./actions.js";
import { markdown, plain } from "./blocks.js";
import { componentRows } from "./components.js";
import { avatar, cssColour, h, icon } from "./dom.js";
import { attachments, embedCard } from "./embeds.js";
import { messageOf } from "./feed.js";
import { colourOf } from "./permissions.js";
import { reactionBar } from "./reactions.js";
import { announce, guild, nameOf, names, store } from "./state.js";
import { madeAt, sameDay, shortStamp, stamp } from "./times.js";

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;
const GROUP_SPAN = 7 * 60_000;
const REPLY = 19;

const isEphemeral = (row) => Boolean(row.flags & EPHEMERAL);

/** Whether the message stands under the head of the one before it. */
function isGrouped(row, before) {
  if (!before || before.author.id !== row.author.id || row.type !== 0 || row.interaction) return false;
  if (isEphemeral(row) !== isEphemeral(before)) return false;
  const [from, to] = [madeAt(before.id), madeAt(row.id)];
  return to - from < GROUP_SPAN && sameDay(from, to);
}

/** The list item of a message. */
export function messageItem(row, before) {
  const grouped = isGrouped(row, before);
  const item = h("li", { class: classes(row, grouped), id: `message-${row.id}`, tabindex: "-1", dataset: { id: row.id },
    "aria-label": `${nameOf(row.author.id)}: ${plain(row.content, names) || "message without text"}` },
    quote(row), used(row),
    h("div", { class: "gutter" }, grouped ? shortStamp(madeAt(row.id)) : face(row.author)),
    h("div", { class: "body" }, !grouped && head(row), ...content(row)),
    actions(row));
  item.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, img, button, input, textarea")) return;
    event.preventDefault();
    openMenu(row, { x: event.clientX, y: event.clientY });
  });
  return item;
}

function classes(row, grouped) {
  const mentioned = row.mention_everyone || row.mentions?.some((user) => user.id === store.me);
  return ["message", grouped && "grouped", isEphemeral(row) && "ephemeral", mentioned && "mentioned"].filter(Boolean).join(" ");
}

const face = (author) => h("button", { type: "button", class: "face", "aria-label": `About ${nameOf(author.id)}`,
  onclick: (event) => announce("user-menu", { id: author.id, anchor: event.currentTarget }) }, avatar(author.id, nameOf(author.id)));

function head(row) {
  const colour = cssColour(colourOf(guild(), row.author.id));
  return h("p", { class: "head" },
    h("span", { class: "author", style: colour ? { color: `color-mix(in oklab, ${colour} 75%, var(--text))` } : {} }, nameOf(row.author.id)),
    row.author.bot && h("span", { class: "tag" }, "App"), stamp(madeAt(row.id)));
}

function content(row) {
  if (row.flags & LOADING) {
    return [h("p", { class: "thinking" }, h("span", { class: "dots", "aria-hidden": "true" }), `${nameOf(row.author.id)} is thinking…`), note(row)];
  }
  const files = (row.attachments ?? []).filter((file) => !isInEmbed(file, row.embeds ?? []));
  return [
    text(row),
    files.length > 0 && h("div", { class: "attachments" }, ...attachments(files)),
    ...(row.embeds ?? []).map((embed) => embedCard(embed, names, row.attachments)),
    componentRows(row),
    reactionBar(row),
    row.thread && h("button", { type: "button", class: "thread-link", onclick: () => announce("go", row.thread.id) },
      icon("thread"), row.thread.name),
    note(row),
  ];
}

// A picture that an embed shows is not shown a second time.
const isInEmbed = (file, embeds) => embeds.some((embed) => [embed.image?.url, embed.thumbnail?.url].includes(file.url));

function text(row) {
  if (!row.content) return null;
  const body = h("div", { class: jumbo(row.content) ? "text jumbo" : "text" }, markdown(row.content, names));
  if (row.edited_timestamp) {
    const date = new Date(row.edited_timestamp);
    (body.lastElementChild ?? body).append(" ", h("small", { class: "edited", title: date.toLocaleString() }, "(edited)"));
  }
  return body;
}

const jumbo = (content) => content.length < 60 && /^(?:\p{Extended_Pictographic}|\u200d|\ufe0f|\p{Emoji_Modifier}|\s)+$/u.test(content);

function quote(row) {
  if (row.type !== REPLY) return null;
  const original = messageOf(row.referenced_message?.id) ?? row.referenced_message;
  if (!original) return h("p", { class: "quote" }, "Original message was deleted");
  return h("button", { type: "button", class: "quote", onclick: () => announce("jump", original.id) },
    avatar(original.author.id, nameOf(original.author.id), "tiny"),
    h("strong", {}, nameOf(original.author.id)), h("span", {}, plain(original.content, names) || "Click to see the attachment"));
}

function used(row) {
  if (!row.interaction?.name) return null;
  const { user, name } = row.interaction;
  return h("p", { class: "quote used" }, avatar(user.id, nameOf(user.id), "tiny"),
    h("strong", {}, nameOf(user.id)), " used ", h("span", { class: "mention" }, row.type === 20 ? `/${name}` : name));
}

function note(row) {
  if (!isEphemeral(row)) return null;
  return h("p", { class: "only-you" }, icon("eye"), "Only you can see this • ",
    h("button", { type: "button", class: "linkish", onclick: () => announce("dismiss", row.id) }, "Dismiss message"));
}
