/** @file Walking a graph: what is reachable, in which order, used how often; and rewriting it bottom-up. */

import { GraphError } from "../errors.ts";
import { sameShape } from "../tensor/shape.ts";
import { type Node, producer, type Value } from "./value.ts";

/** All nodes that `outputs` need, producers before consumers. Iterative: graphs are thousands of nodes deep. */
export function topologicalOrder(
  outputs: readonly Value[],
  operands: (node: Node) => readonly Value[] = (node) => node.inputs,
): readonly Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const stack: { readonly node: Node; next: number }[] = [];
  const enter = (value: Value) => {
    const node = producer(value);
    if (node && !done.has(node)) {
      done.add(node);
      stack.push({ node, next: 0 });
    }
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const operand = operands(top.node)[top.next++];
      if (operand) {
        enter(operand);
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}

/**
 * The values that `outputs` need and no node makes: named inputs, once per name, in order of first use.
 *
 * @throws {GraphError} if two inputs of one name differ in type.
 */
export function graphInputs(outputs: readonly Value[]): readonly Value[] {
  const inputs = new Map<string, Value>();
  const visit = (value: Value) => {
    if (value.source.kind !== "input") return;
    const { name } = value.source;
    const known = inputs.get(name) ?? value;
    if (known.dtype !== value.dtype || !sameShape(known.shape, value.shape)) {
      throw new GraphError(`graph: inputs named "${name}" differ in type`);
    }
    inputs.set(name, known);
  };
  for (const node of topologicalOrder(outputs)) node.inputs.forEach(visit);
  outputs.forEach(visit);
  return [...inputs.values()];
}

/** How often each value is read, by nodes and as an output. */
export function useCounts(outputs: readonly Value[]): ReadonlyMap<Value, number> {
  const counts = new Map<Value, number>();
  const count = (value: Value) => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const node of topologicalOrder(outputs)) node.inputs.forEach(count);
  outputs.forEach(count);
  return counts;
}

/** A local rewrite: outputs to use instead of the node's, whose inputs are rewritten already; undefined keeps it. */
export type Rule = (node: Node, inputs: readonly Value[]) => readonly Value[] | undefined;

/** The outputs of the graph in which `rule` has replaced nodes, producers first. Untouched parts are shared. */
export function rewrite(outputs: readonly Value[], rule: Rule): readonly Value[] {
  const replaced = new Map<Value, Value>();
  const current = (value: Value): Value => replaced.get(value) ?? value;
  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map(current);
    const moved = inputs.some((value, i) => value !== node.inputs[i]);
    const results = rule(node, inputs) ?? (moved ? node.rebuild(inputs) : undefined);
    results?.forEach((result, i) => {
      const output = node.outputs[i];
      if (output) replaced.set(output, result);
    });
  }
  return outputs.map(current);
}

/** The same graph with other values in place of some; what depends on none of them is shared. */
export function substitute(
  outputs: readonly Value[],
  replacements: ReadonlyMap<Value, Value>,
): readonly Value[] {
  const results = rewrite(outputs, (node, inputs) => {
    const swapped = inputs.map((value, i) => swap(node.inputs[i], value));
    return swapped.some((value, i) => value !== node.inputs[i]) ? node.rebuild(swapped) : undefined;
  });
  function swap(original: Value | undefined, otherwise: Value): Value {
    return (original && replacements.get(original)) ?? otherwise;
  }
  return outputs.map((output, i) => swap(output, results[i] ?? output));
}

/** The same graph in plain operators: functions with a derivative of their own give way to their bodies. */
export function lower(outputs: readonly Value[]): readonly Value[] {
  const replaced = new Map<Value, Value>();
  const current = (value: Value): Value => replaced.get(value) ?? value;
  for (const node of topologicalOrder(outputs, ({ body, inputs }) => body ?? inputs)) {
    const inputs = node.inputs.map(current);
    const moved = inputs.some((value, i) => value !== node.inputs[i]);
    const results = node.body?.map(current) ?? (moved ? node.rebuild(inputs) : node.outputs);
    node.outputs.forEach((output, i) => replaced.set(output, results[i] ?? output));
  }
  return outputs.map(current);
}
