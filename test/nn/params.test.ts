/** Trees of parameters and their paths. */

import { expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import { conv1dSpec } from "../../src/nn/linear.ts";
import { layerNormSpec } from "../../src/nn/norm.ts";
import { bindParams, flattenSpec } from "../../src/nn/params.ts";

const tree = { ln: layerNormSpec(3), attn: { c_attn: conv1dSpec(3, 9, 0.02) } };

it("flattenSpec names parameters by their paths, in order", () => {
  const flat = flattenSpec(tree, "h.0.");
  expect([...flat].map(([name, { shape, role }]) => [name, shape, role])).toEqual([
    ["h.0.ln.weight", [3], "norm"],
    ["h.0.ln.bias", [3], "norm"],
    ["h.0.attn.c_attn.weight", [3, 9], "matrix"],
    ["h.0.attn.c_attn.bias", [9], "bias"],
  ]);
});

it("bindParams asks for each path, and builds the tree of values", () => {
  const asked: string[] = [];
  const bound = bindParams(tree, (path) => {
    asked.push(path);
    return input(path, "float32", [1]);
  });
  expect(asked).toEqual([...flattenSpec(tree).keys()]);
  expect(bound.attn.c_attn.weight.source).toEqual({ kind: "input", name: "attn.c_attn.weight" });
  expect(bound.ln.bias.source).toEqual({ kind: "input", name: "ln.bias" });
});
