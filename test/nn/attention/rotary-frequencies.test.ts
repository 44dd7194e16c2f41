/** Frequencies of every kind of scaling against transformers, in both spellings of a config. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import {
  type RotaryConfig,
  rotaryFrequencies,
} from "../../../src/nn/attention/rotary-frequencies.ts";
import { expectClose, FLOAT64 } from "../../support/close.ts";

interface Case {
  readonly name: string;
  readonly config: RotaryConfig;
  readonly length: number | null;
  readonly inverseFrequencies: readonly number[];
  readonly attentionScaling: number;
}

const golden: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync("test/golden/rotary.json", "utf8"),
);

describe("the frequencies are transformers'", () => {
  it.each(golden.cases.map((item) => [item.name, item] as const))("%s", (_, item) => {
    const { config, length, inverseFrequencies, attentionScaling } = item;
    const actual = rotaryFrequencies(config, length === null ? {} : { length });
    // One by one: the largest is 1 and would hide the small ones.
    expect(actual.inverseFrequencies.length).toBe(inverseFrequencies.length);
    for (const [i, f] of inverseFrequencies.entries()) {
      expectClose([actual.inverseFrequencies[i] ?? NaN], [f], FLOAT64, { what: `f ${i}` });
    }
    expectClose([actual.attentionScaling], [attentionScaling], FLOAT64, { what: "scaling" });
  });
});

const base = { hidden_size: 8, num_attention_heads: 1, max_position_embeddings: 16 };

it.each([
  [
    { rope_type: "mrope" },
    "rope_type: must be one of default, linear, dynamic, yarn, llama3, longrope; got mrope",
  ],
  [{ type: "linear" }, "rope_scaling: linear needs factor"],
  [{ rope_type: "dynamic" }, "rope_scaling: dynamic needs factor"],
  [{ rope_type: "llama3", factor: 2 }, "rope_scaling: llama3 needs low_freq_factor"],
  [{ rope_type: "longrope" }, "rope_scaling: short_factor must be 4 numbers"],
  [{ rope_type: "longrope", short_factor: [1] }, "rope_scaling: short_factor must be 4 numbers"],
])("%j is refused", (rope_scaling, message) => {
  const run = () => rotaryFrequencies({ ...base, rope_scaling });
  expect(run).toThrow(UsageError);
  expect(run).toThrow(message);
});
