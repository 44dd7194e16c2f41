/** The tiny GPT-2 that peft saved, its adapters, and logits of a model by its stages. */

import { readFileSync } from "node:fs";
import { type Adapter, adaptersOf, adaptModel } from "../../src/adapters/index.ts";
import { mapTensors, tensorAt, type Tensors } from "../../src/graph/tensors.ts";
import { constant, input, type Value } from "../../src/graph/value.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import { headLogits } from "../../src/models/head.ts";
import type { Model } from "../../src/models/model.ts";
import { foldBatch } from "../../src/ops/movement.ts";
import { type HostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import { type PeftConfig } from "../../src/weights/index.ts";
import { numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { loadAdapter, loadWeights, readConfig } from "../support/on-node.ts";

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Golden {
  readonly ids: readonly (readonly number[])[];
  readonly baseLogits: GoldenTensor;
  readonly adapters: Readonly<
    Record<
      string,
      {
        readonly maps: Readonly<
          Record<string, { readonly rank: number; readonly alpha: number; readonly scale: number }>
        >;
        readonly tensors: Readonly<Record<string, readonly number[]>>;
        readonly logits: GoldenTensor;
        readonly mergedLogits: GoldenTensor;
      }
    >
  >;
}

export const BASE = "test/golden/peft_base";
export const golden: Golden = JSON.parse(readFileSync("test/golden/peft.json", "utf8"));
export const ADAPTERS: readonly string[] = Object.keys(golden.adapters);

export type Weights = ReadonlyMap<string, HostTensor>;

export async function loadBase(): Promise<{ readonly model: Model; readonly weights: Weights }> {
  const model = gpt2(await readConfig(BASE));
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  return { model, weights: await loadWeights(BASE, shapes, model.checkpoint) };
}

export interface Adapted {
  readonly base: { readonly model: Model; readonly weights: Weights };
  readonly config: PeftConfig;
  /** As stored, without "base_model.model.". */
  readonly tensors: Weights;
  readonly adapters: readonly Adapter[];
  readonly model: Model;
  readonly weights: Weights;
}

/** The base with the adapters of a directory. */
export async function loadAdapted(directory: string): Promise<Adapted> {
  const base = await loadBase();
  const { config, tensors } = await loadAdapter(directory);
  const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape] as const));
  const { adapters, stored } = adaptersOf(base.model, config, shapes);
  const weights = new Map(base.weights);
  for (const [name, storedName] of stored) {
    const tensor = tensors.get(storedName);
    if (tensor) weights.set(name, tensor);
  }
  return { base, config, tensors, adapters, model: adaptModel(base.model, adapters), weights };
}

/** The graph of the logits of ids [B, T], those of the golden, [B T, V], and the weights as its inputs. */
export function graphOfLogits(
  model: Model,
  weights: Weights,
  ids: readonly (readonly number[])[] = golden.ids,
): { readonly y: Value; readonly inputs: Tensors } {
  const shape = [ids.length, ids[0]?.length ?? 0];
  const inputs = mapTensors(Object.fromEntries(weights), ({ dtype, shape: own }, name) =>
    input(name, dtype, own),
  );
  let x = constant(int32(shape, Int32Array.from(ids.flat())));
  for (const stage of model.stages) {
    x = stage.forward(
      x,
      mapTensors(stage.params, (name) => tensorAt(inputs, name)),
    );
  }
  return { y: headLogits(model, (name) => tensorAt(inputs, name), foldBatch(x)), inputs };
}

/** Logits of ids, [B, T, V] row by row. */
export async function logitsOf(
  model: Model,
  weights: Weights,
  ids: readonly (readonly number[])[] = golden.ids,
): Promise<number[]> {
  const feeds = Object.fromEntries(weights);
  const { y: logits } = graphOfLogits(model, weights, ids);
  return numbersOf(tensorNamed(await runGraph({ logits }, feeds), "logits"));
}
