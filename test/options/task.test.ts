/** What a word for a task makes of a config.json. */

import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { fieldsForTask, isNewTask } from "../../src/options/task.ts";

const bert = (architecture?: string) => ({
  model_type: "bert",
  hidden_size: 24,
  ...(architecture !== undefined && { architectures: [architecture] }),
});

describe("fieldsForTask", () => {
  it.each([
    [bert(), "mask", "masked"],
    [bert(), "classify", "classification"],
    [bert("BertForMaskedLM"), "classify", "classification"],
    [bert("BertForPreTraining"), "mask", "masked"],
    [bert("BertModel"), "classify", "classification"],
    [bert("BertForSequenceClassification"), "embed", "embedding"],
  ] as const)("of %j for %s learn %s, and keep the rest", (fields, name, task) => {
    const changed = fieldsForTask(fields, name);
    expect(modelFromConfig(changed).task).toBe(task);
    expect(changed).toMatchObject({ model_type: "bert", hidden_size: 24 });
  });

  it.each([
    [bert("BertModel"), undefined],
    [bert("BertModel"), "embed"],
    [bert("BertForMaskedLM"), "mask"],
    [{ model_type: "gpt2" }, "text"],
    [{}, "pairs"],
    [{ model_type: "t5", architectures: ["T5ForConditionalGeneration"] }, "pairs"],
  ] as const)("of %j for %s are the same", (fields, name) => {
    expect(fieldsForTask(fields, name)).toBe(fields);
  });

  it.each([
    [
      {},
      "mask",
      'task: must be one of text, pairs, preference for the model type "gpt2"; got mask',
    ],
    [{ model_type: "t5" }, "text", 'task: must be one of pairs for the model type "t5"; got text'],
    [bert(), "pairs", "task: must be one of mask, classify, embed for the model type"],
  ] as const)("of %j for %s do not exist", (fields, name, message) => {
    expect(() => fieldsForTask(fields, name)).toThrow(UsageError);
    expect(() => fieldsForTask(fields, name)).toThrow(message);
  });

  it("name the types of models that can do it", () => {
    const hint = "models of type bert or modernbert can do it";
    expect(() => fieldsForTask({}, "embed")).toThrow(expect.objectContaining({ hint }));
    const none = { hint: undefined };
    expect(() => fieldsForTask(bert(), "text")).toThrow(expect.objectContaining(none));
  });
});

it("only words that name what is learned may ask for a new head", () => {
  const names = ["text", "pairs", "mask", "classify", "embed", undefined] as const;
  expect(names.filter(isNewTask)).toEqual(["mask", "classify", "embed"]);
});
