/** Which modules get adapters, by patterns. */

import { describe, expect, it } from "vitest";
import { chooseAdapters } from "../../src/adapters/index.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";

const model = gpt2({ vocab_size: 20, n_positions: 8, n_embd: 8, n_head: 2, n_layer: 2 });
const options = { targets: ["*"], rank: 4, alpha: 8, rankPattern: {}, alphaPattern: {} };

const chosen = (fields: Partial<typeof options> & { rankPattern?: object }) =>
  chooseAdapters(model, { ...options, ...fields }).map(
    ({ weight, rank, scale }) => `${weight.replace(/\.weight$/, "")}:${rank}:${scale}`,
  );

describe("targets", () => {
  it.each([
    [["*"], 8],
    [["c_attn"], 2],
    [["c_proj"], 4],
    [["mlp.c_proj"], 2],
    [["h.1.*"], 4],
    [["h.0.attn.c_attn", "c_fc"], 3],
  ] as const)("%j are %i linear maps", (targets, count) => {
    expect(chosen({ targets: [...targets] })).toHaveLength(count);
  });

  it.each(["proj", "wpe", "h.7.*", "ln_1", "c_attn.weight"])("do not match %s", (pattern) => {
    expect(() => chosen({ targets: [pattern] })).toThrow(
      `targets: no linear map matches "${pattern}"`,
    );
  });

  it("say in an error which there are", () => {
    const names = "h.*.attn.c_attn, h.*.attn.c_proj, h.*.mlp.c_fc, h.*.mlp.c_proj";
    expect(() => chosen({ targets: ["q_proj"] })).toThrow(
      expect.objectContaining({
        hint: `linear maps are ${names}; the table of tokens is wte; the head is lm_head`,
      }),
    );
  });
});

it("ranks and alphas follow the first pattern that fits", () => {
  const found = chosen({
    targets: ["h.0.*"],
    rankPattern: { "mlp.c_proj": 2, c_proj: 1 },
    alphaPattern: { c_attn: 16 },
  });
  expect(found).toEqual([
    "h.0.attn.c_attn:4:4",
    "h.0.attn.c_proj:1:8",
    "h.0.mlp.c_fc:4:2",
    "h.0.mlp.c_proj:2:4",
  ]);
  expect(() => chosen({ rankPattern: { q_proj: 2 } })).toThrow(
    "rankPattern: no linear map matches",
  );
});
