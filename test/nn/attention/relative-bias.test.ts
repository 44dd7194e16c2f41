/** Buckets and biases of relative positions against transformers. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { constant } from "../../../src/graph/value.ts";
import {
  relativeBias,
  relativeBiasAt,
  relativeBucket,
  type RelativeBuckets,
} from "../../../src/nn/attention/relative-bias.ts";
import { float32, int32 } from "../../../src/tensor/host-tensor.ts";
import { numbersOf } from "../../support/close.ts";
import { runGraph, tensorNamed } from "../../support/graph.ts";

interface Golden {
  readonly largest: number;
  readonly buckets: readonly {
    readonly options: RelativeBuckets;
    readonly buckets: readonly number[];
  }[];
  readonly biases: readonly {
    readonly queries: number;
    readonly keys: number;
    readonly past: number;
    readonly options: RelativeBuckets;
    readonly bias: readonly number[];
  }[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/relative_bias.json", "utf8"));
const HEADS = 2;

const range = (start: number, length: number) => Int32Array.from({ length }, (_, i) => start + i);

/** The golden's, [N, H]. */
const tableOf = ({ buckets }: RelativeBuckets) =>
  constant(
    float32(
      [buckets, HEADS],
      Float32Array.from(
        { length: buckets * HEADS },
        (_, i) => 10 * Math.floor(i / HEADS) + (i % HEADS),
      ),
    ),
  );

it.each(golden.buckets)("buckets of $options", ({ options, buckets }) => {
  const own = buckets.map((_, i) => relativeBucket(i - golden.largest, options));
  expect(own).toEqual(buckets);
});

const whole = golden.biases.filter(({ past }) => past === 0);

it.each(whole)("the bias of $queries positions, $options", async ({ queries, options, bias }) => {
  const own = relativeBias(tableOf(options), queries, options);
  expect(own.shape).toEqual([HEADS, queries, queries]);
  expect(numbersOf(tensorNamed(await runGraph({ own }), "own"))).toEqual(bias);
});

it.each(golden.biases)(
  "the bias of $queries positions after $past, known when the graph runs",
  async ({ queries, keys, past, options, bias }) => {
    // The second row has the same positions, in another order of its keys.
    const columns = [...range(0, keys), ...range(0, keys).toReversed()];
    const rows = [...range(past, queries), ...range(past, queries)];
    const own = relativeBiasAt(
      tableOf(options),
      constant(int32([2, queries], Int32Array.from(rows))),
      constant(int32([2, keys], Int32Array.from(columns))),
      options,
    );
    expect(own.shape).toEqual([2, HEADS, queries, keys]);
    const numbers = numbersOf(tensorNamed(await runGraph({ own }), "own"));
    expect(numbers.slice(0, bias.length)).toEqual(bias);
    const reversed = Array.from({ length: bias.length / keys }, (_, row) =>
      bias.slice(row * keys, (row + 1) * keys).toReversed(),
    );
    expect(numbers.slice(bias.length)).toEqual(reversed.flat());
  },
);
