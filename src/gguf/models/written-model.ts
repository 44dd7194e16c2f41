/** @file A model as GGUF has it: the entries of its metadata, and its tensors by the names and in the layout of llama.cpp. */

import { UsageError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";
import { type BlockType, BF16, F16, F32, Q8_0 } from "../block-types.ts";
import { toQ8_0 } from "../blocks.ts";
import type { GgufEntry, GgufTensorPlan } from "../write.ts";
import type { GgufArchitecture, Layout } from "../architectures/parts/architecture.ts";
import { ARCHITECTURES } from "../architectures/index.ts";
import {
  expertCount,
  headsOf,
  numberField,
  optionalNumber,
} from "../architectures/parts/fields.ts";
import { arrange, type Heads } from "../architectures/parts/layout.ts";
import { ropeFactors } from "../architectures/parts/rope-factors.ts";
import { scalingFields } from "../architectures/parts/rotary.ts";
import { tensorNames } from "./tensor-names.ts";

/** As what matrices are written. */
export type GgufType = "F32" | "F16" | "BF16" | "Q8_0";

/** The numbers in `general.file_type`: `llama_ftype` of llama.cpp. */
const FILE_TYPES = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 } as const;

const TYPES: Readonly<Record<GgufType, BlockType>> = { F32, F16, BF16, Q8_0 };

/** What a weight has to be for its tensor to be made of it. */
export type Stage = "float32" | "float16" | "bfloat16";

/** A weight on its way. */
export interface PlannedTensor extends GgufTensorPlan {
  /** How many weights follow one another in its tensor: as many as there are experts, or one. */
  readonly parts: number;
  /** The type that its numbers are to have when they come. */
  readonly stage: Stage;
  /** Their bytes in the file. */
  readonly bytesOf: (data: Float32Array | Uint16Array) => Uint8Array;
}

export interface WrittenModel {
  readonly metadata: Readonly<Record<string, GgufEntry>>;
  /** Undefined for a weight that GGUF has no name for. */
  readonly plan: (name: string, shape: readonly number[]) => PlannedTensor | undefined;
  /** Tensors that are made of the configuration. */
  readonly further: readonly { readonly plan: GgufTensorPlan; readonly data: Float32Array }[];
}

/**
 * How a model is written.
 *
 * @param name - for people
 * @throws {UsageError} if llama.cpp has no such architecture, or GGUF no words for a field.
 */
export function writtenModel(config: Json, name: string, type: GgufType): WrittenModel {
  const architecture = architectureFor(config);
  const names = tensorNames(architecture);
  const heads = headsOf(config);
  const own = Object.entries(architecture.metadata(config)).map(
    ([key, value]) => [`${architecture.name}.${key}`, value] as const,
  );
  return {
    metadata: {
      "general.architecture": architecture.name,
      "general.type": "model",
      "general.name": name,
      "general.file_type": FILE_TYPES[type],
      "general.quantization_version": 2,
      ...Object.fromEntries(own),
    },
    further: ropeTensors(config),

    plan(checkpointName, shape) {
      const target = names.ofGguf(checkpointName);
      if (target === undefined) return undefined;
      const layout = names.layoutOf(target);
      const laid = layout === "transposed" ? shape.toReversed() : shape;
      const chosen = names.isWhole(target) ? "F32" : typeFor(laid, type);
      const parts = names.hasExperts(target) ? expertCount(config) : undefined;
      return plannedTensor(target, shape, { type: chosen, layout, heads, parts });
    },
  };
}

/** How a tensor is to be written. */
export interface TensorPlanOptions {
  readonly type: GgufType;
  readonly layout: Layout | undefined;
  readonly heads: Heads;
  /** Where a weight is one of several. */
  readonly parts?: number | undefined;
}

/** A tensor of this shape on its way. */
export function plannedTensor(
  name: string,
  shape: readonly number[],
  { type, layout, heads, parts }: TensorPlanOptions,
): PlannedTensor {
  const laid = layout === "transposed" ? shape.toReversed() : shape;
  return {
    name,
    shape: parts === undefined ? laid : [parts, ...laid],
    parts: parts ?? 1,
    type: TYPES[type],
    stage: STAGES[type],
    bytesOf(data) {
      const { data: arranged } = arrange({ shape, data }, layout, heads, "to GGUF");
      const isWide = arranged instanceof Float32Array;
      if (type === "Q8_0" && isWide) return toQ8_0(arranged);
      return new Uint8Array(arranged.buffer, arranged.byteOffset, arranged.byteLength);
    },
  };
}

const STAGES = { F32: "float32", F16: "float16", BF16: "bfloat16", Q8_0: "float32" } as const;

/** As llama.cpp writes them: vectors whole, and rows that are no whole blocks in F16. */
export function typeFor(shape: readonly number[], type: GgufType): GgufType {
  if (shape.length < 2) return "F32";
  const columns = shape.at(-1) ?? 0;
  return columns % TYPES[type].elements === 0 ? type : "F16";
}

/** @throws {UsageError} if llama.cpp has no such architecture. */
export function architectureFor(config: Json): GgufArchitecture {
  const { model_type: type } = config;
  const found = ARCHITECTURES.find(({ types }) => types.some((each) => each === type));
  if (found) return found;
  const known = ARCHITECTURES.flatMap(({ types }) => types).join(", ");
  throw new UsageError(`model: types that GGUF is written of are ${known}; got ${String(type)}`, {
    hint: "export it as onnx or safetensors",
  });
}

/** What the scaled rotation of Llama 3 divides by. */
function ropeTensors(config: Json): WrittenModel["further"] {
  const { kind, scaling, theta } = scalingFields(config);
  if (kind !== "llama3") return [];
  const heads = numberField(config, "num_attention_heads");
  const head = optionalNumber(config, "head_dim") ?? numberField(config, "hidden_size") / heads;
  const data = ropeFactors({ rope_theta: theta, head_dim: head }, scaling);
  return [{ plan: { name: "rope_freqs.weight", shape: [data.length], type: F32 }, data }];
}
