/** @file Data for masked language models: texts in windows, each between the tokens that the tokenizer puts around a text. */

import { UsageError } from "../errors.ts";
import { maskedBatch, stretches } from "../data/index.ts";
import type { Encoding, Tokenizer } from "../text/tokenizers/tokenizer.ts";
import type { DataRequest, TrainData } from "./load.ts";
import { encoderData } from "./encoder.ts";
import { count, LENGTH_MULTIPLE } from "./pairs.ts";
import { heldOutCount, readAllTexts } from "./splits.ts";

export async function loadMasked(request: DataRequest): Promise<TrainData> {
  const { config, tokenizer, contextLength } = request;
  const { train, validation, batchSize, textColumn } = config;
  const { mask, pad, vocabularySize, specialTokens } = tokenizer;
  if (mask === undefined) {
    throw new UsageError(`tokenizer: has no token to hide others; got ${tokenizer.name}`, {
      hint: "take that of a BERT: --tokenizer DIR",
    });
  }
  if (!train) throw new UsageError("task: mask needs a training file; got none");
  const read = async (paths: readonly string[]): Promise<readonly Encoding[]> => {
    const texts = await readAllTexts(paths, textColumn);
    return texts.flatMap((text) => windowsOf(tokenizer, text, contextLength));
  };
  const all = await read(train);
  const share = heldOutCount(all.length);
  const training = validation ? all : all.slice(0, -share);
  const held = validation ? await read(validation) : all.slice(-share);
  if (training.length === 0 || held.length === 0) {
    throw new UsageError(`data: too little text for windows of ${contextLength} tokens`, {
      hint: "add text, or lower contextLength",
    });
  }
  const padding = { batchSize, pad, multiple: LENGTH_MULTIPLE, contextLength };
  const masking = { mask, vocabularySize, specialTokens };
  return encoderData(request, {
    training,
    heldOut: held,
    lengthOf: ({ ids }) => ids.length,
    assemble: (rows, key) => maskedBatch(rows, { ...padding, masking, key }),
    description:
      `${count(tokensOf(training))} tokens of text in ${count(training.length)} windows` +
      `, ${count(tokensOf(held))} held out`,
  });
}

/** A text in windows that fit; those without a token that could be hidden are left out. */
function windowsOf(tokenizer: Tokenizer, text: string, contextLength: number): Encoding[] {
  const { ids: around } = tokenizer.encodeWithSpecialTokens("");
  const before = tokenizer.encodePrompt("");
  const after = around.subarray(before.length);
  const room = contextLength - around.length;
  if (room < 1) {
    throw new UsageError(
      `contextLength: the tokenizer adds ${around.length} tokens to a text; got ${contextLength}`,
    );
  }
  return stretches(Array.from(tokenizer.encode(text)), room)
    .filter((window) => window.some((id) => !tokenizer.specialTokens.has(id)))
    .map((window) => {
      const ids = Int32Array.from([...before, ...window, ...after]);
      return { ids, tokenTypes: new Int32Array(ids.length) };
    });
}

const tokensOf = (windows: readonly Encoding[]): number =>
  windows.reduce((sum, { ids }) => sum + ids.length, 0);
