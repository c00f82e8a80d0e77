// Embeds and attached files of a message.

import { markdown } from "./blocks.js";
import { cssColour, h, icon } from "./dom.js";
import { inline, link } from "./markdown.js";
import { stamp } from "./times.js";

/** One embed as a card; `files` are those of its message, one of which its picture may be. */
export function embedCard(embed, names, files = []) {
  const described = files.find((file) => file.url === embed.image?.url)?.description;
  const card = h("article", { class: "embed", style: { "--stripe": cssColour(embed.color) ?? "var(--line)" } },
    h("div", { class: "embed-body" },
      embed.author && author(embed.author),
      embed.title && h("p", { class: "embed-title" }, titleOf(embed, names)),
      embed.description && h("div", { class: "embed-text" }, markdown(embed.description, names)),
      embed.fields?.length > 0 && h("div", { class: "fields" }, ...embed.fields.map((row) => field(row, names))),
      embed.image && picture(embed.image.url, described ?? embed.title ?? "Picture of the embed", "embed-image"),
      footer(embed)),
    embed.thumbnail && picture(embed.thumbnail.url, "Thumbnail", "thumbnail"));
  return card;
}

function titleOf(embed, names) {
  const text = inline(embed.title, names);
  return embed.url ? link(embed.url, ...text) : h("span", {}, ...text);
}

const author = ({ name, url }) => h("p", { class: "embed-author" }, url ? link(url, name) : name);

function field(row, names) {
  return h("div", { class: row.inline ? "field inline" : "field" },
    h("p", { class: "field-name" }, ...inline(row.name, names)),
    h("div", { class: "field-value" }, markdown(row.value, names)));
}

function footer(embed) {
  if (!embed.footer && !embed.timestamp) return null;
  const parts = [];
  if (embed.footer) parts.push(embed.footer.text);
  if (embed.footer && embed.timestamp) parts.push(" • ");
  if (embed.timestamp) parts.push(stamp(new Date(embed.timestamp)));
  return h("p", { class: "embed-footer" }, ...parts);
}

// Pictures of other places are never fetched: the page stays on this machine and names the address instead.
function picture(address, label, kind) {
  if (new URL(address, location.href).origin !== location.origin) {
    return h("p", { class: "remote-picture" }, icon("link"), link(address, "Picture elsewhere"));
  }
  return h("img", { class: kind, src: address, alt: label, loading: "lazy" });
}

/** The attached files of a message: pictures shown, other files as links to download. */
export const attachments = (files) => files.map((file) => (isPicture(file) ? shown(file) : download(file)));

const isPicture = (file) => /^image\/(png|jpeg|gif|webp|avif)$/.test(file.content_type ?? "");

function shown(file) {
  const hidden = file.filename.startsWith("SPOILER_");
  const image = h("img", { src: file.url, alt: file.description ?? file.filename, loading: "lazy",
    width: file.width, height: file.height, class: "attached-image" });
  const frame = h("a", { href: file.url, target: "_blank", rel: "noopener", class: "attached-frame" }, image);
  if (!hidden) return frame;
  const cover = h("button", { type: "button", class: "picture-spoiler", "aria-label": "Spoiler, show it" }, "SPOILER");
  cover.addEventListener("click", () => cover.replaceWith(frame));
  return cover;
}

function download(file) {
  return h("a", { class: "attached-file", href: file.url, download: file.filename },
    icon("file"), h("span", {}, h("strong", {}, file.filename), h("small", {}, sizeOf(file.size))));
}

/** A file size as people read it. */
export function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
