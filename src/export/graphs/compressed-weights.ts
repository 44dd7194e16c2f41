/**
 * @file Weights of a graph in fewer bits, and what makes products and look-ups of them. Vectors stay float32, and so does what is
 * computed.
 *
 *   fp16   cast at use
 *   q8     x W by MatMulInteger: W in int8 with a scale for each output, x rounded to uint8 as it comes
 *   q4     x W by MatMulNBits: W in blocks of 32 numbers of 4 bits, a scale each
 *
 * A row of a table is looked up in int8 with q8 and q4, and multiplied by its scale.
 */

import { type Tensors } from "../../graph/tensors.ts";
import { rewrite } from "../../graph/topology.ts";
import { input, producer, type Value } from "../../graph/value.ts";
import { cast, mul } from "../../ops/elementwise.ts";
import { gather } from "../../ops/indexing.ts";
import { matmul } from "../../ops/matmul.ts";
import { matrixTranspose, reshape } from "../../ops/movement.ts";
import {
  matmulInteger,
  matmulNBits,
  NBITS_BLOCK,
  quantizeDynamically,
} from "../../ops/quantized.ts";
import type { DType } from "../../tensor/dtype.ts";
import { float32ToFloat16 } from "../../tensor/half.ts";
import { asFloat32, float32, type HostTensor } from "../../tensor/host-tensor.ts";
import { transposed } from "../../tensor/matrix.ts";
import { inBlocks, inRows, packNibbles } from "../../tensor/rounded-rows.ts";

/** As what weights are stored. */
export type OnnxDType = "fp32" | "fp16" | "q8" | "q4";

/** What a file has of a weight. */
export interface StoredTensor {
  /** In the file. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of the weight as float32. */
  readonly make: (weight: HostTensor) => HostTensor;
}

export interface CompressedGraph {
  readonly outputs: Tensors;
  /** By the name of the weight; a graph may read some of them. */
  readonly stored: ReadonlyMap<string, readonly StoredTensor[]>;
}

/** A weight where it is used. */
interface Use {
  readonly name: string;
  /** [rows, columns] as it is stored. */
  readonly rows: number;
  readonly columns: number;
  /** Whether the product is with the transpose: x Wᵀ, rows are outputs. */
  readonly isTransposed: boolean;
}

interface Scheme {
  readonly product: (x: Value, use: Use, store: Store) => Value;
  readonly lookUp: (indices: Value, use: Use, store: Store) => Value;
}

/** Makes an input of a tensor that the file will have. */
type Store = (tensor: StoredTensor) => Value;

/** A graph whose weights, inputs under their names, are matrices in another type. */
export function compressWeights(
  outputs: Tensors,
  shapes: ReadonlyMap<string, readonly number[]>,
  dtype: OnnxDType,
): CompressedGraph {
  const stored = new Map(
    Array.from(shapes, ([name, shape]) => [name, new Map([[name, plain(name, shape)]])] as const),
  );
  const named = (compressed: readonly Value[]): CompressedGraph => ({
    outputs: Object.fromEntries(
      Object.keys(outputs).flatMap((name, i) => {
        const value = compressed[i];
        return value ? [[name, value] as const] : [];
      }),
    ),
    stored: new Map(
      Array.from(stored, ([name, tensors]) => [name, [...tensors.values()]] as const),
    ),
  });
  const values = Object.values(outputs);
  if (dtype === "fp32") return named(values);

  const scheme = SCHEMES[dtype];
  const weightOf = (value: Value | undefined): Use | undefined => {
    const made = value && producer(value);
    const isTransposed = made?.type === "Transpose";
    const source = (isTransposed ? made.inputs[0] : value)?.source;
    const [rows, columns, ...more] =
      source?.kind === "input" ? (shapes.get(source.name) ?? []) : [];
    if (source?.kind !== "input" || rows === undefined || columns === undefined) return undefined;
    return more.length > 0 ? undefined : { name: source.name, rows, columns, isTransposed };
  };
  return named(
    rewrite(values, (node, [first, second]) => {
      if (node.type !== "MatMul" && node.type !== "Gather") return undefined;
      const use = weightOf(node.inputs[node.type === "MatMul" ? 1 : 0]);
      if (!use || !first || !second) return undefined;
      const store: Store = (tensor) => {
        stored.get(use.name)?.set(tensor.name, tensor);
        return input(tensor.name, tensor.dtype, tensor.shape);
      };
      if (node.type === "MatMul") return [scheme.product(first, use, store)];
      const axis = node.onnx.attributes?.["axis"];
      const isOfRows = axis?.kind !== "int" || axis.value === 0;
      return isOfRows && !use.isTransposed ? [scheme.lookUp(second, use, store)] : undefined;
    }),
  );
}

const plain = (name: string, shape: readonly number[]): StoredTensor => ({
  name,
  dtype: "float32",
  shape,
  make: (weight) => weight,
});

/** W in float16, as float32. */
function half({ name, rows, columns }: Use, store: Store): Value {
  const shape = [rows, columns];
  const make = (weight: HostTensor): HostTensor => ({
    dtype: "float16",
    shape,
    data: float32ToFloat16(asFloat32(weight)),
  });
  return cast(store({ name: `${name}_fp16`, dtype: "float16", shape, make }), "float32");
}

/** W in int8, and the scale of each output or row. */
function bytes({ name, rows, columns }: Use, store: Store, axis: 0 | 1) {
  const shape = [rows, columns];
  const count = axis === 0 ? rows : columns;
  const ending = axis === 0 ? "" : "_columns";
  const rounded = (weight: HostTensor) => {
    const data = asFloat32(weight);
    return inRows(axis === 0 ? data : transposed(data, rows, columns), count, 127);
  };
  return {
    quantized: store({
      name: `${name}_quantized${ending}`,
      dtype: "int8",
      shape,
      make(weight) {
        const { whole } = rounded(weight);
        const data = axis === 0 ? whole : transposed(whole, columns, rows);
        return { dtype: "int8", shape, data: Int8Array.from(data) };
      },
    }),
    scales: store({
      name: `${name}_scale${ending}`,
      dtype: "float32",
      shape: [count],
      make: (weight) => float32([count], rounded(weight).scales),
    }),
  };
}

/** Rows of a table in int8. */
function lookUpBytes(indices: Value, use: Use, store: Store): Value {
  const { quantized, scales } = bytes(use, store, 0);
  const rows = cast(gather(quantized, indices), "float32"); // [..., C]
  return mul(rows, reshape(gather(scales, indices), [...indices.shape, 1]));
}

const SCHEMES: Readonly<Record<Exclude<OnnxDType, "fp32">, Scheme>> = {
  fp16: {
    product(x, use, store) {
      const w = half(use, store);
      return matmul(x, use.isTransposed ? matrixTranspose(w) : w);
    },
    lookUp: (indices, use, store) => gather(half(use, store), indices),
  },

  q8: {
    product(x, use, store) {
      const { quantized: w, scales } = bytes(use, store, use.isTransposed ? 0 : 1);
      const { quantized, scale, zeroPoint } = quantizeDynamically(x);
      const y = matmulInteger(quantized, use.isTransposed ? matrixTranspose(w) : w, zeroPoint);
      return mul(cast(y, "float32"), mul(scale, scales)); // [..., N]
    },
    lookUp: lookUpBytes,
  },

  q4: {
    product(x, { name, rows, columns, isTransposed }, store) {
      const [from, to] = isTransposed ? [columns, rows] : [rows, columns];
      const blocks = Math.ceil(from / NBITS_BLOCK);
      const ending = isTransposed ? "" : "_columns";
      const rounded = (weight: HostTensor) => {
        const data = asFloat32(weight);
        return inBlocks(
          isTransposed ? data : transposed(data, rows, columns),
          to,
          from,
          NBITS_BLOCK,
        );
      };
      const packed = store({
        name: `${name}_q4${ending}`,
        dtype: "uint8",
        shape: [to, blocks, NBITS_BLOCK / 2],
        make: (weight) => ({
          dtype: "uint8",
          shape: [to, blocks, NBITS_BLOCK / 2],
          data: packNibbles(rounded(weight).whole),
        }),
      });
      const scales = store({
        name: `${name}_q4_scale${ending}`,
        dtype: "float32",
        shape: [to * blocks],
        make: (weight) => float32([to * blocks], rounded(weight).scales),
      });
      return matmulNBits(x, packed, scales, { rows: to, columns: from });
    },
    lookUp: lookUpBytes,
  },
};
