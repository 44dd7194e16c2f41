/** @file The classes of a classifier, as config.json names them. */

import { z } from "zod";
import { size } from "./config.ts";

/** The fields that name classes; without them there are two, LABEL_0 and LABEL_1. */
export const labelsSchema = {
  num_labels: size.optional(),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).nullish(),
  label2id: z.record(z.string(), z.int().min(0)).nullish(),
} as const;

interface LabelFields {
  readonly num_labels?: number | undefined;
  readonly id2label?: Readonly<Record<string, string>> | null | undefined;
}

/** The names of the classes in the order of their ids. */
export function labelsOfConfig({ id2label, num_labels = 2 }: LabelFields): readonly string[] {
  const named = Object.entries(id2label ?? {}).toSorted(([a], [b]) => Number(a) - Number(b));
  if (named.length > 0) return named.map(([, label]) => label);
  return Array.from({ length: num_labels }, (_, id) => unnamed(id));
}

/** The fields by which transformers knows classes of these names. */
export const labelFields = (labels: readonly string[]) =>
  ({
    num_labels: undefined,
    id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  }) as const;

/** Whether classes have but the names that transformers gives to those without. */
export const areUnnamed = (labels: readonly string[]): boolean =>
  labels.every((label, id) => label === unnamed(id));

const unnamed = (id: number): string => `LABEL_${id}`;
