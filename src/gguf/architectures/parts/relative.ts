/** @file Relatives of Llama in GGUF, by what each has that Llama has not. */

import { FormatError, UsageError } from "../../../errors.ts";
import type { Json } from "../../../files/json.ts";
import type { Metadata } from "../../metadata.ts";
import type { GgufArchitecture, Layout, TensorFacts } from "./architecture.ts";
import { ROTARY_TENSORS, rotaryConfig, rotaryMetadata } from "./rotary.ts";

/** What a relative of Llama has that Llama has not. */
export type Relative = Pick<GgufArchitecture, "name" | "types" | "className"> &
  Partial<Pick<GgufArchitecture, "tensors" | "layouts" | "whole" | "metadata">> & {
    /** Stems of GGUF that all but it have. */
    readonly lacks?: readonly string[];
    readonly hasExperts?: boolean;
    readonly fields?: (metadata: Metadata, tensors: TensorFacts) => Json;
  };

/** The architecture of a relative. */
export const relative = ({
  fields,
  lacks = [],
  hasExperts = false,
  ...own
}: Relative): GgufArchitecture => ({
  ...own,
  tensors: { ...without(ROTARY_TENSORS, lacks), ...own.tensors },
  layouts: own.layouts ?? {},
  ignored: ["rope_freqs.weight"],
  whole: own.whole ?? [],
  async config(metadata, tensors) {
    if (!hasExperts) refuseExperts(metadata, own.name);
    const common = await rotaryConfig(own.name, metadata, tensors);
    return { ...common, ...fields?.(metadata, tensors) };
  },
  metadata: (config) => ({ ...rotaryMetadata(config), ...own.metadata?.(config) }),
});

const without = (
  table: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));

function refuseExperts({ path, number }: Metadata, architecture: string): void {
  const experts = number(`${architecture}.expert_count`);
  if (!experts) return;
  throw new FormatError(path, `${architecture}: experts are not supported; got ${experts} experts`);
}

/** Halves of heads turn as neighbours in llama.cpp's code for Llama. */
export const PAIRED: Readonly<Record<string, Layout>> = {
  "blk.*.attn_q.weight": "paired queries",
  "blk.*.attn_q.bias": "paired queries",
  "blk.*.attn_k.weight": "paired keys",
  "blk.*.attn_k.bias": "paired keys",
};

/** Norms of each head of queries, and of keys. */
export const HEAD_NORMS: Readonly<Record<string, string>> = {
  "blk.*.attn_q_norm": "model.layers.*.self_attn.q_norm",
  "blk.*.attn_k_norm": "model.layers.*.self_attn.k_norm",
};

/** Nothing more. @throws {UsageError} if a model has windows. */
export const refuseWindows = (config: Json): Readonly<Record<string, never>> => {
  const types = config["layer_types"];
  const slides = Array.isArray(types) && types.includes("sliding_attention");
  if (config["use_sliding_window"] !== true && !slides) return {};
  throw new UsageError("use_sliding_window: GGUF has no word for it", {
    hint: "export it as onnx or safetensors",
  });
};

/** @throws {UsageError} if a field of config.json is anything but what llama.cpp takes it for. */
export function refuseOther(config: Json, field: string, ...allowed: readonly unknown[]): void {
  const value = config[field];
  if (value === undefined || value === null || allowed.includes(value)) return;
  throw new UsageError(
    `${field}: must be ${allowed.map(String).join(" or ")} in GGUF; got ${JSON.stringify(value)}`,
    { hint: "export it as onnx or safetensors" },
  );
}
