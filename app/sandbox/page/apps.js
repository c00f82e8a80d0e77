// Commands of the application in the menus of members and messages.

import { commandsOf, runCommand } from "./commands.js";
import { announce } from "./state.js";

const KINDS = { user: 2, message: 3 };

/** Menu rows of the application's commands for a member ("user") or a message. */
export async function appItems(target, id) {
  try {
    const rows = await commandsOf(KINDS[target]);
    if (!rows.length) return [];
    return [{ heading: "Apps" }, ...rows.map((row) => item(row, target, id))];
  } catch (error) {
    announce("refused", error.message);
    return [];
  }
}

function item(row, target, id) {
  const label = row.name_localized ?? row.name;
  return { label, icon: "bot", run: () => runCommand({ kind: KINDS[target], name: row.name, target: id }, label) };
}
