/** What an adapter's graph computes, and above all what it does not: the gradient of the frozen weight. */

import { describe, expect, it } from "vitest";
import { type Adapter, adaptModel } from "../../src/adapters/index.ts";
import { keptUnder, splitAtResiduals, vjp } from "../../src/autodiff/index.ts";
import { mapTensors, tensorAt, type Tensors } from "../../src/graph/tensors.ts";
import { topologicalOrder } from "../../src/graph/topology.ts";
import { input, type Value } from "../../src/graph/value.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import type { Stage } from "../../src/models/model.ts";
import { optimize } from "../../src/onnx/model.ts";

const [tokens, width, out, rank] = [30, 12, 36, 3];
const base = gpt2({
  vocab_size: 20,
  n_positions: 16,
  n_embd: width,
  n_head: 2,
  n_layer: 2,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
});
const adapter: Adapter = { weight: "h.0.attn.c_attn.weight", rank, scale: 2 };
const model = adaptModel(base, [adapter]);

function blockOf(index: number): { stage: Stage; params: Tensors; x: Value; y: Value } {
  const stage = model.stages[index];
  if (!stage) throw new Error("no such stage");
  const params = mapTensors(stage.params, (name, local) =>
    input(local, "float32", model.params.get(name)?.shape ?? []),
  );
  const x = input("x", "float32", [2, tokens / 2, width]);
  return { stage, params, x, y: stage.forward(x, params) };
}

const dyOf = (y: Value) => input("dy", "float32", y.shape);
const shapesMade = (outputs: readonly Value[]) =>
  topologicalOrder(optimize(outputs)).flatMap((node) =>
    node.outputs.map(({ shape }) => shape.join("x")),
  );

describe("a model with an adapter", () => {
  it("has its parameters after those of the model", () => {
    expect([...model.params.keys()].slice(-2)).toEqual([
      "h.0.attn.c_attn.lora_A.weight",
      "h.0.attn.c_attn.lora_B.weight",
    ]);
    expect(model.params.get("h.0.attn.c_attn.lora_A.weight")?.shape).toEqual([rank, width]);
    expect(model.params.get("h.0.attn.c_attn.lora_B.weight")?.shape).toEqual([out, rank]);
  });

  it("has another kind of stage where there is an adapter, and the same elsewhere", () => {
    expect(model.stages[1]?.kind).toBe("block+attn.c_attn.weight:3:2");
    expect(model.stages[2]).toBe(base.stages[2]);
  });

  it("refuses an adapter of what is no linear map", () => {
    for (const weight of ["wte.weight", "h.0.ln_1.weight", "h.7.attn.c_attn.weight"]) {
      expect(() => adaptModel(base, [{ ...adapter, weight }])).toThrow("no linear map");
    }
  });
});

describe("the backward pass of an adapter", () => {
  const { params, x, y } = blockOf(1);
  const a = tensorAt(params, "attn.c_attn.lora_A.weight");
  const b = tensorAt(params, "attn.c_attn.lora_B.weight");
  const w = tensorAt(params, "attn.c_attn.weight");

  it("never makes anything of the size of the weight's gradient", () => {
    const gradients = vjp([y], [dyOf(y)], [x, a, b]);
    // [12, 36]: the weight's own shape. Its transpose is fed to dX = dY Wᵀ.
    expect(shapesMade(gradients)).not.toContain(`${width}x${out}`);
    expect(shapesMade(vjp([y], [dyOf(y)], [w]))).toContain(`${width}x${out}`);
  });

  it("of LoRA-FA reads X Aᵀ and not X", () => {
    const isLate = (name: string) => name === "dy";
    const residualsOf = (wrt: readonly Value[]) => {
      const gradients = optimize(vjp([y], [dyOf(y)], wrt));
      const split = splitAtResiduals(gradients, isLate, keptUnder("none", []));
      return Object.values(split.residuals).map(({ shape }) => shape.join("x"));
    };
    const [frozenA, trained] = [residualsOf([b]), residualsOf([a, b])];
    expect(frozenA).toContain(`${tokens}x${rank}`);
    // X is the output of ln_1, which A's gradient reads again.
    expect(frozenA.filter((shape) => shape.endsWith(`x${width}`)).length).toBeLessThan(
      trained.filter((shape) => shape.endsWith(`x${width}`)).length,
    );
  });
});
