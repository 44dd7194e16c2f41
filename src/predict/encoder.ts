/** @file Running a model that reads whole texts and says one thing about each. */

import { encoderInputs, stretches } from "../data/index.ts";
import { option, UsageError } from "../errors.ts";
import type { Encoding } from "../text/tokenizers/tokenizer.ts";
import { BATCH_SIZE, type RunnerParts, withRunner } from "./runner.ts";

export interface EncoderParts extends RunnerParts {
  /** The id that fills up short texts. */
  readonly pad: number;
}

/** Lengths are rounded up to this, so that few programs are compiled. */
const LENGTH_MULTIPLE = 16;

/**
 * What the model says of texts, in their order; texts of similar lengths are read together.
 *
 * @returns N numbers a text
 * @throws {UsageError} if a text is longer than the context.
 */
export async function encode(
  parts: EncoderParts,
  texts: readonly Encoding[],
  { batchSize = BATCH_SIZE }: { readonly batchSize?: number } = {},
): Promise<readonly Float32Array[]> {
  const { model, pad } = parts;
  checkLengths(texts, model.contextLength);
  const padding = { pad, multiple: LENGTH_MULTIPLE, contextLength: model.contextLength };
  const byLength = [...texts.entries()].toSorted(([, a], [, b]) => a.ids.length - b.ids.length);
  return withRunner(parts, async ({ run }) => {
    const results = texts.map((): Float32Array => new Float32Array());
    for (const rows of stretches(byLength, batchSize)) {
      const { inputs } = encoderInputs(
        rows.map(([, text]) => text),
        batchSize,
        padding,
      );
      const numbers = await run(inputs);
      for (const [row, [at]] of rows.entries()) results[at] = numbers[row] ?? new Float32Array();
    }
    return results;
  });
}

function checkLengths(texts: readonly Encoding[], contextLength: number): void {
  const at = texts.findIndex(({ ids }) => ids.length > contextLength);
  if (at < 0) return;
  throw new UsageError(
    `text ${at + 1}: the model reads at most ${contextLength} tokens; got ${texts[at]?.ids.length}`,
    { hint: `cut its end with ${option("truncate")}` },
  );
}
