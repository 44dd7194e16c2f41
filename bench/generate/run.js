/** @file A text, its tokens timed one by one; prints JSON. `node bench/generate/run.js '{"model", "prompt", "tokens", "threads"}'` */

import { createDecoder, generate, loadModel } from "../../dist/generate/index.js";
import { input } from "../../dist/graph/index.js";
import { nodeHost } from "../../dist/host/node.js";
import { paramsInUse } from "../../dist/models/model.js";
import { compile } from "../../dist/onnx/index.js";
import { matmul, transpose } from "../../dist/ops/index.js";
import { cpuRuntime } from "../../dist/runtime/node.js";
import { elementCount } from "../../dist/tensor/shape.js";

const { model: directory, prompt, tokens: count, threads } = JSON.parse(process.argv[2]);
const runtime = cpuRuntime({ threads });
const { model, weights, tokenizer } = await loadModel(nodeHost().files, runtime, { directory });
const decoder = createDecoder(model, runtime, weights);

const start = performance.now();
let first = { ms: 0, cpu: process.cpuUsage() };
const tokens = [];
const prompts = [tokenizer.encodePrompt(prompt)];
for await (const { token } of generate(decoder, prompts, { maxNewTokens: count })) {
  tokens.push(token);
  if (tokens.length === 1) first = { ms: performance.now(), cpu: process.cpuUsage() };
}
const seconds = (performance.now() - first.ms) / 1000;
const { user, system } = process.cpuUsage(first.cpu);
await decoder.release();
console.log(
  JSON.stringify({
    tokens,
    firstMs: first.ms - start,
    tokensPerSecond: (count - 1) / seconds,
    tokensPerCpuSecond: ((count - 1) * 1e6) / (user + system),
    peakBytes: 1024 * process.resourceUsage().maxRSS,
    limit: await limit(),
  }),
);

/** Tokens a second, if one took no longer than products of a row with as many numbers as there are weights. */
async function limit() {
  const head = weights.get(model.head.weight);
  const [rows, columns] = head.shape;
  const used = [...paramsInUse(model)].map((name) => elementCount(model.params.get(name).shape));
  const elements = used.reduce((sum, each) => sum + each, 0);
  const w = input("w", "float32", [rows, columns]);
  const program = compile({ y: matmul(input("x", "float32", [1, columns]), transpose(w, [1, 0])) });
  const executable = await runtime.load(program);
  const copies = [0, 1, 2, 3].map(() => runtime.allocate("float32", [rows, columns]));
  for (const copy of copies) copy.copyFrom(head);
  const [x, y] = [
    [1, columns],
    [1, rows],
  ].map((shape) => runtime.allocate("float32", shape));
  const times = [];
  for (let round = 0; round < 10; round += 1) {
    const begin = performance.now();
    for (const copy of copies) await executable.run({ x, w: copy }, { y });
    times.push((performance.now() - begin) / copies.length);
  }
  const ms = times.toSorted((a, b) => a - b)[times.length >> 1];
  return 1000 / ((ms * elements) / (rows * columns));
}
