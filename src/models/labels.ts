/** @file The classes of a classifier, as config.json names them. */

import { z } from "zod";
import { UsageError } from "../errors.ts";
import type { ParamSpec } from "../nn/params.ts";
import { size } from "./config.ts";
import type { Head } from "./model.ts";

/** The fields that name classes; without them there are two, LABEL_0 and LABEL_1. */
export interface LabelFields {
  readonly num_labels?: number | undefined;
  readonly id2label?: Readonly<Record<string, string>> | null | undefined;
}

export const labelsSchema: {
  readonly [Field in keyof LabelFields]-?: z.ZodType<LabelFields[Field]>;
} = {
  num_labels: size.optional(),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).nullish(),
};

/**
 * The names of the classes in the order of their ids.
 *
 * @throws {UsageError} if there is but one, which in transformers means a regression.
 */
export function labelsOfConfig({ id2label, num_labels = 2 }: LabelFields): readonly string[] {
  const named = Object.entries(id2label ?? {}).toSorted(([a], [b]) => Number(a) - Number(b));
  const labels =
    named.length > 0
      ? named.map(([, label]) => label)
      : Array.from({ length: num_labels }, (_, id) => unnamed(id));
  if (labels.length > 1) return labels;
  throw new UsageError(`num_labels: must be at least 2, as regression is not supported; got 1`);
}

export interface Classifier {
  readonly head: Head;
  /** Of no stage, so that the weight gets no adapter. */
  readonly params: readonly (readonly [name: string, spec: ParamSpec])[];
}

/** The head that tells so many classes apart, from C = hidden_size to their logits. */
export function classifier(
  classes: number,
  config: { readonly hidden_size: number; readonly initializer_range: number },
  name = "classifier",
): Classifier {
  const { hidden_size: c, initializer_range: deviation } = config;
  const head = { weight: `${name}.weight`, bias: `${name}.bias` };
  return {
    head,
    params: [
      [head.weight, { shape: [classes, c], role: "matrix", init: { kind: "normal", deviation } }],
      [head.bias, { shape: [classes], role: "bias", init: { kind: "constant", value: 0 } }],
    ],
  };
}

/** The fields by which transformers knows classes of these names. */
export const labelFields = (labels: readonly string[]): Readonly<Record<string, unknown>> => ({
  num_labels: undefined,
  id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
  label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
});

/** Whether classes have but the names that transformers gives to those without. */
export const areUnnamed = (labels: readonly string[]): boolean =>
  labels.every((label, id) => label === unnamed(id));

const unnamed = (id: number): string => `LABEL_${id}`;
