/** Goldens of encoders as batches, and their gradients as the pipeline accumulates them. */

import type { Batch } from "../../src/data/index.ts";
import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { type HostTensor, float32, int32 } from "../../src/tensor/host-tensor.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { type HostTensors, tensorNamed } from "../support/graph.ts";
import { type EmbeddingGolden, expectGradients, type Golden } from "../models/golden.ts";
import { accumulate, partsOfModel } from "./support.ts";

const WITHOUT_DROPOUT = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };

/** What all encoders read. */
export function encoderBatch(inputs: HostTensors): Pick<Batch, "size" | "inputs" | "tokens"> {
  const ids = tensorNamed(inputs, "input_ids");
  const attentionMask = tensorNamed(inputs, "attention_mask");
  const tokenTypes = inputs["token_type_ids"] ?? int32(ids.shape, new Int32Array(ids.data.length));
  const tokens = numbersOf(attentionMask).reduce((sum, one) => sum + one, 0);
  return { size: ids.shape[0] ?? 0, inputs: { ids, attentionMask, tokenTypes }, tokens };
}

/** Fails unless a micro-step has the loss and the gradients of the golden, which are means. */
export async function expectPipeline(
  golden: Golden | EmbeddingGolden,
  batch: Batch,
  options: TrainOptions,
): Promise<void> {
  const model = bert({ ...golden.config, ...WITHOUT_DROPOUT });
  const parts = partsOfModel(model, Object.entries(golden.weights), {
    method: "dense",
    microSteps: 2,
    ...options,
  });
  const { engine } = parts;
  const loss = await accumulate(engine, batch);
  const count = batch.lossTokens;
  expectClose([loss / count], [golden.loss], FLOAT32, { what: "loss" });
  const found: Record<string, HostTensor> = {};
  for (const name of Object.keys(golden.gradients)) {
    const { sum } = engine.state.accumulators.get(name) ?? {};
    if (!sum) throw new Error(`no accumulator of ${name}`);
    const numbers = Array.from(await sum.read(), Number);
    found[name] = float32(
      sum.shape,
      Float32Array.from(numbers, (x) => x / count),
    );
  }
  expectGradients(found, golden);
  const evaluated = await engine.evaluate([batch]);
  expectClose([evaluated.loss / count], [golden.loss], FLOAT32, { what: "held-out loss" });
  await engine.release();
}
