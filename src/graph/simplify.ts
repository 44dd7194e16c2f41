/** @file Rewrites that leave the numbers as they are: constant folding, common subexpressions, casts after gathers. */

import type { HostTensor } from "../tensor/host-tensor.ts";
import { rewrite, type Rule } from "./topology.ts";
import { constant, type OnnxForm, producer, type Value } from "./value.ts";

/** Nodes of constants become constants, where the operator says so. */
export const foldConstants = (outputs: readonly Value[]): readonly Value[] =>
  rewrite(outputs, (node, inputs) => {
    const tensors = inputs.flatMap(({ source }) =>
      source.kind === "constant" ? [source.tensor] : [],
    );
    const folded = tensors.length === inputs.length ? node.fold?.(tensors) : undefined;
    return folded && [constant(folded)];
  });

/** A few rows of a table are cast to another type, not the whole table: Gather(Cast(x)) is Cast(Gather(x)). */
export const castLate = (outputs: readonly Value[]): readonly Value[] =>
  rewrite(outputs, (node, [table, ...indices]) => {
    if (node.type !== "Gather" || !table) return undefined;
    const cast = producer(table);
    const [operand] = cast?.inputs ?? [];
    if (cast?.type !== "Cast" || !operand) return undefined;
    return cast.rebuild(node.rebuild([operand, ...indices]));
  });

/** Equal applications of equal operators to equal inputs become one. */
export function shareSubexpressions(outputs: readonly Value[]): readonly Value[] {
  const ids = new Map<string, number>();
  const identify = identifier(ids);
  const seen = new Map<string, readonly Value[]>();
  const rule: Rule = (node, inputs) => {
    if (node.body) return undefined;
    const key = `${node.type}(${inputs.map(identify).join()})${formKey(node.onnx)}`;
    const twin = seen.get(key);
    if (twin) return twin;
    const moved = inputs.some((value, i) => value !== node.inputs[i]);
    const results = moved ? node.rebuild(inputs) : node.outputs;
    seen.set(key, results);
    return results;
  };
  return rewrite(outputs, rule);
}

/** Numbers values so that equal inputs and equal constants get equal numbers. */
function identifier(ids: Map<string, number>): (value: Value) => number {
  const objects = new Map<Value, number>();
  const next = (key: string) => {
    const id = ids.get(key) ?? ids.size;
    ids.set(key, id);
    return id;
  };
  return (value) => {
    const known = objects.get(value);
    if (known !== undefined) return known;
    const { source } = value;
    const id = next(
      source.kind === "input"
        ? `input ${source.name}`
        : source.kind === "constant"
          ? `constant ${tensorKey(source.tensor)}`
          : `value ${objects.size}`,
    );
    objects.set(value, id);
    return id;
  };
}

const tensorKey = ({ dtype, shape, data }: HostTensor): string =>
  `${dtype}[${shape.join()}]${data.join()}`;

const formKey = ({ domain = "", attributes = {}, operands = [] }: OnnxForm): string =>
  JSON.stringify([domain, attributes]) + operands.map(tensorKey).join();
