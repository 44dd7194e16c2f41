/** @file A few prompts answered while a run goes on: what no loss tells. */

import { UsageError, option } from "../../errors.ts";
import { complete, createDecoder } from "../../generate/index.ts";
import { readText } from "../../host/content.ts";
import type { SamplesEvent } from "../../runs/events.ts";
import type { Question } from "../../tasks/task-data.ts";
import type { Run } from "../setup/run.ts";

export interface Sampler {
  /** Answers after so many steps; none if there are no prompts, or they would take too much of the time. */
  answer(
    step: number,
    now: { readonly isLast: boolean; readonly elapsedMs: number },
  ): Promise<SamplesEvent | undefined>;
}

/** What answers may take, as a share of the time of training; those at the end aside. */
const TIME_SHARE = 0.05;
/** What the first answers of a small model take: its decoder is compiled. */
const FIRST_MS = 500;
const LONGEST_ANSWER = 48;

export function openSampler(run: Run): Sampler {
  const { config, context, data, engine, model, tokenizer } = run;
  let spentMs = 0;
  let lastMs = FIRST_MS;
  let questions: Promise<readonly Question[]> | undefined;
  return {
    async answer(step, { isLast, elapsedMs }) {
      if (!tokenizer || config.lowMemory) return undefined;
      if (!isLast && spentMs + lastMs > TIME_SHARE * elapsedMs) return undefined;
      const all = await (questions ??= questionsOf(run));
      const fitting = all.filter(({ prompt }) => prompt.length < model.contextLength);
      if (fitting.length === 0) return undefined;
      const start = performance.now();
      const { endOfText } = tokenizer;
      const stopTokens = [
        ...(endOfText === undefined ? [] : [endOfText]),
        ...(data.stopTokens ?? []),
      ];
      const decoder = createDecoder(model, context.runtime, engine.state.weights);
      const outputs = await complete(
        decoder,
        fitting.map(({ prompt }) => prompt),
        { maxNewTokens: LONGEST_ANSWER, stopTokens },
      ).finally(() => decoder.release());
      lastMs = performance.now() - start;
      spentMs += lastMs;
      return {
        type: "samples",
        step,
        samples: fitting.map(({ prompt, target }, i) => ({
          prompt: tokenizer.decode(prompt),
          ...(target && { target: tokenizer.decode(target) }),
          output: tokenizer.decode(outputs[i] ?? new Int32Array()),
        })),
        elapsedMs: lastMs,
      };
    },
  };
}

async function questionsOf({ config, context, data }: Run): Promise<readonly Question[]> {
  const { samplePrompts, samples } = config;
  if (samplePrompts === undefined) return (data.questions ?? []).slice(0, samples);
  const { ask } = data;
  if (!ask) throw new UsageError(`${option("samplePrompts")}: this model writes no text`);
  const text = await readText(context.host.files, samplePrompts);
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => ({ prompt: ask(line) }));
}
