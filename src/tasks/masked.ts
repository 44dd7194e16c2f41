/** @file Data for masked language models: texts in windows, each between the tokens that the tokenizer puts around a text. */

import { option, UsageError } from "../errors.ts";
import { encodedParts, maskedBatch, type TextParts, tokenBuffer } from "../data/index.ts";
import type { Encoding } from "../text/tokenizers/tokenizer.ts";
import { encoderData } from "./encoder.ts";
import { count } from "./reading/fitted-split.ts";
import { LENGTH_MULTIPLE } from "./pairs.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

export async function loadMasked(request: DataRequest): Promise<TrainData> {
  const { config, dataset, tokenizer, contextLength } = request;
  const { batchSize } = config;
  const { mask, pad, vocabularySize, specialTokens } = tokenizer;
  if (mask === undefined) {
    throw new UsageError(`tokenizer: has no token to hide others; got ${tokenizer.name}`, {
      hint: `take that of a BERT: ${option("tokenizer", "DIR")}`,
    });
  }
  const texts = dataset.texts();
  const parts = new Map<Encoding, number>();
  for (const [part, text] of texts.training.entries()) {
    for (const window of await windowsOf(text, request)) parts.set(window, part);
  }
  const all = [...parts.keys()];
  const given = texts.validation && (await windowsOf(texts.validation, request));
  const { training, validation: held } = given
    ? { training: all, validation: given }
    : texts.holdOut.cut(all, ({ ids }) => ids);
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
    parts: training.map((window) => parts.get(window) ?? 0),
    lengthOf: ({ ids }) => ids.length,
    assemble: (rows, key) => maskedBatch(rows, { ...padding, masking, key }),
    description:
      `${count(tokensOf(training))} tokens of text in ${count(training.length)} windows` +
      `, ${count(tokensOf(held))} held out`,
  });
}

/** Each text in windows that fit; those without a token that could be hidden are left out. */
async function windowsOf(
  parts: TextParts,
  { tokenizer, contextLength, dataset: { ranks } }: DataRequest,
): Promise<readonly Encoding[]> {
  const { ids: around } = tokenizer.encodeWithSpecialTokens("");
  const before = tokenizer.encodePrompt("");
  const after = around.subarray(before.length);
  const room = contextLength - around.length;
  if (room < 1) {
    throw new UsageError(
      `${option("contextLength")}: the tokenizer adds ${around.length} tokens to a text; got ${contextLength}`,
    );
  }
  const windows: Encoding[] = [];
  const cut = (tokens: Int32Array) => {
    for (let from = 0; from < tokens.length; from += room) {
      const window = tokens.subarray(from, from + room);
      if (window.every((id) => tokenizer.specialTokens.has(id))) continue;
      const ids = Int32Array.of(...before, ...window, ...after);
      windows.push({ ids, tokenTypes: new Int32Array(ids.length) });
    }
  };
  const tokens = tokenBuffer();
  for await (const { ids, continues } of encodedParts(parts, { encode: tokenizer.encode, ranks })) {
    if (!continues) cut(tokens.take());
    tokens.push(ids);
  }
  cut(tokens.take());
  return windows;
}

const tokensOf = (windows: readonly Encoding[]): number =>
  windows.reduce((sum, { ids }) => sum + ids.length, 0);
