/** @file The output directory: a Hugging Face model, the log, and a checkpoint while there is something to go on with. */

import { readdir } from "node:fs/promises";
import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { readTensor } from "../runtime/runtime.ts";
import type { Tokenizer } from "../text/index.ts";
import { errorCode, fileError } from "../weights/file-error.ts";
import { saveModel } from "../weights/index.ts";
import type { TrainConfig } from "./config.ts";
import type { TrainState } from "./state.ts";

/** @throws {UsageError} if the output directory holds something and may not be touched. */
export async function checkOutput({ output, overwrite, resume }: TrainConfig): Promise<void> {
  const files = await readdir(output).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw fileError(output, "opening the output directory", error);
  });
  if (files.length > 0 && !overwrite && !resume) {
    throw new UsageError(`output: the directory is not empty; got ${output}`, {
      hint: "give another --output, --resume to go on, or --overwrite to replace it",
    });
  }
}

export async function saveOutput(
  output: string,
  model: Model,
  tokenizer: Tokenizer,
  state: TrainState,
): Promise<void> {
  const weights = await Promise.all(
    [...state.weights].map(async ([name, buffer]) => [name, await readTensor(buffer)] as const),
  );
  const end = tokenizer.endOfText;
  await saveModel(output, {
    config: { ...model.config, ...(end !== undefined && { bos_token_id: end, eos_token_id: end }) },
    generationConfig: {
      ...(end !== undefined && {
        bos_token_id: end,
        eos_token_id: end,
        pad_token_id: tokenizer.pad,
      }),
      max_length: model.contextLength,
    },
    weights,
    files: tokenizer.files,
  });
}
