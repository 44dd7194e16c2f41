/**
 * @file A model that reads the whole of a text or of an image at once as one graph, with the inputs and outputs that transformers.js and
 * Optimum have for it. Texts come in any number and length, images in any number.
 *
 *   input_ids, attention_mask, token_type_ids [B, T]    int64
 *   pixel_values [B, channels, height, width]           float32
 *
 *   masked                  logits [B, T, V], of every token
 *   classification          logits [B, labels], of a text or of an image
 *   embedding               last_hidden_state [B, T, C], whose mean over the mask is the vector: pipelines take it themselves
 *
 * B batch, T sequence, C width, V vocabulary.
 */

import type { Tensors } from "../../graph/tensors.ts";
import { input, type Value } from "../../graph/value.ts";
import { headRows, imageInputOf, type Model, type Stage } from "../../models/model.ts";
import { reshape } from "../../ops/movement.ts";
import { headLogits } from "../../models/head.ts";
import { forward } from "./forward.ts";
import { BATCH, LENGTH, places, tokens, weightsOf } from "./inputs.ts";

/** Logits of every token. */
export function maskedGraph(model: Model): Tensors {
  const weight = weightsOf(model);
  return { logits: headLogits(model, weight, ofText(model.stages, weight)) };
}

/** The hidden states before the last stage, which is the mean. */
export const embeddingGraph = (model: Model): Tensors => ({
  last_hidden_state: ofText(model.stages.slice(0, -1), weightsOf(model)),
});

/** Logits of the classes of texts. */
export function classifierGraph(model: Model): Tensors {
  const weight = weightsOf(model);
  return { logits: classLogits(model, weight, ofText(model.stages, weight)) };
}

/** Logits of the classes of images. */
export function imageClassifierGraph(model: Model): Tensors {
  const weight = weightsOf(model);
  const { channels, height, width } = imageInputOf(model);
  const pixels = input("pixel_values", "float32", [BATCH, channels, height, width]);
  return { logits: classLogits(model, weight, forward(model.stages, weight, pixels, {})) };
}

/** What the stages make of texts. */
function ofText(stages: readonly Stage[], weight: (name: string) => Value): Value {
  const shape = [BATCH, LENGTH];
  const ids = tokens("input_ids", shape);
  const inputs = {
    attentionMask: tokens("attention_mask", shape),
    tokenTypes: tokens("token_type_ids", shape),
  };
  return forward(stages, weight, ids, { inputs, positions: places(ids) });
}

/** Logits [B, labels] of the one token that is left, [B, 1, C]. */
const classLogits = (model: Model, weight: (name: string) => Value, pooled: Value): Value =>
  reshape(headLogits(model, weight, pooled), [BATCH, headRows(model)]);
