// Times as people read them, in the reader's own language and zone.

import { h } from "./dom.js";

const EPOCH = 1420070400000n;
const DAY = 86_400_000;

/** When a thing with this id was made. */
export const madeAt = (id) => new Date(Number((BigInt(id) >> 22n) + EPOCH));

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const CLOCK = format({ timeStyle: "short" });
const FULL = format({ dateStyle: "full", timeStyle: "short" });
const STYLES = {
  t: CLOCK,
  T: format({ timeStyle: "medium" }),
  d: format({ dateStyle: "short" }),
  D: format({ dateStyle: "long" }),
  f: format({ dateStyle: "long", timeStyle: "short" }),
  F: FULL,
};

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** Whether both fall on the same day here. */
export const sameDay = (one, other) => midnight(one).getTime() === midnight(other).getTime();

/** "Today at 10:31", "Yesterday at 23:05" or the date. */
function moment(date, now = new Date()) {
  const days = Math.round((midnight(now) - midnight(date)) / DAY);
  if (days === 0) return `Today at ${CLOCK.format(date)}`;
  if (days === 1) return `Yesterday at ${CLOCK.format(date)}`;
  return format({ dateStyle: "short", timeStyle: "short" }).format(date);
}

/** A time element whose tooltip is the full date. */
export function stamp(date, text = moment(date)) {
  return h("time", { datetime: date.toISOString(), title: FULL.format(date) }, text);
}

/** The short time of the day, for lines that stand under a dated one. */
export const shortStamp = (date) => stamp(date, CLOCK.format(date));

/** The date as a line between two days. */
export const dayName = (date) => format({ dateStyle: "long" }).format(date);

const UNITS = [["year", 365 * DAY], ["month", 30 * DAY], ["day", DAY], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];

/** "in 3 hours", "2 days ago". */
function relative(date, now = Date.now()) {
  const distance = date.getTime() - now;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(distance / length), unit);
}

/** Discord's <t:...> mark; a time beyond the calendar shows as its number. */
export function clock(milliseconds, style = "f") {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return String(milliseconds / 1000);
  const text = style === "R" ? relative(date) : STYLES[style].format(date);
  return h("time", { class: "clock", datetime: date.toISOString(), title: FULL.format(date) }, text);
}
