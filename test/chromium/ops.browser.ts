/**
 * Every operator and its derivative in Chromium, against PyTorch's numbers: with WebAssembly, and with WebGPU on SwiftShader, where no
 * node may fall back to the CPU. `CHROMIUM` names another browser.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { input, producer, scalarLike } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import { less, where } from "../../src/ops/elementwise.ts";
import { largest } from "../../src/ops/indexing.ts";
import { withKernels } from "../../src/runtime/webgpu/kernels.ts";
import { FLOAT32, relativeDifference } from "../support/close.ts";
import { isShort } from "../support/extent.ts";
import { graphOf } from "../ops/built-case.ts";
import { type Case, CASES } from "../ops/cases.ts";
import { openPage, type ServedPage } from "./served-page.ts";

let served: ServedPage;

beforeAll(async () => {
  served = await openPage("/test/chromium/run-programs.js");
});
afterAll(() => served?.close());

interface Ran {
  readonly outputs?: Readonly<Record<string, readonly number[]>>;
  readonly error?: string;
}

/** The largest relative difference to the reference, or what the provider said. */
async function differenceOf(item: Case, provider: "wasm" | "webgpu"): Promise<number | string> {
  const { outputs, gradients, feeds } = graphOf(item, "float32");
  const { bytes, inputs, rewritten } = compile({ ...outputs, ...gradients });
  const given = Object.keys(inputs).flatMap((name) => {
    const tensor = feeds[name];
    return tensor ? [[name, { ...tensor, data: Array.from(tensor.data, Number) }] as const] : [];
  });
  const file = provider === "webgpu" ? rewritten(withKernels) : bytes;
  const program = { bytes: Array.from(file), feeds: Object.fromEntries(given) };
  const ran = await served.call<Ran>("runProgram", program, provider);
  if (!ran.outputs) return ran.error ?? "nothing";
  const { outputs: got } = ran;
  const references = [
    ...item.outputs.map(({ data }, i) => [`y${i}`, data] as const),
    ...item.grads.flatMap((gradient, i) => (gradient ? [[`dx${i}`, gradient.data] as const] : [])),
  ];
  return Math.max(
    ...references.map(([name, data]) => relativeDifference(got[name] ?? [], data, 1e-6)),
  );
}

/** Programs compute in float32; the builds for browsers have few kernels of float64. */
const cases = CASES.flatMap((item) =>
  item.op === "cast" && item.outputs.some(({ dtype }) => dtype === "float64")
    ? []
    : [[item.name, item] as const],
);

/** Kernels are compiled for each shape, which takes half a second a case where a processor plays the GPU. */
const onGpu = isShort
  ? cases.filter(([, { op }], i) => cases.findIndex(([, other]) => other.op === op) === i)
  : cases;

/** Derivatives that cancel in float32, where the reference is float64: 1 - tanh(4)² is 1e-3, from roundings of 6e-8. */
const CANCELS: Readonly<Record<string, number>> = { "tanh/wide": 2e-4 };

describe("WebAssembly has the numbers of PyTorch", () => {
  it.each(cases)("%s", async (name, item) => {
    expect(await differenceOf(item, "wasm")).toBeLessThanOrEqual(CANCELS[name] ?? FLOAT32);
  });
});

describe("WebGPU has the numbers of PyTorch", () => {
  it.each(onGpu)("%s", async (name, item) => {
    expect(await differenceOf(item, "webgpu")).toBeLessThanOrEqual(CANCELS[name] ?? FLOAT32);
  });
});

it("WebGPU finds the largest of a row in which others are ruled out", async () => {
  const x = input("x", "float32", [1, 5]);
  const scores = where(less(x, scalarLike(x, 0)), scalarLike(x, -Infinity), x);
  const at = largest(scores, 3);
  const values = producer(producer(at)?.inputs[0] ?? at)?.outputs[0];
  if (!values) throw new Error("the largest have no values");
  const program = {
    bytes: Array.from(compile({ at, values }).rewritten(withKernels)),
    feeds: { x: { dtype: "float32", shape: [1, 5], data: [-1, 1, -1, 2, 0] } },
  };
  expect(await served.call<Ran>("runProgram", program, "webgpu")).toEqual({
    outputs: { at: [3, 1, 4], values: [2, 1, 0] },
  });
});
