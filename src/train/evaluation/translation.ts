/** @file Held-out translations with their BLEU and ROUGE. */

import type { Run } from "../setup/run.ts";
import { templateOf } from "../../tasks/pairs.ts";
import { promptIds, promptText } from "../../data/index.ts";
import { corpusBleu, rouge } from "../../evaluate/index.ts";
import { complete, createDecoder } from "../../generate/index.ts";
import { mapTensors } from "../../graph/tensors.ts";
import type { TranslationEvent } from "../../runs/events.ts";

const SAMPLES = 5;

/** Greedy translations of the held-out pairs; none if there are no pairs. */
export async function translate(run: Run, step: number): Promise<TranslationEvent | undefined> {
  const { config, context, data, engine, inputs, model, tokenizer } = run;
  const { pairs } = data;
  if (!tokenizer || config.lowMemory || pairs.length === 0) return undefined;
  const start = performance.now();
  const template = templateOf(config, model.task);
  const prompts = pairs.map(({ source }) => promptIds(tokenizer, source, template));
  const fitting = prompts.flatMap((ids, i) => (ids.length < model.contextLength ? [i] : []));
  const longestTarget = Math.max(...pairs.map(({ target }) => tokenizer.encode(target).length));
  const decoder = createDecoder(model, context.runtime, engine.state.weights);
  const outputs = await complete(
    decoder,
    fitting.map((i) => prompts[i] ?? new Int32Array()),
    {
      maxNewTokens: Math.ceil(longestTarget * 1.5),
      ...(tokenizer.endOfText !== undefined && { stopTokens: [tokenizer.endOfText] }),
    },
  ).finally(() => decoder.release());
  const hypotheses = outputs.map((ids) => tokenizer.decode(ids));
  const references = fitting.map((i) => pairs[i]?.target ?? "");
  return {
    type: "translation",
    step,
    ...scoreTranslations(hypotheses, references),
    ...(inputs.metrics && {
      metrics: mapTensors(inputs.metrics, (metric) => metric(hypotheses, references)),
    }),
    count: fitting.length,
    elapsedMs: performance.now() - start,
    samples: fitting.slice(0, SAMPLES).map((i, k) => ({
      source: pairs[i]?.source ?? "",
      prompt: promptText(pairs[i]?.source ?? "", template),
      target: pairs[i]?.target ?? "",
      output: hypotheses[k] ?? "",
    })),
  };
}

/** The scores of an event, all in percent. */
export function scoreTranslations(
  hypotheses: readonly string[],
  references: readonly string[],
): Pick<TranslationEvent, "bleu" | "signature" | "rouge"> {
  const { score, signature } = corpusBleu(hypotheses, references);
  const { rouge1, rouge2, rougeL } = rouge(hypotheses, references);
  return {
    bleu: score,
    signature,
    rouge: {
      rouge1: 100 * rouge1.fmeasure,
      rouge2: 100 * rouge2.fmeasure,
      rougeL: 100 * rougeL.fmeasure,
    },
  };
}
