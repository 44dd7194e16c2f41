/**
 * @file A graph as ONNX bytes (onnx.proto: ModelProto, GraphProto, NodeProto, TensorProto).
 *
 * Only what the outputs need is written: onnxruntime executes nodes that nobody reads. It takes no bfloat16 from JavaScript: inputs
 * and outputs of that type are uint16 in the file, and become what they are by a BitCast.
 */

import { GraphError } from "../errors.ts";
import { castLate, foldConstants, shareSubexpressions } from "../graph/simplify.ts";
import type { Tensors } from "../graph/tensors.ts";
import { graphInputs, lower, topologicalOrder } from "../graph/topology.ts";
import type { OnnxAttribute, Value, ValueType } from "../graph/value.ts";
import { ONNX_DTYPE } from "../ops/elementwise.ts";
import { reassociate } from "../ops/passes/reassociate.ts";
import { scaleFactors } from "../ops/passes/scale-factors.ts";
import {
  matrixProducts,
  operationsOf,
  overwritable,
  type Product,
  workspaceBytes,
} from "./analysis.ts";
import type { DType } from "../tensor/dtype.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import {
  bytesField,
  type Field,
  floatField,
  intField,
  message,
  messageField,
  stringField,
} from "../files/protobuf.ts";

const IR_VERSION = 10;
const OPSET = 21;
/** The first with BitCast. */
const BIT_CAST_OPSET = 26;

/** What takes as much, or more, is memory of its own to glibc (DEFAULT_MMAP_THRESHOLD_MAX in malloc(3)), and given back when it is freed. */
const MAPPED_BYTES = 2 ** 25;

/** A graph that a runtime can load: what it is fed, what it answers, and its bytes. */
export interface Program {
  readonly bytes: Uint8Array;
  readonly inputs: Readonly<Record<string, ValueType>>;
  readonly outputs: Readonly<Record<string, ValueType>>;
  /** Its matrix products. */
  readonly products: readonly Product[];
  /** Their floating-point operations, two for a multiplication and an addition. */
  readonly operations: number;
  /** Bytes of intermediate results that exist at the same time, at most. */
  readonly workspaceBytes: number;
  /** The same of those that a heap keeps when they are freed. */
  readonly heapBytes: number;
  /** Whether an output may be written over an input: whoever reads the input does so before. */
  mayOverwrite(output: string, input: string): boolean;
  /** The bytes of the same program in other operators, for a runtime that has no good kernels for some. */
  rewritten(rewrite: (outputs: readonly Value[]) => readonly Value[]): Uint8Array;
}

/** The graph in the form in which it is run: plain operators, constants folded, products in the cheapest order and scaled in their factors. */
export function optimize(outputs: readonly Value[]): readonly Value[] {
  const plain = shareSubexpressions(castLate(foldConstants(lower(outputs))));
  return shareSubexpressions(scaleFactors(reassociate(plain)));
}

/** What goes into a program's file. */
export interface CompileOptions {
  /** Inputs whose values are in the file, as initializers that follow what is written here. */
  readonly stored?: ReadonlySet<string>;
}

/**
 * Serialises the graph of `outputs`.
 *
 * @throws {GraphError} if an input and an output share a name, or two inputs of one name differ in type.
 */
export function compile(outputs: Tensors, { stored = new Set() }: CompileOptions = {}): Program {
  const names = Object.keys(outputs);
  // Before equal names make equal values.
  graphInputs(Object.values(outputs));
  const values = optimize(Object.values(outputs));
  const inputs = graphInputs(values);
  const inputTypes = Object.fromEntries(inputs.map((value) => [inputName(value), typeOf(value)]));
  for (const name of names) {
    if (inputTypes[name]) throw new GraphError(`compile: "${name}" is an input and an output`);
  }

  const outputTypes = Object.fromEntries(values.map((value, i) => [names[i] ?? "", typeOf(value)]));
  const overwrites = new Map<string, boolean>();
  const products = matrixProducts(values);
  const bytesOf = (results: readonly Value[]): Uint8Array =>
    serialize(results, { names, inputTypes, outputTypes, stored });
  return {
    bytes: bytesOf(values),
    inputs: inputTypes,
    outputs: outputTypes,
    products,
    operations: operationsOf(products),
    workspaceBytes: workspaceBytes(values),
    heapBytes: workspaceBytes(values, MAPPED_BYTES),
    mayOverwrite(output, input) {
      const key = `${output} ${input}`;
      const known = overwrites.get(key);
      if (known !== undefined) return known;
      const result = values[names.indexOf(output)];
      const operand = inputs.find((value) => inputName(value) === input);
      const safe = !!result && !!operand && overwritable(values, result, operand);
      overwrites.set(key, safe);
      return safe;
    },
    rewritten: (rewrite) => bytesOf(rewrite(values)),
  };
}

interface Signature {
  /** Of the outputs. */
  readonly names: readonly string[];
  readonly inputTypes: Program["inputs"];
  readonly outputTypes: Program["outputs"];
  readonly stored: ReadonlySet<string>;
}

/** The file of a graph that stays as it is. */
function serialize(
  values: readonly Value[],
  { names, inputTypes, outputTypes, stored }: Signature,
): Uint8Array {
  const inputs = graphInputs(values);
  const namer = makeNamer();
  const nodes: Field[] = [];
  const initializers = new Map<string, Field>();
  const initializer = (tensor: HostTensor): string => {
    const name = namer.constant(tensor);
    initializers.set(name, tensorField(5, name, tensor));
    return name;
  };
  const operandName = (value: Value): string =>
    value.source.kind === "constant" ? initializer(value.source.tensor) : namer.value(value);
  const bitCast = (from: string, to: string, dtype: DType) => {
    const attribute = { kind: "int", value: ONNX_DTYPE[dtype] } as const;
    nodes.push(
      messageField(1, [
        stringField(1, from),
        stringField(2, to),
        stringField(4, "BitCast"),
        attributeField("to", attribute),
      ]),
    );
  };
  for (const value of inputs.filter(isBfloat16)) {
    bitCast(inputName(value), namer.value(value), "bfloat16");
  }

  // A value that is an input, a constant, or wanted under a second name gets its name by an Identity.
  const aliases = values.map(
    (value, i) => isBfloat16(value) || !namer.claim(value, names[i] ?? ""),
  );
  for (const node of topologicalOrder(values)) {
    if (node.body) throw new Error(`internal: ${node.type} was not lowered`);
    const { attributes = {}, operands = [], domain } = node.onnx;
    nodes.push(
      messageField(1, [
        ...[...node.inputs.map(operandName), ...operands.map(initializer)].map((name) =>
          stringField(1, name),
        ),
        ...node.outputs.map((output) => stringField(2, namer.value(output))),
        stringField(4, node.type),
        ...Object.entries(attributes).map(([name, attribute]) => attributeField(name, attribute)),
        ...(domain === undefined ? [] : [stringField(7, domain)]),
      ]),
    );
  }
  for (const [i, value] of values.entries()) {
    if (!aliases[i]) continue;
    if (isBfloat16(value)) {
      bitCast(operandName(value), names[i] ?? "", "uint16");
      continue;
    }
    nodes.push(
      messageField(1, [
        stringField(1, operandName(value)),
        stringField(2, names[i] ?? ""),
        stringField(4, "Identity"),
      ]),
    );
  }

  const graph = messageField(7, [
    ...nodes,
    stringField(2, "flora"),
    ...initializers.values(),
    ...Object.entries(inputTypes).flatMap(([name, type]) =>
      stored.has(name) ? [] : [valueInfoField(11, name, type)],
    ),
    ...Object.entries(outputTypes).map(([name, type]) => valueInfoField(12, name, type)),
  ]);
  const version = [...inputs, ...values].some(isBfloat16) ? BIT_CAST_OPSET : OPSET;
  const domains = topologicalOrder(values).flatMap(({ onnx }) => onnx.domain ?? []);
  const opsets = [
    messageField(8, [stringField(1, ""), intField(2, version)]),
    // Those of onnxruntime have one version.
    ...[...new Set(domains)].map((name) => messageField(8, [stringField(1, name), intField(2, 1)])),
  ];
  return message([intField(1, IR_VERSION), stringField(2, "flora"), graph, ...opsets]);
}

const typeOf = ({ dtype, shape }: Value): ValueType => ({ dtype, shape });

const isBfloat16 = ({ dtype }: Value): boolean => dtype === "bfloat16";

function inputName({ source }: Value): string {
  if (source.kind === "input") return source.name;
  throw new Error("internal: not an input");
}

interface Namer {
  /** Names a computed value; false if it is not computed here or has a name already. */
  claim(value: Value, name: string): boolean;
  value(value: Value): string;
  constant(tensor: HostTensor): string;
}

function makeNamer(): Namer {
  const values = new Map<Value, string>();
  const constants = new Map<string, string>();
  return {
    claim(value, name) {
      if (value.source.kind !== "node" || values.has(value)) return false;
      values.set(value, name);
      return true;
    },
    value(value) {
      if (value.source.kind === "input") {
        return isBfloat16(value) ? `_b.${value.source.name}` : value.source.name;
      }
      const name = values.get(value) ?? `_v${values.size}`;
      values.set(value, name);
      return name;
    },
    constant({ dtype, shape, data }) {
      const key = `${dtype}[${shape.join()}]${data.join()}`;
      const name = constants.get(key) ?? `_c${constants.size}`;
      constants.set(key, name);
      return name;
    },
  };
}

function attributeField(name: string, attribute: OnnxAttribute): Field {
  const fields: Field[] = [stringField(1, name)];
  switch (attribute.kind) {
    case "float":
      fields.push(floatField(2, attribute.value), intField(20, 1));
      break;
    case "int":
      fields.push(intField(3, attribute.value), intField(20, 2));
      break;
    case "string":
      fields.push(stringField(4, attribute.value), intField(20, 3));
      break;
    case "ints":
      fields.push(...attribute.value.map((value) => intField(8, value)), intField(20, 7));
      break;
  }
  return messageField(5, fields);
}

const tensorField = (field: number, name: string, { dtype, shape, data }: HostTensor): Field =>
  messageField(field, [
    ...shape.map((dim) => intField(1, dim)),
    intField(2, ONNX_DTYPE[dtype]),
    stringField(8, name),
    bytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ]);

const valueInfoField = (field: number, name: string, { dtype: type, shape }: ValueType): Field => {
  const dtype = type === "bfloat16" ? "uint16" : type;
  const dims = shape.map((dim) =>
    messageField(1, [typeof dim === "number" ? intField(1, dim) : stringField(2, dim)]),
  );
  const tensorType = messageField(1, [intField(1, ONNX_DTYPE[dtype]), messageField(2, dims)]);
  return messageField(field, [stringField(1, name), messageField(2, [tensorType])]);
};
