/** Which modules have adapters, compared with peft: golden/make_peft_targets.py. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { moduleOf } from "../../src/adapters/adapter.ts";
import { peftName } from "../../src/adapters/peft.ts";
import { isTarget, type PeftTargets } from "../../src/adapters/peft-targets.ts";
import { linearWeights } from "../../src/adapters/targets.ts";
import { loadBase } from "./support.ts";

interface Row {
  readonly settings: Readonly<Record<string, unknown>> & Pick<PeftTargets, "target_modules">;
  readonly modules: readonly string[];
}

const { rows }: { readonly rows: readonly Row[] } = JSON.parse(
  readFileSync("test/golden/peft_targets.json", "utf8"),
);

/** Settings as they are read from a file: what may be one or many is many. */
function read({
  layers_to_transform: layers,
  layers_pattern: lists,
  ...others
}: Row["settings"]): PeftTargets {
  return {
    modules_to_save: null,
    ...others,
    ...(layers !== undefined && { layers_to_transform: [layers].flat().map(Number) }),
    ...(lists !== undefined && { layers_pattern: [lists].flat().map(String) }),
  };
}

describe("isTarget", () => {
  it.each(rows)("with $settings", async ({ settings, modules }) => {
    const { model } = await loadBase();
    const all = linearWeights(model).map((weight) => peftName(model, moduleOf(weight)));
    expect(all.filter((module) => isTarget(read(settings), module)).toSorted()).toEqual(
      modules.toSorted(),
    );
  });

  it("refuses what is no regular expression", () => {
    const settings = { modules_to_save: null, target_modules: "(" };
    expect(() => isTarget(settings, "a")).toThrow(
      "a pattern is no regular expression; got ^(?:()$",
    );
  });
});
