/**
 * @file Adapters that begin with the principal components of their weights: Meng, Wang & Zhang, "PiSSA: Principal Singular Values and Singular
 * Vectors Adaptation of Large Language Models", NeurIPS 2024, arXiv:2404.02948, equations 2 to 4.
 *
 *   W ≈ U S Vᵀ, r of each        B₀ = U (S / s)^½   [out, r],   A₀ = (S / s)^½ Vᵀ   [r, in]
 *
 * The paper takes s B₀ A₀ out of W. Here W stays and s B₀ A₀ is subtracted beside it: the same function, and what is learned is B A - B₀ A₀,
 * a plain adapter of rank 2 r, as which peft saves it too (`path_initial_model_for_weight_conversion`):
 *
 *   [B, -B₀] [A; A₀]
 */

import { leadingDirections } from "../compress/subspaces/leading-directions.ts";
import { option, UsageError } from "../errors.ts";
import type { EngineParts } from "../engine/parts/parts.ts";
import { input } from "../graph/value.ts";
import { scalesName, weightAtUse } from "../nn/weights-at-rest.ts";
import { compile } from "../onnx/model.ts";
import { matmul } from "../ops/matmul.ts";
import { matrixTranspose } from "../ops/movement.ts";
import { bufferOf, floats, setElements } from "../runtime/buffers.ts";
import { float32, asFloat32, type HostTensor } from "../tensor/host-tensor.ts";
import { transposed } from "../tensor/matrix.ts";
import { type Adapter, adaptedSizes, adapterNames, moduleOf, weightBeneath } from "./adapter.ts";
import type { MergeParts } from "./merge.ts";

/** As many as peft's documentation has for its randomised decomposition: singular values of weights fall slowly. */
const ITERATIONS = 16;

type PrincipalParts = MergeParts & Pick<EngineParts, "slots">;

/** Sets A and B, and A₀ and B₀, to the principal components of the weights. */
export async function setPrincipal(
  parts: PrincipalParts,
  adapters: readonly Adapter[],
): Promise<void> {
  for (const adapter of adapters) {
    if (!adapter.hasInitial) continue;
    const { weights } = parts.state;
    const { a, b, a0, b0 } = adapterNames(adapter);
    const start = await principal(parts, adapter);
    for (const name of [a, a0]) setElements(bufferOf(weights, name), start.a);
    for (const name of [b, b0]) setElements(bufferOf(weights, name), start.b);
  }
}

/** A₀ [r, in] and B₀ [out, r]. */
async function principal(
  parts: PrincipalParts,
  adapter: Adapter,
): Promise<{ readonly a: Float32Array; readonly b: Float32Array }> {
  const { rank, scale: s } = adapter;
  const weight = weightBeneath(parts.base, adapter);
  const { input: from, output: to, inputAxis } = adaptedSizes(parts.base, adapter);
  const shape = inputAxis === 0 ? [from, to] : [to, from];
  const [times, transposedTimes] = [
    productWith(parts, weight, { shape, isTransposed: false }),
    productWith(parts, weight, { shape, isTransposed: true }),
  ];
  if (rank > Math.min(from, to)) {
    throw new UsageError(
      `${option("rank")}: ${moduleOf(adapter.weight)} has ${Math.min(from, to)} principal components; got ${rank}`,
    );
  }
  const side = inputAxis === 0 ? "columns" : "rows";
  const projection = { side, rank, dimension: to } as const;
  const found = await leadingDirections({ times, transposedTimes }, shape, projection, ITERATIONS);
  const b = transposed(found, rank, to); // U [out, r]
  const back = inputAxis === 0 ? times : transposedTimes;
  const a = transposed(await back(b), from, rank); // S Vᵀ [r, in]
  for (let j = 0; j < rank; j++) {
    const row = a.subarray(j * from, (j + 1) * from);
    const singular = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    const ofA = singular === 0 ? 0 : 1 / Math.sqrt(singular * s);
    const ofB = Math.sqrt(singular / s);
    row.set(row.map((value) => value * ofA));
    for (let i = j; i < b.length; i += rank) b[i] = (b[i] ?? 0) * ofB;
  }
  return { a, b };
}

/** W X, or Wᵀ X. */
function productWith(
  { slots, state, programs }: PrincipalParts,
  weight: string,
  { shape, isTransposed }: { readonly shape: readonly number[]; readonly isTransposed: boolean },
): (x: Float32Array) => Promise<Float32Array> {
  const buffer = bufferOf(state.weights, weight);
  const scales = state.weights.get(scalesName(weight));
  const [size = 0, height = 0] = isTransposed ? shape : shape.toReversed();
  return async (elements) => {
    const width = elements.length / size;
    const executable = await programs.get(
      `principal ${buffer.dtype} ${shape.join()} ${isTransposed} ${width}`,
      () => {
        const w = weightAtUse("W", shape, buffer.dtype);
        const x = input("X", "float32", [size, width]);
        return compile({ Y: matmul(isTransposed ? matrixTranspose(w) : w, x) });
      },
      { arena: false },
    );
    const x = slots.take("principal X", "float32", [size, width]);
    const y = slots.take("principal Y", "float32", [height, width]);
    setElements(x, elements);
    const feeds = { W: buffer, X: x, ...(scales && { [scalesName("W")]: scales }) };
    await programs.run(executable, feeds, { Y: y });
    return floats(await y.read());
  };
}

/** Tensors by name. */
type Tensors = ReadonlyMap<string, HostTensor>;

/** The adapters as files have them: A₀ and B₀ are part of A and B. */
export const joinedAdapters = (adapters: readonly Adapter[]): readonly Adapter[] =>
  adapters.map(({ hasInitial, ...adapter }) =>
    hasInitial ? { ...adapter, rank: 2 * adapter.rank } : adapter,
  );

/** The tensors of adapters as files have them. */
export function joinInitial(
  tensors: Tensors,
  adapters: readonly Adapter[],
  storedName: (name: string) => string,
): Tensors {
  const joined = new Map(tensors);
  for (const adapter of adapters) {
    const { weight, hasInitial } = adapter;
    if (!hasInitial) continue;
    const names = adapterNames(adapter);
    const [aName, bName, a0Name, b0Name] = [names.a, names.b, names.a0, names.b0].map(storedName);
    const [a, b, a0, b0] = [aName, bName, a0Name, b0Name].map((name) => joined.get(name ?? ""));
    if (!a || !b || !a0 || !b0) throw new Error(`internal: ${weight} has no whole adapter`);
    const [rank = 0, from = 0] = a.shape;
    const [to = 0] = b.shape;
    const whole = new Float32Array(2 * a.data.length);
    whole.set(asFloat32(a));
    whole.set(asFloat32(a0), a.data.length);
    const rows = new Float32Array(2 * b.data.length);
    for (let i = 0; i < to; i++) {
      rows.set(asFloat32(b).subarray(i * rank, (i + 1) * rank), 2 * i * rank);
      const own = asFloat32(b0).subarray(i * rank, (i + 1) * rank);
      rows.set(
        own.map((value) => -value),
        (2 * i + 1) * rank,
      );
    }
    joined.set(storedName(names.a), float32([2 * rank, from], whole));
    joined.set(storedName(names.b), float32([to, 2 * rank], rows));
    for (const name of [names.a0, names.b0]) joined.delete(storedName(name));
  }
  return joined;
}

/** The tensors of a file as adapters have them; those of another rank stay as they are. */
export function partInitial(
  tensors: Tensors,
  adapters: readonly Adapter[],
  storedName: (name: string) => string,
): Tensors {
  const parted = new Map(tensors);
  for (const adapter of adapters) {
    const { rank, hasInitial } = adapter;
    const names = adapterNames(adapter);
    const [a, b] = [names.a, names.b].map((name) => tensors.get(storedName(name)));
    const [stored, from = 0] = a?.shape ?? [];
    if (!hasInitial || !a || !b || stored !== 2 * rank) continue;
    const [to = 0] = b.shape;
    const columns = transposed(asFloat32(b), to, 2 * rank); // [2 r, out]
    const half = (rows: Float32Array, part: 0 | 1) => {
      const count = rows.length / 2;
      return rows.slice(part * count, (part + 1) * count);
    };
    const ofB = (part: 0 | 1) => transposed(half(columns, part), rank, to);
    parted.set(storedName(names.a), float32([rank, from], half(asFloat32(a), 0)));
    parted.set(storedName(names.a0), float32([rank, from], half(asFloat32(a), 1)));
    parted.set(storedName(names.b), float32([to, rank], ofB(0)));
    const taken = ofB(1).map((value) => -value);
    parted.set(storedName(names.b0), float32([to, rank], taken));
  }
  return parted;
}
