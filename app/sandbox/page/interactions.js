// Starting an interaction and waiting for what the bot answers.

import * as api from "./api.js";
import { on } from "./state.js";

const POLL = 400;
const PATIENCE = 8000;
const waiting = new Map();

on("interaction", (row) => waiting.get(row.id)?.(row));

/** Start an interaction; resolves with how it stands once the bot has answered or failed to. */
export async function run(body) {
  const { id } = await api.interact(body);
  return settled(id);
}

// The stream tells at once; asking now and then covers a stream that is just being restored.
function settled(id) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const timer = setInterval(look, POLL);
    const finish = (row) => {
      clearInterval(timer);
      waiting.delete(id);
      resolve(row);
    };
    const fail = (error) => {
      clearInterval(timer);
      waiting.delete(id);
      reject(error);
    };
    async function look() {
      try {
        const row = await api.interaction(id);
        if (row.state !== "pending") finish(row);
        else if (performance.now() - started > PATIENCE) finish({ ...row, state: "failed" });
      } catch (error) {
        fail(error);
      }
    }
    waiting.set(id, (row) => row.state !== "pending" && look());
    look();
  });
}

/** Whether the bot did not answer. */
export const hasFailed = (row) => row.state === "failed";
