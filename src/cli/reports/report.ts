/** @file The events of a run that deserve more than a line, as text. */

import type {
  EndEvent,
  EvaluationEvent,
  HeldOutLoss,
  SamplesEvent,
  StartEvent,
  StepEvent,
  TranslationEvent,
} from "../../runs/events.ts";
import { methodLabel, type TrainConfig } from "../../options/config.ts";
import { formatCount, formatDuration, formatPercent } from "../terminal/format.ts";
import { formatTable, textWidth, truncate, truncateStart, wrap } from "../terminal/layout.ts";
import { formatMeasurement, formatPrediction } from "./memory-table.ts";
import { planSummary } from "./plan-table.ts";
import { type Curve, plotCurves, type Point, smooth } from "./plot.ts";
import { formatLearningRate, formatLoss } from "../terminal/progress.ts";
import type { Style } from "../terminal/style.ts";
import { reportedTask, type ReportedTask, TASK_WORDS } from "./task-words.ts";

export interface ReportOptions {
  readonly width: number;
  readonly style: Style;
}

/** Where the facts of a run begin. */
const FACTS_COLUMN = 11;

/** What will be trained on what, how, and the predicted memory: on one screen. The plan of each parameter is in the log. */
export function startReport(event: StartEvent, { width, style }: ReportOptions): string[] {
  const { config, modelType, parameterCount, data, notes, drawn, totalSteps, startStep } = event;
  const { optimizer, batchSize, microSteps } = config;
  const batches = microSteps === 1 ? "" : ` x ${microSteps} micro-steps`;
  const facts = [
    ["model", modelInWords(modelType, parameterCount, config)],
    ...(drawn.length > 0 ? [["", `drawn, as it has none: ${drawn.join(", ")}`]] : []),
    ["data", data],
    ...notes.map((note) => ["", note]),
    ["method", methodInWords(config)],
    planSummary(event.parameters),
    ["optimizer", `${optimizer}, ${rateInWords(event)}`],
    [
      "steps",
      `${formatCount(totalSteps)}, of ${batchSize} ${TASK_WORDS[reportedTask(event)].examples}${batches}${done(startStep)}`,
    ],
    [
      "time",
      `about ${formatDuration(event.estimatedMs)}, evaluations aside, on ${deviceInWords(event)}`,
    ],
    ["output", config.output],
  ];
  const lines = facts.flatMap(([name = "", fact = ""]) =>
    wrap(fact, width - FACTS_COLUMN).map((line, i) => [i === 0 ? name : "", line]),
  );
  return [
    ...formatTable(lines).map((line) => style.bold(line.slice(0, 9)) + line.slice(9)),
    "",
    ...formatPrediction(event.memory, width),
    "",
  ];
}

/** "cpu", and why it is something else where nobody asked for that. */
const deviceInWords = ({ device, config }: StartEvent): string =>
  config.device === "auto" && device === "wasm" ? "wasm: no native kernels here" : device;

function methodInWords(config: TrainConfig): string {
  const { method, rank, alpha, projection, momentum, compressMoments, accumulatorDtype } = config;
  const facts = [
    ...(method === "dense" ? [] : [`rank ${rank}`]),
    ...(method === "flora" ? [`${projection} projections`] : []),
    ...(method === "flora" || method === "dense" ? [] : [`alpha ${alpha}`]),
    ...(method === "lora+" ? [`rate of B ${config.rateRatio} times that of A`] : []),
    ...(config.initAdapter === "pissa" ? ["from principal components"] : []),
    ...(config.baseDtype === undefined ? [] : [`base in ${config.baseDtype}`]),
    ...(config.compute === "int8" ? ["multiplied in int8"] : []),
    ...(momentum > 0 ? [`momentum ${momentum}`] : []),
    ...(compressMoments ? ["compressed moments"] : []),
    ...(accumulatorDtype === "int8" ? ["int8 accumulators"] : []),
  ];
  return [methodLabel(method), ...facts].join(", ");
}

/** "gpt2, 124,439,808 parameters, from scratch". */
export const modelInWords = (
  type: string,
  parameterCount: number,
  { model }: Pick<TrainConfig, "model">,
): string =>
  `${type}, ${formatCount(parameterCount)} parameters, from ${typeof model === "string" ? model : "scratch"}`;

/** "rate 2.0e-2, cosine after 50 steps of warm-up". */
function rateInWords({ config: { schedule }, learningRate, warmupSteps }: StartEvent): string {
  const after = warmupSteps > 0 ? ` after ${inSteps(warmupSteps)} of warm-up` : "";
  return `rate ${formatLearningRate(learningRate)}, ${schedule}${after}`;
}

const inSteps = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? "step" : "steps"}`;

const done = (steps: number): string => (steps > 0 ? `; ${formatCount(steps)} are done` : "");

/** An evaluation in one line, if it fits: the loss, and what says the most about the task. */
export function evaluationReport(
  event: EvaluationEvent,
  { style, task, width }: ReportOptions & { readonly task: ReportedTask },
): string[] {
  const { step, loss, perplexity, accuracy, metrics = {}, tokens, elapsedMs } = event;
  const { unit, hasPerplexity, accuracyName } = TASK_WORDS[task];
  const measures = [
    ...(hasPerplexity ? [`perplexity ${formatPerplexity(perplexity)}`] : []),
    ...(accuracyName === undefined ? [] : [`${accuracyName} ${formatPercent(accuracy)}`]),
    ...Object.entries(metrics).map(([name, score]) => `${name} ${score.toPrecision(3)}`),
  ];
  const spent = `(${formatCount(tokens)} ${unit} in ${formatDuration(elapsedMs)})`;
  const first = `held out at step ${step}: loss ${formatLoss(loss)}`;
  const [head = "", ...others] = inLines([first, ...measures, spent], width);
  const styled =
    `${style.yellow("held out")} at step ${step}: loss ${style.bold(formatLoss(loss))}` +
    head.slice(first.length);
  return [styled, ...others].map((line) => line.replace(spent, style.dim(spent)));
}

/** Parts with two spaces between them, in lines of at most `width`; all but the first are indented. */
function inLines([first = "", ...others]: readonly string[], width: number): string[] {
  const lines = [first];
  for (const part of others) {
    const longer = `${lines.at(-1)}  ${part}`;
    if (textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(`  ${part}`);
  }
  return lines;
}

/** Prompts and their answers, two lines each. */
export function samplesReport({ samples }: SamplesEvent, options: ReportOptions): string[] {
  const { style, width } = options;
  const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").trim();
  return samples.flatMap(({ prompt, output }) => [
    `  ${style.dim(truncateStart(oneLine(prompt), width - 4))}`,
    `  > ${truncate(oneLine(output) || "(nothing)", width - 6)}`,
  ]);
}

/** A few translations, and how good all of them are. */
export function translationReport(event: TranslationEvent, options: ReportOptions): string[] {
  const { bleu, rouge, count, signature, samples, elapsedMs } = event;
  const { style, width } = options;
  const line = (label: string, text: string) =>
    `  ${style.dim(label.padEnd(10))}${truncate(text.replaceAll(/\s+/g, " ").trim(), width - 13)}`;
  const translated = samples.flatMap(({ source, target, output }) => {
    const right = output.trim() === target.trim();
    const got = line("got", output === "" ? "(nothing)" : output);
    return [line("source", source), line("expected", target), right ? style.green(got) : got, ""];
  });
  const rouges = [rouge.rouge1, rouge.rouge2, rouge.rougeL].map((f) => f.toFixed(1)).join(" / ");
  const scores = style.bold(`BLEU ${bleu.toFixed(1)}  ROUGE-1/2/L ${rouges}`);
  const spent = `${formatCount(count)} held-out pairs in ${formatDuration(elapsedMs)}`;
  return [
    ...translated,
    `${scores}  ${style.dim(`(${spent})`)}`,
    `  ${style.dim(truncate(signature, width - 2))}`,
  ];
}

export interface History {
  readonly steps: readonly Pick<StepEvent, "step" | "loss">[];
  readonly evaluations: readonly Pick<EvaluationEvent, "step" | "loss" | "accuracy">[];
}

/** The curves of the loss and the accuracy, the memory beside its prediction, and where the time went. */
export function endReport(
  event: EndEvent,
  history: History,
  options: ReportOptions & { readonly color: boolean; readonly task: ReportedTask },
): string[] {
  const { elapsedMs, projectionShare, overheadShare, memory, step } = event;
  const size = { width: Math.min(options.width, 100), color: options.color, xLabel: "step" };
  const curves = [
    plotCurves(lossCurves(history), { ...size, height: 12 }),
    plotCurves(accuracyCurves(history, options.task), { ...size, height: 6 }),
  ].flatMap((lines) => (lines.length > 0 ? [...lines, ""] : []));
  const shares =
    `${inSteps(step)} in ${formatDuration(elapsedMs)}` +
    `; projections ${formatPercent(projectionShare)} of it` +
    `, outside onnxruntime ${formatPercent(overheadShare)}`;
  return [...curves, ...formatMeasurement(memory), "", shares, ...heldOutReport(event, options)];
}

/** What was reached: in the first, the best and the last evaluation, and whether it was worth it. */
function heldOutReport({ heldOut = {}, keptStep }: EndEvent, { style, width }: ReportOptions) {
  const { first, best, last } = heldOut;
  if (!best || !last) return [];
  const kept = ({ step }: HeldOutLoss) => (step === keptStep ? ", kept" : "");
  const at = (name: string, score: HeldOutLoss) =>
    `${formatLoss(score.loss)} (${name}${kept(score)})`;
  const losses = [
    ...(first ? [at("before", first)] : []),
    ...(best.step === last.step ? [] : [at(`best, step ${best.step}`, best)]),
    at(
      best.step === last.step ? `last and best, step ${last.step}` : `last, step ${last.step}`,
      last,
    ),
  ];
  const warning =
    first && best.loss > first.loss
      ? wrap("worse than it began: no evaluation was better than the model before it", width)
      : [];
  return [
    ...wrap(`held-out loss ${losses.join(" -> ")}`, width),
    ...warning.map((line) => style.red(line)),
  ];
}

/** The training loss, smoothed over about a thirtieth of the run, and the held-out losses. */
function lossCurves({ steps, evaluations }: History): readonly Curve[] {
  const points = (events: History["steps"]) => events.map(({ step, loss }): Point => [step, loss]);
  const span = Math.max(1, steps.length / 30);
  const training = smooth(points(steps), 1 - 1 / span);
  return [
    {
      name: span > 1 ? "training loss (smoothed)" : "training loss",
      kind: "line",
      points: training,
    },
    { name: "held-out loss", kind: "marks", points: points(evaluations) },
  ];
}

/** The held-out accuracy in percent, where the task has one. */
function accuracyCurves({ evaluations }: History, task: ReportedTask): readonly Curve[] {
  const { accuracyName } = TASK_WORDS[task];
  if (accuracyName === undefined) return [];
  const points = evaluations.map(({ step, accuracy }): Point => [step, 100 * accuracy]);
  return [{ name: `held out, ${accuracyName} in %`, kind: "line", points }];
}

const formatPerplexity = (perplexity: number): string =>
  perplexity < 1000 ? perplexity.toFixed(2) : formatCount(perplexity);
