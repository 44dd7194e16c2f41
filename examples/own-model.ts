/**
 * @file The engine without the trainer: y = x W is fitted by gradient descent on a graph that is built, differentiated, compiled and
 * run here. Only the FLORA accumulator C = A G is kept of each gradient; G itself is never computed.
 */

import { compress, decompress } from "flora-train/engine";
import {
  compile,
  fillNormal,
  foldIn,
  input,
  matmul,
  matrixTranspose,
  randomKey,
  scale,
  sub,
  sumSquares,
  vjp,
} from "flora-train/graph";
import { cpuRuntime } from "flora-train/runtime/node";

const [rows, inner, columns, rank] = [256, 64, 32, 16];
const projection = { side: "rows", rank, dimension: inner, family: "gaussian" } as const;

const x = input("x", "float32", [rows, inner]);
const target = input("target", "float32", [rows, columns]);
const w = input("w", "float32", [inner, columns]);
const a = input("a", "float32", [rank, inner]);
const difference = sub(matmul(x, w), target);
const loss = scale(sumSquares(difference), 1 / rows);
const [gradient = w] = vjp([difference], [scale(difference, 2 / rows)], [w]);
const estimate = decompress(compress(gradient, a, projection), a, projection);
const program = compile({ loss, next: sub(w, scale(estimate, 0.02)) });

const runtime = cpuRuntime();
const executable = await runtime.load(program);
const buffers = Object.fromEntries(
  Object.entries({ x, target, w, a }).map(([name, { shape }]) => [
    name,
    runtime.allocate("float32", shape.map(Number)),
  ]),
);
const key = randomKey(0);
const draw = (name: string, cycle: number, deviation: number) =>
  buffers[name]?.write((elements) => {
    if (elements instanceof Float32Array) {
      fillNormal(foldIn(foldIn(key, name), cycle), elements, deviation);
    }
  });
draw("x", 0, 1);
draw("target", 0, 1);

const next = runtime.allocate("float32", [inner, columns]);
const lossBuffer = runtime.allocate("float32", []);
for (let step = 0; step < 200; step++) {
  draw("a", step, rank ** -0.5);
  await executable.run(buffers, { loss: lossBuffer, next });
  const updated = await next.read();
  buffers["w"]?.write((elements) => {
    if (elements instanceof Float32Array && updated instanceof Float32Array) elements.set(updated);
  });
  const [value] = await lossBuffer.read();
  if (step % 40 === 0) console.log(`step ${step}  loss ${Number(value).toFixed(3)}`);
}
console.log(`matrix products of a step: ${program.operations / 1e6} MFLOP`);
const transposed = matrixTranspose(w).shape.join(" x ");
console.log(
  `W is ${w.shape.join(" x ")}, its transpose ${transposed}; no gradient of that size existed`,
);
