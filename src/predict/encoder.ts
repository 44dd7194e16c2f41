/**
 * @file Running a model that reads whole texts and says one thing about each: all stages in a row as one program for each shape of
 * batch. The programs read the weights in place.
 */

import { encoderInputs, stretches } from "../data/index.ts";
import { UsageError } from "../errors.ts";
import { mapTensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import { compile, type Program } from "../onnx/model.ts";
import { reshape } from "../ops/movement.ts";
import { type Buffer, type Executable, readTensor, type Runtime } from "../runtime/runtime.ts";
import { asFloat32 } from "../tensor/host-tensor.ts";
import { staticShape } from "../tensor/shape.ts";
import type { Encoding } from "../text/tokenizer.ts";

export interface EncoderParts {
  readonly model: Model;
  /** By the names of the model. */
  readonly weights: ReadonlyMap<string, Buffer>;
  readonly runtime: Runtime;
  /** The id that fills up short texts. */
  readonly pad: number;
  /** What is made of the last hidden states [B, C], [B, N]. */
  readonly finish: (hidden: Value, weight: (name: string) => Value) => Value;
}

/** Texts that are read together, unless said otherwise. */
const BATCH_SIZE = 32;
/** Lengths are rounded up to this, so that few programs are compiled. */
const LENGTH_MULTIPLE = 16;

/**
 * What the model says of texts, in their order; texts of similar lengths are read together.
 *
 * @returns N numbers a text
 * @throws {UsageError} if a text is longer than the context.
 */
export async function encode(
  parts: EncoderParts,
  texts: readonly Encoding[],
  { batchSize = BATCH_SIZE }: { readonly batchSize?: number } = {},
): Promise<readonly Float32Array[]> {
  const { model, runtime, weights, pad } = parts;
  checkLengths(texts, model.contextLength);
  const executables = new Map<number, Executable>();
  const padding = { pad, multiple: LENGTH_MULTIPLE, contextLength: model.contextLength };
  const results = texts.map(() => new Float32Array());
  const byLength = [...texts.entries()].toSorted(([, a], [, b]) => a.ids.length - b.ids.length);
  for (const rows of stretches(byLength, batchSize)) {
    const { inputs } = encoderInputs(
      rows.map(([, text]) => text),
      batchSize,
      padding,
    );
    const length = inputs["ids"]?.shape[1] ?? 0;
    const executable =
      executables.get(length) ??
      (await runtime.load(encoderProgram(parts, { batch: batchSize, length }), { arena: false }));
    executables.set(length, executable);
    const { program } = executable;
    const feeds = Object.keys(program.inputs).map((name) => {
      const tensor = inputs[name];
      const buffer = tensor ? runtime.adopt(tensor) : weights.get(name);
      if (!buffer) throw new Error(`internal: no weight ${name}`);
      return [name, buffer] as const;
    });
    const y = runtime.allocate("float32", staticShape("y", program.outputs["y"]?.shape ?? []));
    await executable.run(Object.fromEntries(feeds), { y });
    const numbers = asFloat32(await readTensor(y));
    const width = numbers.length / batchSize;
    for (const [row, [at]] of rows.entries()) {
      results[at] = numbers.slice(row * width, (row + 1) * width);
    }
  }
  for (const executable of executables.values()) await executable.release();
  return results;
}

/** All stages for B texts of T tokens, and the finish: `y` [B, N]. */
function encoderProgram(
  { model, finish }: EncoderParts,
  { batch, length }: { readonly batch: number; readonly length: number },
): Program {
  const weight = (name: string): Value =>
    input(name, "float32", model.params.get(name)?.shape ?? []);
  const inputs = mapTensors(model.inputTypes(batch, length), ({ dtype, shape }, name) =>
    input(name, dtype, shape),
  );
  const hidden = model.stages.reduce<Value | undefined>((x, stage) => {
    const start = stage.source === undefined ? x : inputs[stage.source];
    return start && stage.forward(start, mapTensors(stage.params, weight), { inputs });
  }, undefined); // [B, 1, C]
  if (!hidden) throw new Error("internal: a model without stages");
  return compile({ y: finish(reshape(hidden, [batch, model.width]), weight) });
}

function checkLengths(texts: readonly Encoding[], contextLength: number): void {
  const at = texts.findIndex(({ ids }) => ids.length > contextLength);
  if (at < 0) return;
  throw new UsageError(
    `text ${at + 1}: the model reads at most ${contextLength} tokens; got ${texts[at]?.ids.length}`,
    { hint: "cut its end with --truncate" },
  );
}
