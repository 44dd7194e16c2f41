import { describe, expect, it } from "vitest";
import { commandHelp, mainHelp } from "../../../src/cli/arguments/help.ts";
import { help as generate } from "../../../src/cli/models/generate.ts";
import { help as train } from "../../../src/cli/commands/train.ts";
import { INPUT_OPTIONS, OPTION_GROUPS, OPTIONS } from "../../../src/options/option-table.ts";
import { kebabCase } from "../../../src/options/tables/spelling.ts";

it("lists the commands", () => {
  const lines = mainHelp({ train, generate }, 80);
  expect(lines).toContain("  train     train a model, and save it as a Hugging Face directory");
  expect(lines).toContain("  generate  continue texts with a trained model, or answer them");
});

describe("commandHelp", () => {
  const lines = commandHelp(train, 80);

  it("explains every option of a run", () => {
    for (const name of Object.keys({ ...INPUT_OPTIONS, ...OPTIONS })) {
      const start = new RegExp(`^  --(\\[no-\\])?${kebabCase(name)}(?![\\w-])`);
      expect(
        lines.filter((line) => start.test(line)),
        name,
      ).toHaveLength(1);
    }
  });

  it("says what is allowed and what is taken without it", () => {
    const text = lines.join("\n").replaceAll(/\s+/g, " ");
    expect(text).toContain(
      "instead: apollo, apollo-mini, compact, dense, fira, flora, galore, gum, ldadam, lora-pre, lora, lora-fa, lora+, dora, relora, plora, cola [flora]",
    );
    expect(text).toContain("--rank N rows of a projection");
    expect(text).toContain("--rank-pattern.PATTERN X");
    expect(text).toContain("--batch-size N sequences in a micro-batch [8]");
    expect(text).toContain('--tokenizer TEXT "bytes", "bpe:SIZE" learned from the data');
    expect(text).toContain("a directory that has one [bytes]");
    expect(text).toContain("--learning-rate NUMBER");
    expect(text).toContain("--[no-]overwrite");
    expect(text).toContain("--model DIR, --model.FIELD X");
  });

  it.each([60, 80, 120])("keeps to %d columns", (width) => {
    const options = commandHelp(train, width).filter((line) => /^ {3,}|^ {2}--/.test(line));
    expect(Math.max(...options.map((line) => line.length))).toBeLessThanOrEqual(width);
  });

  it("groups the options", () => {
    for (const group of Object.keys(OPTION_GROUPS)) {
      expect(lines).toContain(group);
    }
  });
});
