import type { ParameterPlan } from "../../../src/engine/plan.ts";
import { expect, it } from "vitest";
import { formatPlan } from "../../../src/cli/reports/plan-table.ts";

const matrix = (name: string, shape: readonly number[], treatment: string): ParameterPlan => ({
  name,
  shape,
  treatment,
  compressed: treatment.startsWith("rank"),
  frozen: false,
  weightBytes: 4e6,
  accumulatorBytes: treatment.startsWith("rank") ? 1e6 : 4e6,
  optimizerBytes: 1e3,
});
const vector = (name: string, size: number, treatment: string): ParameterPlan => ({
  ...matrix(name, [size], treatment),
  weightBytes: 1e3,
  accumulatorBytes: 1e3,
  optimizerBytes: 0,
});
const layers = Array.from({ length: 12 }, (_, layer) => [
  matrix(`h.${layer}.attn.c_attn.weight`, [768, 2304], "rank 128 of 768 rows"),
  vector(`h.${layer}.attn.c_attn.bias`, 2304, "dense: bias"),
  vector(`h.${layer}.attn.c_proj.bias`, 768, "dense: bias"),
]).flat();
const PLAN = [matrix("wte.weight", [257, 768], "dense: embedding"), ...layers];

it("has a line for all layers that are alike, compressed ones first", () => {
  expect(formatPlan(PLAN, 100).join("\n")).toBe(
    `
12 x  h.*.attn.c_attn.weight  [768, 2304]  rank 128 of 768 rows  48.0 MB  -> 12.0 MB
      wte.weight              [257, 768]   dense: embedding       4.0 MB  -> 4.0 MB
24 x  vectors                              dense: bias           24.0 kB  -> 24.0 kB
gradients: 92.3 % compressed, 48.0 MB -> 12.0 MB; dense: 4.0 MB`.slice(1),
  );
});

it("leaves the shapes out where the lines would be too long", () => {
  const lines = formatPlan(PLAN, 80);
  expect(lines[0]).toBe("12 x  h.*.attn.c_attn.weight  rank 128 of 768 rows  48.0 MB  -> 12.0 MB");
});

it("keeps layers that are treated differently apart", () => {
  const other = matrix("h.12.attn.c_attn.weight", [768, 2304], "dense: excluded");
  expect(formatPlan([...PLAN, other], 100)).toHaveLength(5);
});

it("says what is frozen, after what is trained", () => {
  const frozen = { ...matrix("h.0.mlp.weight", [10, 10], "frozen: adapted"), frozen: true };
  const adapter = matrix("h.0.mlp.lora_A.weight", [2, 10], "dense: adapter");
  expect(formatPlan([{ ...frozen, accumulatorBytes: 0, optimizerBytes: 0 }, adapter], 80)).toEqual([
    "  h.*.mlp.lora_A.weight  [2, 10]   dense: adapter   4.0 MB  -> 4.0 MB",
    "  h.*.mlp.weight         [10, 10]  frozen: adapted",
    "trained: 4.0 MB of 8.0 MB (50.0 %), 4.0 MB kept; the rest is frozen",
  ]);
});

it("says so where nothing is compressed", () => {
  const dense = [matrix("wte.weight", [257, 768], "dense: method")];
  expect(formatPlan(dense, 100).at(-1)).toBe("gradients: 4.0 MB, nothing is compressed");
});
