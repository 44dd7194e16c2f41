/**
 * @file Adapters alone as GGUF has them, as convert_lora_to_gguf.py of llama.cpp writes them:
 *
 *   general.type "adapter", adapter.type "lora", adapter.lora.alpha α
 *   NAME.lora_a   A [r, in],    NAME.lora_b   B [out, r]      of the tensor NAME of the model, W + α / r B A
 *
 * The rows of B lie as those of W do in GGUF. There is one α; where scales differ, they go into B.
 */

import type { Json } from "../../files/json.ts";
import type { GgufEntry } from "../write.ts";
import { headsOf } from "../architectures/parts/fields.ts";
import { tensorNames } from "./tensor-names.ts";
import {
  architectureFor,
  type GgufType,
  plannedTensor,
  type PlannedTensor,
  typeFor,
} from "./written-model.ts";

/** The sizes of an adapter of a linear map. */
export interface AdapterSizes {
  readonly input: number;
  readonly output: number;
  readonly rank: number;
}

export interface WrittenAdapter {
  readonly metadata: Readonly<Record<string, GgufEntry>>;
  /** A and B of a weight by its name in the checkpoint; undefined for one that GGUF has no name for. */
  readonly plan: (
    weight: string,
    sizes: AdapterSizes,
  ) => { readonly a: PlannedTensor; readonly b: PlannedTensor } | undefined;
}

/**
 * How the adapters of a model are written.
 *
 * @param name - for people
 * @throws {UsageError} if llama.cpp has no such architecture.
 */
export function writtenAdapter(
  config: Json,
  { name, alpha, type }: { readonly name: string; readonly alpha: number; readonly type: GgufType },
): WrittenAdapter {
  const architecture = architectureFor(config);
  const names = tensorNames(architecture);
  const heads = headsOf(config);
  return {
    metadata: {
      "general.architecture": architecture.name,
      "general.type": "adapter",
      "general.name": name,
      "adapter.type": "lora",
      "adapter.lora.alpha": { float: alpha },
    },
    plan(weight, { input, output, rank }) {
      const target = names.ofGguf(weight);
      if (target === undefined || names.hasExperts(target)) return undefined;
      const own = names.layoutOf(target);
      // B has a row for each output however W lies.
      const layout = own === "transposed" ? undefined : own;
      const [a, b] = [
        [rank, input],
        [output, rank],
      ] as const;
      return {
        a: plannedTensor(`${target}.lora_a`, a, {
          type: typeFor(a, type),
          layout: undefined,
          heads,
        }),
        b: plannedTensor(`${target}.lora_b`, b, { type: typeFor(b, type), layout, heads }),
      };
    },
  };
}
