/** @file The classes of texts. */

import { headOf } from "../models/model.ts";
import { logitsOf } from "../nn/loss.ts";
import { softmax } from "../ops/softmax.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { encode } from "./encoder.ts";
import { checkTask, encodeTexts, type Text, type TextModel, type TextOptions } from "./texts.ts";

export interface Classification {
  /** The likeliest class. */
  readonly label: string;
  readonly probability: number;
  /** Of every class, in the order of the model. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/**
 * The classes of texts, or of pairs of texts, in their order.
 *
 * @throws {UsageError} if the model is no classifier, or a text is too long.
 */
export async function classifyTexts(
  loaded: TextModel,
  runtime: Runtime,
  texts: readonly Text[],
  options: TextOptions = {},
): Promise<readonly Classification[]> {
  checkTask(loaded, "classification", "classify");
  const { model, weights, tokenizer } = loaded;
  const { labels = [] } = model;
  const { weight: weightName, bias } = headOf(model);
  const rows = await encode(
    {
      model,
      weights,
      runtime,
      pad: tokenizer.pad,
      finish: (hidden, weight) =>
        softmax(
          logitsOf({
            hidden,
            weight: weight(weightName),
            bias: bias === undefined ? undefined : weight(bias),
          }),
        ),
    },
    encodeTexts(loaded, texts, options),
    options,
  );
  return rows.map((row) => {
    const best = row.indexOf(Math.max(...row));
    return {
      label: labels[best] ?? "",
      probability: row[best] ?? Number.NaN,
      probabilities: Object.fromEntries(labels.map((label, id) => [label, row[id] ?? Number.NaN])),
    };
  });
}
