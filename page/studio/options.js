/** @file From what a person chose to the options of a run. */

/** @import { Host, TrainOptions } from "flora-train" */
/** @import { Request } from "./store.js" */

import { modelFromConfig, readConfig } from "flora-train";
import { examplesOf } from "flora-train/data";
import { exists, readText } from "flora-train/host";
import { CONTEXT } from "./sizes.js";

/** Of a run, between two saves. */
const SAVED_SHARE = 1 / 20;

/**
 * @param {Pick<Host, "files" | "memory">} host
 * @param {Request} request whose model is not a name on the Hub any more
 * @returns {Promise<TrainOptions>}
 */
export async function optionsOf({ files, memory }, { data, model = {}, steps = 1 }) {
  const mostBytes = memory.heapLimitBytes();
  const examples = examplesOf({ input: data, name: "train", files, mostBytes, columns: {} });
  const isChat = (await examples.kind()) === "conversations";
  const knowsChats = typeof model === "string" && (await hasTemplate(files, model));
  return {
    train: data,
    model,
    steps,
    ...(isChat && !knowsChats && { chatTemplate: "chatml" }),
    ...(typeof model === "string" && {
      contextLength: Math.min(CONTEXT, modelFromConfig(await readConfig(model)).contextLength),
      batchSize: 2,
      microSteps: 4,
    }),
    tooLong: "truncate",
    saveEvery: Math.max(1, Math.round(steps * SAVED_SHARE)),
    translations: 0,
    // What an interrupted beginning left.
    overwrite: true,
  };
}

/**
 * Whether the tokenizer of a model writes conversations.
 *
 * @param {Host["files"]} files
 * @param {string} directory
 */
async function hasTemplate(files, directory) {
  if (await exists(files, `${directory}/chat_template.jinja`)) return true;
  const settings = `${directory}/tokenizer_config.json`;
  return (
    (await exists(files, settings)) &&
    "chat_template" in JSON.parse(await readText(files, settings))
  );
}
