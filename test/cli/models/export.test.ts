/** `flora export` as it is typed. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { inTerminal } from "../../support/terminal.ts";
import { temporaryDirectory } from "../../weights/support.ts";

const model = fileURLToPath(new URL("../../golden/gguf/gpt2.gguf", import.meta.url));

it("says what it wrote, and which command takes it", async () => {
  const output = join(temporaryDirectory(), "small");
  const words = ["export", "--model", model, "--output", output, "--format", "gguf"];
  expect(await inTerminal(words, "")).toEqual({
    exitCode: 0,
    errors: "",
    output:
      `12,416 parameters are in ${output}: model.gguf, Modelfile\n` +
      `next:\n  ollama create small -f ${join(output, "Modelfile")}\n`,
  });
  const again = await inTerminal(words, "");
  expect(again).toMatchObject({ exitCode: 2, errors: expect.stringContaining("is not empty") });
});

it("refuses types that the format has not, and models that are no names", async () => {
  const output = join(temporaryDirectory(), "small");
  const refused = async (...words: readonly string[]) =>
    (await inTerminal(["export", "--output", output, ...words], "")).errors;
  expect(await refused("--model", model, "--format", "gguf", "--dtype", "q4")).toContain(
    "--dtype: must be one of fp32, fp16, bf16, q8 with --format gguf; got q4",
  );
  expect(await refused()).toContain("--model: missing");
});
