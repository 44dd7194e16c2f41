import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { jsonSchema } from "../../../src/options/tables/json-schema.ts";
import { INPUT_OPTIONS, OPTIONS } from "../../../src/options/option-table.ts";

const schema = jsonSchema({ ...INPUT_OPTIONS, ...OPTIONS });
/** Zod follows references to definitions only. */
const validator = z.fromJSONSchema(
  JSON.parse(JSON.stringify(schema).replaceAll("#/properties/", "#/$defs/"), (key, value) =>
    key === "" ? { ...value, $defs: value.properties } : value,
  ),
);
const isValid = (yaml: string): boolean => validator.safeParse(parse(yaml)).success;

it("describes every option, with its range, its choices and its default", () => {
  expect(schema).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    additionalProperties: false,
    properties: {
      rank: { type: "integer", exclusiveMinimum: 0, description: /^Rows of a projection/ },
      projection: { enum: ["gaussian", "rademacher", "orthonormal", "coordinates"] },
      momentumRule: { enum: ["paper", "reference"], default: "paper" },
      overwrite: { type: "boolean", default: false },
      seed: { type: "integer", minimum: 0, default: 0 },
    },
    patternProperties: { "^batch-size$": { $ref: "#/properties/batchSize" } },
  });
  const text = JSON.stringify(schema);
  expect(text).not.toContain(String(Number.MAX_SAFE_INTEGER));
  for (const name of Object.keys(OPTIONS)) expect(schema).toHaveProperty(["properties", name]);
});

const BY_HAND = `# yaml-language-server: $schema=flora.schema.json
train: [de.txt, en.txt]
validation: dev.txt
model:
  n_embd: 64
  n_layer: 2
method: lora
rank: 8
targets: c_attn,c_proj
rankPattern: { mlp.c_proj: 4 }
optimizer: adamw
learningRate: 1e-3
batch-size: 8
steps: 100
recompute: "none"
`;

it("allows what was written by hand", () => {
  expect(isValid(BY_HAND)).toBe(true);
  expect(isValid("dataset: some/data\nmodel: gpt2\n")).toBe(true);
});

it.each([
  "rank: 0",
  "rank: 1.5",
  "rank: many",
  "method: flroa",
  "stpes: 10",
  "train: []",
  "rankPattern: { a: 0 }",
])("does not allow %s", (line) => {
  expect(isValid(`${line}\n`)).toBe(false);
});
