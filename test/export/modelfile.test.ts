/** The Modelfile of ollama: https://docs.ollama.com/modelfile. */

import { expect, it } from "vitest";
import { modelfile } from "../../src/export/modelfile.ts";

it("samples as generation_config.json asks for, and stops where answers end", () => {
  const sampled = {
    do_sample: true,
    temperature: 0.7,
    top_k: 20,
    top_p: 0.8,
    repetition_penalty: 1.05,
  };
  expect(modelfile("model.gguf", sampled, ["<|im_end|>", 'a "b"', "\\n\n"])).toBe(
    [
      "FROM ./model.gguf",
      "PARAMETER temperature 0.7",
      "PARAMETER top_k 20",
      "PARAMETER top_p 0.8",
      "PARAMETER repeat_penalty 1.05",
      'PARAMETER stop "<|im_end|>"',
      "",
    ].join("\n"),
  );
});

it("takes the likeliest token where nothing is sampled", () => {
  const greedy = { temperature: 0.7, repetition_penalty: 1.1 };
  expect(modelfile("model.gguf", greedy, [])).toBe(
    "FROM ./model.gguf\nPARAMETER temperature 0\nPARAMETER repeat_penalty 1.1\n",
  );
});
