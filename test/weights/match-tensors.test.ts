/** Two tensors that are one: stored once, twice, or as two that differ. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { loadWeights, writeSafetensors } from "../support/on-node.ts";
import { failure, temporaryDirectory } from "./support.ts";

const vector = (...values: readonly number[]): HostTensor =>
  float32([values.length], Float32Array.from(values));

const shapes = (
  expected: Readonly<Record<string, readonly number[]>>,
): ReadonlyMap<string, readonly number[]> => new Map(Object.entries(expected));

async function modelDirectory(tensors: Readonly<Record<string, HostTensor>>): Promise<string> {
  const dir = temporaryDirectory();
  await writeSafetensors(join(dir, "model.safetensors"), Object.entries(tensors));
  return dir;
}

describe("tied tensors", () => {
  const tied = { ignore: ["lm_head.weight"], substitutes: { embed: ["lm_head.weight"] } };

  it("takes an output embedding that is stored alone for the tied one", async () => {
    const dir = await modelDirectory({ "lm_head.weight": vector(1, 2) });
    expect([...(await loadWeights(dir, shapes({ embed: [2] }), tied))]).toEqual([
      ["embed", vector(1, 2)],
    ]);
  });

  it.each<readonly [string, HostTensor, boolean]>([
    ["the same", vector(1, 2), true],
    ["the same, with what is no number", vector(1, Number.NaN), true],
    ["another", vector(1, 3), false],
    ["longer", vector(1, 2, 3), false],
  ])(
    "of two tied tensors reads one if the other is %s, and refuses them otherwise",
    async (what, copy, isRight) => {
      const embed = what.endsWith("number") ? copy : vector(1, 2);
      const dir = await modelDirectory({ embed, "lm_head.weight": copy });
      const loading = loadWeights(dir, shapes({ embed: [2] }), tied);
      if (isRight) expect((await loading).get("embed")).toEqual(embed);
      else {
        expect(await failure(loading)).toMatchObject({
          name: "UsageError",
          message: `${dir}: lm_head.weight differs from embed, though config.json says that they are one`,
        });
      }
    },
  );
});
