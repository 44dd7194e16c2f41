/** @file Data for sentence embeddings: pairs of texts that mean the same. */

import {
  type EncodedPair,
  type ExampleEncoding,
  pairedBatch,
  type SentencePair,
} from "../data/index.ts";
import { encoderData, fitSplits } from "./encoder.ts";
import { count, notesOn } from "./pairs.ts";
import type { DataRequest, TrainData } from "./task-data.ts";

export async function loadEmbedding(request: DataRequest): Promise<TrainData> {
  const { dataset, tokenizer } = request;
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
  const { prepared, held, padding } = fitSplits(await dataset.pairs(), encoding, request);
  return encoderData(request, {
    training: prepared.sequences,
    heldOut: held.sequences,
    lengthOf: encoding.lengthOf,
    assemble: (pairs) => pairedBatch(pairs, padding),
    description:
      `${count(prepared.sequences.length)} pairs${notesOn(prepared)}` +
      `, ${count(held.sequences.length)} held out`,
  });
}
