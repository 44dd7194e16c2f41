/** @file Data for classifiers: texts, or pairs of texts, with labels. */

import {
  classBatch,
  type ClassifiedEncoding,
  type ExampleEncoding,
  type LabelledText,
} from "../data/index.ts";
import { encoderData, fitSplits } from "./encoder.ts";
import { count, notesOn } from "./pairs.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

export async function loadClassification(request: DataRequest): Promise<TrainData> {
  const { dataset, tokenizer, model } = request;
  const labels = new Map(model.labels?.map((label, id) => [label, id]));
  const encoding: ExampleEncoding<LabelledText, ClassifiedEncoding> = {
    what: "texts",
    encode({ text, pair, label }) {
      const id = labels.get(label);
      if (id === undefined) throw new Error(`internal: no class ${label}`);
      return { ...tokenizer.encodeWithSpecialTokens(text, pair), label: id };
    },
    lengthOf: ({ ids }) => ids.length,
    texts: ({ text, pair }) => (pair === undefined ? [text] : [text, pair]),
    withTexts: ({ label }, [text = "", pair]) => ({
      text,
      label,
      ...(pair !== undefined && { pair }),
    }),
  };
  const { prepared, held, padding } = fitSplits(await dataset.labelled(), encoding, request);
  return encoderData(request, {
    training: prepared.sequences,
    heldOut: held.sequences,
    lengthOf: encoding.lengthOf,
    assemble: (rows) => classBatch(rows, padding),
    description:
      `${count(prepared.sequences.length)} texts of ${count(labels.size)} classes` +
      `${notesOn(prepared)}, ${count(held.sequences.length)} held out`,
  });
}
