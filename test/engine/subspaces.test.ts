/** State under another subspace: M A Aʹᵀ, and a mean where a tensor cannot be moved. */

import { expect, it } from "vitest";
import { flora } from "../../src/compress/flora-compressor.ts";
import { openEngine } from "../../src/engine/engine.ts";
import type { EngineParts } from "../../src/engine/parts/parts.ts";
import { subspaceMatrix } from "../../src/engine/parts/subspace.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { createSubspaces } from "../../src/engine/subspaces.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { bufferNamed, floats, setElements } from "../../src/runtime/buffers.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { tiny } from "./support.ts";

const name = "h.0.mlp.c_proj.weight"; // [128, 32]
const [ROWS, COLUMNS, RANK] = [128, 32, 4];

it("moves a first moment, and means a second", async () => {
  const compressor = flora({ rank: RANK, side: "columns", compressMoments: true });
  const plan = planParameters(tiny, { compressor, optimizer: namedOptimizer("adam") });
  const shapes = [tiny.inputTypes(2, 16)];
  const runtime = cpuRuntime({ threads: 1 });
  const engine = openEngine({ model: tiny, plan, runtime, seed: 0, shapes, microSteps: 1 });
  const own = engine.state.optimizer.get(name) ?? {};
  const [mu, nu] = [bufferNamed(own, "mu"), bufferNamed(own, "nu")];
  const wave = Float32Array.from({ length: ROWS * RANK }, (_, i) => Math.sin(i));
  setElements(mu, wave);
  setElements(nu, wave.map(Math.abs));
  const matrix = async (cycle: number) =>
    floats(await subspaceMatrix(engine.parts, name, { cycle, slot: `a ${cycle}` }).read());
  const [from, to] = [await matrix(0), await matrix(1)];

  const parts: EngineParts = engine.parts;
  await createSubspaces(parts).transfer(0, 1);
  const expected = Array.from({ length: ROWS * RANK }, (_, at) => {
    const [row, k] = [Math.floor(at / RANK), at % RANK];
    let sum = 0;
    for (let j = 0; j < COLUMNS; j++) {
      let full = 0;
      for (let r = 0; r < RANK; r++)
        full += (wave[row * RANK + r] ?? 0) * (from[r * COLUMNS + j] ?? 0);
      sum += full * (to[k * COLUMNS + j] ?? 0);
    }
    return sum;
  });
  expectClose(Array.from(await mu.read(), Number), expected, FLOAT32);
  const first = Array.from(await nu.read(), Number).slice(0, RANK);
  const mean = wave.slice(0, RANK).reduce((sum, x) => sum + Math.abs(x), 0) / RANK;
  expectClose(
    first,
    Array.from({ length: RANK }, () => mean),
    FLOAT32,
  );
  expect(engine.state.subspaces.size).toBe(0);
  await engine.release();
});
