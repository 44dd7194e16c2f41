/** @file Data for sentence embeddings: pairs of texts that mean the same. */

import {
  counts,
  type EncodedPair,
  type ExampleEncoding,
  fitExamples,
  pairedBatch,
  type SentencePair,
  told,
} from "../data/index.ts";
import { UsageError } from "../errors.ts";
import { encoderData, paddingOf } from "./encoder.ts";
import { describeSplit, fitSplit } from "./reading/fitted-split.ts";
import { pairedForm } from "./reading/sequence-forms.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

export async function loadEmbedding(request: DataRequest): Promise<TrainData> {
  const { dataset, tokenizer } = request;
  const split = await dataset.pairs();
  const all = [...split.training, ...split.validation];
  for (const weight of told(dataset.ranks, all, (own) => own.weight ?? 0)) {
    if (weight === 0) continue;
    throw new UsageError(
      `data: pairs are compared with one another, and all count alike; got the weight ${weight}`,
      {
        hint: 'leave out the column "weight", or what should not count',
      },
    );
  }
  const encoding: ExampleEncoding<SentencePair, EncodedPair> = {
    what: "pairs",
    encode: ({ source, target }) => ({
      first: tokenizer.encodeWithSpecialTokens(source),
      second: tokenizer.encodeWithSpecialTokens(target),
    }),
    lengthOf: ({ first, second }) => Math.max(first.ids.length, second.ids.length),
    texts: ({ source, target }) => [source, target],
    withTexts: (_, [source = "", target = ""]) => ({ source, target }),
  };
  const { prepared, held, trained, complete, take } = fitSplit(
    {
      ...split,
      what: "pairs",
      teaches: (pair) =>
        counts(pair) && [pair.source, pair.target].every((text) => text.trim() !== ""),
      encode: (pairs, options) => fitExamples(pairs, encoding, options),
      form: pairedForm,
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
    assemble: (pairs) => pairedBatch(pairs, padding),
    description: describeSplit("pairs", { prepared, held }),
  });
}
