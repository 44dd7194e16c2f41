/** Programs that decode are shared by blocks that are alike, and by no others. */

import { describe, expect, it } from "vitest";
import { adaptModel, linearWeights } from "../../../src/adapters/index.ts";
import { segmentsOf } from "../../../src/generate/programs/segments.ts";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { gemma2 } from "../../../src/models/architectures/rotary/gemma2.ts";
import type { DType } from "../../../src/tensor/dtype.ts";

const SIZES = { batch: 2, length: 1, past: 32, source: 0 };

const small = {
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 12,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
};

/** The kinds of programs by the segments that they are for, in order of first use. */
function kindsOf(...of: Parameters<typeof segmentsOf>): readonly number[] {
  const keys = segmentsOf(...of).map(({ key }) => key);
  return keys.map((key) => [...new Set(keys)].indexOf(key));
}

describe("the programs that decode", () => {
  const model = gpt2({ n_layer: 6, n_embd: 8, n_head: 2, vocab_size: 11 });

  it("are one for all pairs of blocks, beside those of both ends", () => {
    expect(kindsOf(model, new Map())).toEqual([0, 1, 1, 1, 2]);
  });

  it("are made for the one block that is left of an odd number", () => {
    const odd = gpt2({ n_layer: 3, n_embd: 8, n_head: 2, vocab_size: 11 });
    expect(kindsOf(odd, new Map())).toEqual([0, 1, 2, 3]);
  });

  it("are shared where windows take turns", () => {
    const turns = gemma2({ ...small, num_hidden_layers: 6, sliding_window: 4 });
    expect(kindsOf(turns, new Map())).toEqual([0, 1, 1, 1, 2]);
  });

  it("are of their own for blocks with adapters, and with weights of another type", () => {
    const weight = "h.2.mlp.c_fc.weight";
    const adapted = adaptModel(model, [{ weight, rank: 2, scale: 1 }]);
    expect(kindsOf(adapted, new Map())).toEqual([0, 1, 2, 1, 3]);
    const halves = new Map<string, { dtype: DType }>([[weight, { dtype: "bfloat16" }]]);
    expect(kindsOf(model, halves)).toEqual([0, 1, 2, 1, 3]);
  });

  it("widen no more of a base in eight bits than the weights of their own blocks", () => {
    const wide = gpt2({ n_layer: 6, n_embd: 64, n_head: 2, vocab_size: 11 });
    const rounded = linearWeights(wide).map((name) => [name, { dtype: "int8" }] as const);
    const [, blocks] = segmentsOf(wide, new Map<string, { dtype: DType }>(rounded));
    const { workspaceBytes = NaN } =
      blocks?.build({ dtype: "float32", shape: [2, 1, 64] }, SIZES) ?? {};
    const ofBlock = 4 * 12 * 64 * 64;
    expect(workspaceBytes).toBeGreaterThan(ofBlock / 3);
    expect(workspaceBytes).toBeLessThan(2 * ofBlock);
  });

  it("have the same bytes for the same key", () => {
    const segments = segmentsOf(model, new Map()).slice(1, 4);
    const x = { dtype: "float32", shape: [2, 1, 8] } as const;
    const [first, ...others] = segments.map((segment) => segment.build(x, SIZES).bytes);
    for (const other of others) expect(other).toEqual(first);
  });
});
