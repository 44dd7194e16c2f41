/** @file How good a model on disk is, with its adapter if it has one, on any data: held-out loss, and its answers beside the right ones. */

import { openEngine } from "../../engine/engine.ts";
import { dataKey } from "../../engine/parts/draws.ts";
import { planParameters } from "../../engine/plan.ts";
import { dense } from "../../compress/flora-compressor.ts";
import { loadNetwork } from "../../generate/load-model.ts";
import { option, UsageError } from "../../errors.ts";
import { exists } from "../../host/content.ts";
import { join } from "../../host/path.ts";
import { namedOptimizer } from "../../optim/registry.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { TranslationEvent } from "../../runs/events.ts";
import { imageProcessorOf } from "../../tasks/images.ts";
import { loadData } from "../../tasks/load.ts";
import { openDataset } from "../../tasks/reading/dataset.ts";
import { tokenizerOf } from "../../tasks/reading/tokenizer.ts";
import { contextLengthOf } from "../setup/model.ts";
import type { RunContext } from "../setup/run.ts";
import { answerable, answerQuestions, exactShare } from "./answers.ts";
import { scoreTranslations } from "./translation.ts";

/** What a model makes of data. */
export interface ModelEvaluation {
  /** "123 pairs". */
  readonly data: string;
  /** Mean loss per token that counts, in nats. */
  readonly loss: number;
  readonly perplexity: number;
  /** The share of targets that the model thought the likeliest, 0 to 1. */
  readonly accuracy: number;
  readonly tokens: number;
  /** Absent where nothing is answered. */
  readonly answers?: Answers;
}

export interface Answers extends Pick<TranslationEvent, "bleu" | "rouge" | "signature"> {
  readonly count: number;
  /** The share of answers that are right to the letter, white space around them aside, 0 to 1. */
  readonly exact: number;
  readonly samples: readonly {
    readonly prompt: string;
    readonly target: string;
    readonly output: string;
  }[];
}

export interface EvaluateModelOptions {
  /** An adapter of the model that the options name. */
  readonly adapter?: string | undefined;
  /** The most prompts that are answered. */
  readonly answers: number;
}

/** Answers that are shown. */
const SAMPLES = 5;

/**
 * Evaluates the model that options name on the data that they name.
 *
 * @throws {UsageError | FormatError} if a file is not what it should be, or the data are not for this model.
 */
export async function evaluateModel(
  config: TrainConfig,
  { host, runtime }: RunContext,
  { adapter, answers: limit }: EvaluateModelOptions,
): Promise<ModelEvaluation> {
  const { files } = host;
  if (config.task === "preference") {
    throw new UsageError(
      `${option("task")}: preferences are evaluated in their run, which has the model before it; got preference`,
      {
        hint: `measure the chosen answers as pairs: ${option("sourceColumn", "prompt")} ${option("targetColumn", "chosen")}`,
      },
    );
  }
  const directory = typeof config.model === "string" ? config.model : undefined;
  const { network, home } = await loadNetwork(files, runtime, { directory, adapter });
  const { base, model, weights } = network;
  const hasOwn = adapter !== undefined && (await exists(files, join(adapter, "tokenizer.json")));
  const dataset = openDataset({ config, files, mostBytes: host.memory.heapLimitBytes() });
  const named = { ...config, model: home, ...(hasOwn && { tokenizer: adapter }) };
  const tokenizer = await tokenizerOf(files, named, dataset);
  const processor = tokenizer
    ? undefined
    : await imageProcessorOf(files, { ...config, model: home }, base);
  const data = await loadData({
    config,
    dataset,
    tokenizer,
    processor,
    model,
    contextLength: contextLengthOf(config, base),
    key: dataKey(config.seed),
  });
  const plan = planParameters(model, {
    compressor: dense(),
    optimizer: namedOptimizer("sgd"),
    trainable: { frozen: () => "evaluated", rateFactor: () => 1 },
  });
  const engine = openEngine({
    ...config,
    model,
    plan,
    runtime,
    weights,
    shapes: data.shapes,
    maxGradNorm: undefined,
  });
  try {
    const sums = await engine.evaluate(data.evaluation());
    const loss = sums.loss / sums.tokens;
    const questions = answerable(data.questions, model).slice(0, limit);
    const evaluation = {
      data: data.description,
      loss,
      perplexity: Math.exp(loss),
      accuracy: sums.correct / sums.tokens,
      tokens: sums.tokens,
    };
    if (!tokenizer || questions.length === 0) return evaluation;
    const { stopTokens } = data;
    const answered = await answerQuestions(
      { model, runtime, weights, tokenizer, stopTokens },
      questions,
    );
    const { prompts, outputs, targets } = answered;
    return {
      ...evaluation,
      answers: {
        ...scoreTranslations(outputs, targets),
        count: outputs.length,
        exact: exactShare(outputs, targets),
        samples: prompts.slice(0, SAMPLES).map((prompt, i) => ({
          prompt,
          target: targets[i] ?? "",
          output: outputs[i] ?? "",
        })),
      },
    };
  } finally {
    await engine.release();
  }
}
