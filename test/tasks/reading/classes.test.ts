/** Whose classes a classifier gets: those of its checkpoint or those of the data. */

import { describe, expect, it } from "vitest";
import { bert } from "../../../src/models/architectures/encoders/bert.ts";
import { classifierFor } from "../../../src/tasks/reading/classes.ts";

const modelOf = (fields: Readonly<Record<string, unknown>>) =>
  bert({
    architectures: ["BertForSequenceClassification"],
    hidden_size: 4,
    num_attention_heads: 1,
    num_hidden_layers: 1,
    ...fields,
  });
const named = { id2label: { "0": "no", "1": "yes", "2": "maybe" } };

describe("classifierFor", () => {
  it.each([
    // The checkpoint, the labels of the data, the classes, and whether the head is new.
    [named, ["maybe", "no", "yes"], ["no", "yes", "maybe"], false],
    [named, ["yes", "no"], ["no", "yes", "maybe"], false],
    [named, ["bad", "good"], ["bad", "good"], true],
    [named, ["a", "b", "c"], ["a", "b", "c"], true],
    [{}, ["bad", "good"], ["bad", "good"], false],
    [{ num_labels: 3 }, ["bad", "good"], ["bad", "good"], true],
    [{}, ["LABEL_1", "LABEL_0"], ["LABEL_0", "LABEL_1"], false],
  ] as const)("of %j for %j", (fields, found, labels, hasNewHead) => {
    const classifier = classifierFor(modelOf(fields), found, { canChange: true });
    expect(classifier.hasNewHead).toBe(hasNewHead);
    expect(classifier.model.labels).toEqual(labels);
    expect(classifier.model.params.get("classifier.bias")?.shape).toEqual([labels.length]);
  });

  it("writes the classes as transformers does", () => {
    const { model } = classifierFor(modelOf({ num_labels: 5 }), ["x", "y"], { canChange: true });
    expect(JSON.parse(JSON.stringify(model.config))).toMatchObject({
      id2label: { "0": "x", "1": "y" },
      label2id: { x: 0, y: 1 },
    });
    expect(JSON.stringify(model.config)).not.toContain("num_labels");
  });

  it.each([
    [named, ["good", "no"], "labels: the model knows no, yes, maybe; got good"],
    [{}, ["0", "1"], "labels: the model knows LABEL_0, LABEL_1; got 0"],
    [{ num_labels: 7 }, ["0"], "knows LABEL_0, LABEL_1, LABEL_2, LABEL_3, LABEL_4, ...; got 0"],
  ] as const)("of %j refuses %j, where it may not change", (fields, found, message) => {
    expect(() => classifierFor(modelOf(fields), found, { canChange: false })).toThrow(message);
  });
});
