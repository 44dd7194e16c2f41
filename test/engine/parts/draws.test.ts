/** Equal keys are equal numbers, and every purpose, place and cycle has others. */

import { expect, it } from "vitest";
import { FAMILIES } from "../../../src/compress/families.ts";
import { createDraws, dataKey } from "../../../src/engine/parts/draws.ts";
import { cpuRuntime } from "../../../src/runtime/node.ts";

const runtime = cpuRuntime({ threads: 1 });
const gaussian = {
  kind: "drawn",
  draw: (key: Parameters<typeof FAMILIES.gaussian.draw>[0], a: Float32Array) =>
    FAMILIES.gaussian.draw(key, a, 2, 8, 0),
} as const;

async function projection(seed: number, name: string, cycle: number): Promise<number[]> {
  const a = runtime.allocate("float32", [2, 8]);
  createDraws(seed).subspace(name, cycle, gaussian, a);
  return Array.from(await a.read(), Number);
}

it("projections follow from seed, parameter and cycle", async () => {
  const first = await projection(0, "w", 0);
  expect(await projection(0, "w", 0)).toEqual(first);
  for (const other of [
    await projection(1, "w", 0),
    await projection(0, "v", 0),
    await projection(0, "w", 1),
  ]) {
    expect(other).not.toEqual(first);
  }
});

it("cycles that share a key get its blocks in turn", async () => {
  const seen: string[] = [];
  const subspace = {
    kind: "drawn",
    blocks: 3,
    draw(key: Parameters<typeof FAMILIES.gaussian.draw>[0], a: Float32Array, block: number) {
      seen.push(`${key.high} ${key.low}`);
      a.fill(block);
    },
  } as const;
  const a = runtime.allocate("float32", [1]);
  const blocks: number[] = [];
  for (let cycle = 0; cycle < 6; cycle++) {
    createDraws(0).subspace("w", cycle, subspace, a);
    blocks.push(Number((await a.read())[0]));
  }
  expect(blocks).toEqual([0, 1, 2, 0, 1, 2]);
  const [first, , , second] = seen;
  expect(seen).toEqual([first, first, first, second, second, second]);
  expect(first).not.toBe(second);
});

it("masks follow from stage, place and micro-step", async () => {
  const maskOf = async (stage: number, name: string, microStep: number) => {
    const mask = runtime.allocate("uint8", [64]);
    createDraws(0).mask(stage, name, microStep, 0.5, mask);
    return Array.from(await mask.read(), Number).join("");
  };
  const seen = [
    await maskOf(0, "a", 0),
    await maskOf(1, "a", 0),
    await maskOf(0, "b", 0),
    await maskOf(0, "a", 1),
  ];
  expect(new Set(seen).size).toBe(4);
  expect(await maskOf(0, "a", 0)).toBe(seen[0]);
});

it("weights of later cycles are others, and the order of the data has a key of its own", () => {
  const spec = {
    shape: [4],
    role: "adapter",
    init: { kind: "uniform", bound: 1 },
  } as const;
  const drawn = (cycle?: number) => {
    const out = new Float32Array(4);
    createDraws(0).initialize("w", spec, out, cycle);
    return [...out];
  };
  expect(drawn()).toEqual(drawn(0));
  expect(drawn(1)).not.toEqual(drawn(0));
  expect(dataKey(0)).not.toEqual(dataKey(1));
});

it("chances lie evenly between 0 and 1, and are others for every parameter and cycle", () => {
  const { chance } = createDraws(0);
  const drawn = Array.from({ length: 400 }, (_, i) => chance(i % 2 === 0 ? "v" : "w", i >> 1));
  expect(chance("w", 3)).toBe(drawn[7]);
  expect(new Set(drawn).size).toBe(400);
  for (const below of [0.25, 0.5, 0.75]) {
    expect(drawn.filter((x) => x < below).length / 400).toBeCloseTo(below, 1);
  }
  expect(createDraws(1).chance("w", 3)).not.toBe(drawn[7]);
});
