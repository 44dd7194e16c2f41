/** Micro-steps of tiny encoder-decoder models whose gradients transformers has computed. */

import { expect } from "vitest";
import type { Batch } from "../../src/data/index.ts";
import { t5 } from "../../src/models/architectures/t5/t5.ts";
import { numberOf } from "../../src/runtime/buffers.ts";
import { type Buffers, readTensor } from "../../src/runtime/runtime.ts";
import { float32, type HostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { objectiveOf } from "../../src/engine/objectives/registry.ts";
import { createPipeline } from "../../src/engine/pipeline.ts";
import { readGolden } from "../models/golden.ts";
import { numbersOf } from "../support/close.ts";
import { type HostTensors, tensorNamed } from "../support/graph.ts";
import { type Parts, partsOfModel } from "./support.ts";

export type Name = "t5" | "t5_gated";

/** The cycle of the projections. */
export const CYCLE = 3;

/** The parts of a run over a golden's model, with its weights or others; without dropout, as it was computed. */
export function partsFor(name: Name, options: TrainOptions, weights?: HostTensors): Parts {
  const golden = readGolden(name);
  const model = t5({ ...golden.config, dropout_rate: 0 });
  const named = Object.entries(weights ?? golden.weights);
  return partsOfModel(model, named, { microSteps: 2, ...options });
}

/** Rows of a golden's batch, both sides as long as the longest of them. */
export function batchOfRows(name: Name, rows: readonly number[]): Batch {
  const { inputs } = readGolden(name);
  const rowsOf = (input: string) => {
    const { shape, data } = tensorNamed(inputs, input);
    const [, length = 0] = shape;
    const numbers = Array.from(data, Number);
    return rows.map((row) => numbers.slice(row * length, (row + 1) * length));
  };
  const masks = rowsOf("attention_mask");
  const labels = rowsOf("labels");
  const count = (row: readonly number[], counts: (x: number) => boolean) =>
    row.filter(counts).length;
  const source = Math.max(...masks.map((row) => count(row, (x) => x === 1)));
  const answer = Math.max(...labels.map((row) => count(row, (x) => x >= 0)));
  const cut = (numbers: readonly (readonly number[])[], length: number): HostTensor =>
    int32([rows.length, length], Int32Array.from(numbers.flatMap((row) => row.slice(0, length))));
  const targets = Array.from(cut(labels, answer).data, Number);
  const lossTokens = count(targets, (x) => x >= 0);
  return {
    size: rows.length,
    inputs: {
      ids: cut(rowsOf("input_ids"), source),
      attentionMask: cut(masks, source),
      decoderIds: cut(rowsOf("decoder_input_ids"), answer),
    },
    targets: Int32Array.from(targets, (label) => Math.max(label, 0)),
    weights: Float32Array.from(targets, (label) => (label < 0 ? 0 : 1)),
    tokens: lossTokens,
    lossTokens,
  };
}

export interface Accumulated {
  /** Over the number of targets of the golden. */
  readonly loss: number;
  /** What accumulators hold, over that number. */
  readonly sums: HostTensors;
  /** The keys of the programs that ran. */
  readonly ran: readonly string[];
}

/** What micro-steps over those rows add up. */
export async function accumulated(
  parts: Parts,
  name: Name,
  steps: readonly (readonly number[])[] = [[0, 1]],
): Promise<Accumulated> {
  const { targets } = readGolden(name);
  const ran: string[] = [];
  const { engine, model } = parts;
  const { programs, slots, state } = engine.parts;
  const get: typeof programs.get = (key, ...rest) => {
    ran.push(key);
    return programs.get(key, ...rest);
  };
  const spied = { ...engine.parts, programs: { ...programs, get } };
  const pipeline = createPipeline(spied, objectiveOf(model).open(spied));
  const lossOf = slots.take("loss", "float32", []);
  const sums: Record<string, HostTensor> = {};
  async function keep(param: string, { sum }: Buffers): Promise<void> {
    if (!sum) throw new Error(`no sum of ${param}`);
    expect(sums[param], `${param} comes twice`).toBeUndefined();
    const numbers = numbersOf(await readTensor(sum)).map((x) => x / targets);
    sums[param] = float32(sum.shape, Float32Array.from(numbers));
  }
  let loss = 0;
  for (const rows of steps) {
    const keys = { cycle: CYCLE, microStep: 0 };
    const forward = await pipeline.forward(batchOfRows(name, rows), keys, {
      loss: lossOf,
      tell: () => undefined,
    });
    for await (const { loose } of pipeline.backward(forward)) {
      for (const gradient of loose) await keep(gradient.name, gradient.accumulator);
    }
    loss += await numberOf(lossOf);
  }
  for (const [param, tensors] of state.accumulators) await keep(param, tensors);
  await programs.release();
  return { loss: loss / targets, sums, ran };
}
