/** @file Data for classifiers: texts, or pairs of texts, with labels. */

import {
  classBatch,
  type ClassifiedEncoding,
  counts,
  type ExampleEncoding,
  fitExamples,
  type LabelledText,
} from "../data/index.ts";
import { encoderData, paddingOf } from "./encoder.ts";
import { count, describeSplit, fitSplit } from "./reading/fitted-split.ts";
import { classifiedForm } from "./reading/sequence-forms.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

export async function loadClassification(request: DataRequest): Promise<TrainData> {
  const { dataset, tokenizer, model } = request;
  const labels = new Map(model.labels?.map((label, id) => [label, id]));
  const encoding: ExampleEncoding<LabelledText, ClassifiedEncoding> = {
    what: "texts",
    encode({ text, pair, label, weight }) {
      const id = labels.get(label);
      if (id === undefined) throw new Error(`internal: no class ${label}`);
      return {
        ...tokenizer.encodeWithSpecialTokens(text, pair),
        label: id,
        ...(weight !== undefined && { weight }),
      };
    },
    lengthOf: ({ ids }) => ids.length,
    texts: ({ text, pair }) => (pair === undefined ? [text] : [text, pair]),
    withTexts: (example, [text = "", pair]) => ({
      ...example,
      text,
      ...(pair !== undefined && { pair }),
    }),
  };
  const { prepared, held, trained, complete, take } = fitSplit(
    {
      ...(await dataset.labelled()),
      what: "texts",
      teaches: counts,
      encode: (texts, options) => fitExamples(texts, encoding, options),
      form: classifiedForm,
    },
    request,
  );
  const padding = paddingOf(request);
  return encoderData(request, {
    training: prepared.sequences,
    complete,
    take,
    heldOut: held.sequences,
    parts: trained.map(dataset.partOf),
    lengthOf: encoding.lengthOf,
    assemble: (rows) => classBatch(rows, padding),
    description: describeSplit(`texts of ${count(labels.size)} classes`, { prepared, held }),
  });
}
