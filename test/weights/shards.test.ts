/** @file How tensors are dealt to files, against huggingface_hub: test/golden/make_shards.py. */

import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { zeros } from "../../src/tensor/host-tensor.ts";
import type { NamedTensor } from "../../src/weights/files/safetensors.ts";
import { INDEX, WEIGHTS } from "../../src/weights/files/file-names.ts";
import { isWeightsFile, shard } from "../../src/weights/shards.ts";

interface Division {
  readonly sizes: readonly number[];
  readonly largest: number;
  readonly total: number;
  /** The file of each tensor. */
  readonly files: readonly string[];
}

const golden: { readonly divisions: readonly Division[] } = JSON.parse(
  readFileSync(new URL("../golden/shards.json", import.meta.url), "utf8"),
);

/** Tensors of these sizes in bytes. */
const tensorsOf = (sizes: readonly number[]): readonly NamedTensor[] =>
  sizes.map((size, i) => [`t${i}`, zeros("uint8", [size])]);

describe("shard", () => {
  it.each(golden.divisions)("deals $sizes to files of $largest", ({ sizes, largest, ...its }) => {
    const { files, index } = shard(tensorsOf(sizes), largest);
    const fileOf = new Map(
      [...files].flatMap(([file, tensors]) => tensors.map(([name]) => [name, file] as const)),
    );
    expect(sizes.map((_, i) => fileOf.get(`t${i}`))).toEqual(its.files);
    if (files.size === 1) {
      expect([...files.keys()]).toEqual([WEIGHTS]);
      expect(index).toBeUndefined();
    } else {
      expect(index).toEqual({
        metadata: { total_parameters: its.total, total_size: its.total },
        weight_map: Object.fromEntries(fileOf),
      });
    }
  });

  it("counts elements and bytes", () => {
    const { index } = shard(
      [
        ["a", zeros("float32", [2, 3])],
        ["b", zeros("bfloat16", [])],
        ["c", zeros("int64", [0])],
      ],
      8,
    );
    expect(index).toMatchObject({ metadata: { total_parameters: 7, total_size: 26 } });
  });

  it("keeps every tensor, in its order, and no file above the limit but for one large tensor", () => {
    const sizes = fc.array(fc.nat(12), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 20 }), (each, largest) => {
        const tensors = tensorsOf(each);
        const shards = [...shard(tensors, largest).files.values()];
        expect(new Set(shards.flat())).toEqual(new Set(tensors));
        for (const shardTensors of shards) {
          const places = shardTensors.map((named) => tensors.indexOf(named));
          expect(places).toEqual(places.toSorted((a, b) => a - b));
          const bytes = shardTensors.reduce((sum, [, { shape }]) => sum + (shape[0] ?? 0), 0);
          expect(bytes <= largest || shardTensors.length === 1).toBe(true);
        }
      }),
    );
  });

  it("puts 50 GB into one file by default", () => {
    const deferred = (bytes: number): NamedTensor => [
      "w",
      { dtype: "uint8", shape: [bytes], read: () => Promise.reject(new Error("not asked for")) },
    ];
    const half = deferred(25e9);
    expect(shard([half, ["v", half[1]]]).files.size).toBe(1);
    expect(shard([half, ["v", half[1]], ["x", zeros("uint8", [1])]]).files.size).toBe(2);
  });

  it("refuses a name in two files, and a limit that is none", () => {
    const one = zeros("uint8", [4]);
    const twice: readonly NamedTensor[] = [
      ["a", one],
      ["b", one],
      ["a", one],
    ];
    expect(() => shard(twice, 4)).toThrow('tensor "a" appears twice');
    for (const limit of [0, -1, NaN]) {
      expect(() => shard(twice, limit)).toThrow(UsageError);
      expect(() => shard(twice, limit)).toThrow(`maxShardBytes: must be above 0; got ${limit}`);
    }
  });
});

describe("isWeightsFile", () => {
  it.each([
    [WEIGHTS, true],
    [INDEX, true],
    ["model-00001-of-00012.safetensors", true],
    ["model.safetensors.0123abcd.tmp", true],
    ["model-00001-of-00012.safetensors.0123abcd.tmp", true],
    ["model.safetensors.index.json.0123abcd.tmp", true],
    ["model-1-of-2.safetensors", false],
    ["adapter_model.safetensors", false],
    ["model.safetensors.bak", false],
    ["my-model.safetensors", false],
    ["config.json.0123abcd.tmp", false],
    ["pytorch_model.bin", false],
  ])("%s: %s", (name, expected) => {
    expect(isWeightsFile(name)).toBe(expected);
  });
});
