/** @file A run as a person follows it: a consumer of its events that writes text. */

import type {
  EndEvent,
  EvaluationEvent,
  StartEvent,
  StepEvent,
  TrainEvent,
} from "../../runs/events.ts";
import { leavesAdapters } from "../../train/setup/method.ts";
import { quoteWords } from "../arguments/arguments.ts";
import { wrap } from "../terminal/layout.ts";
import {
  createProgress,
  formatLearningRate,
  type Output,
  type Progress,
} from "../terminal/progress.ts";
import {
  endReport,
  evaluationReport,
  type ReportOptions,
  samplesReport,
  startReport,
  translationReport,
} from "./report.ts";
import { createStyle } from "../terminal/style.ts";
import { reportedTask, type ReportedTask, TASK_WORDS } from "./task-words.ts";

export interface ConsoleOptions {
  /** How the reader calls flora: "flora", "npx flora". */
  readonly program: string;
  /** What came after "flora train". */
  readonly words: readonly string[];
}

export interface RunConsole {
  show(event: TrainEvent): void;
  /** A line that is no event. */
  note(text: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

export function createConsole(output: Output, options: ConsoleOptions): RunConsole {
  const style = createStyle(output.color);
  const steps: Pick<StepEvent, "step" | "loss">[] = [];
  const evaluations: Pick<EvaluationEvent, "step" | "loss" | "accuracy">[] = [];
  let progress: Progress = createProgress(output, { microSteps: 1 });
  let start: StartEvent | undefined;
  let tested: string | undefined;
  let highestRate = 0;

  const task = (): ReportedTask => (start ? reportedTask(start) : "causal");
  const reportOptions = (): ReportOptions => ({ width: output.width, style });

  function show(event: TrainEvent): void {
    switch (event.type) {
      case "start":
        start = event;
        progress = createProgress(output, { microSteps: event.config.microSteps });
        return progress.print(startReport(event, reportOptions()));
      case "micro-step":
        return progress.microStep(event);
      case "step":
        steps.push({ step: event.step, loss: event.loss });
        highestRate = Math.max(highestRate, event.learningRate);
        return progress.step(event);
      case "evaluation":
        evaluations.push(event);
        return progress.print(evaluationReport(event, { ...reportOptions(), task: task() }));
      case "samples":
        return progress.print(samplesReport(event, reportOptions()));
      case "translation":
        tested = event.samples[0]?.prompt;
        return progress.print(["", ...translationReport(event, reportOptions())]);
      case "saved":
        // A model is saved at every evaluation; its path comes at the end.
        if (event.what === "model") return;
        return progress.print([`checkpoint saved at step ${event.step}: ${event.path}`]);
      case "note":
        return progress.print(wrap(event.text, output.width));
      case "end":
        progress.end();
        return progress.print(["", ...end(event), "", ...next(event)]);
    }
  }

  const end = (event: EndEvent): string[] =>
    endReport(
      event,
      { steps, evaluations },
      { ...reportOptions(), color: output.color, task: task() },
    );

  /** A tenth of what was too much. */
  const lowerRate = (): string => String(Number((highestRate / 10).toPrecision(2)));

  /** What came of the run, and what to do now. */
  function next(event: EndEvent): string[] {
    const { reason, step, totalSteps, message } = event;
    const { program, words } = options;
    const directory = start?.config.output ?? "";
    const told = message === undefined ? [] : wrap(message, output.width);
    if (reason === "interrupted") {
      return [
        style.yellow(`interrupted at step ${step} of ${totalSteps}`),
        ...told,
        "go on with:",
        `  ${program} train ${quoteWords(resumeWords(words))}`,
      ];
    }
    if (reason === "diverged") {
      const { heldOut, keptStep } = event;
      const worse = heldOut?.best && heldOut.first && heldOut.best.loss > heldOut.first.loss;
      const left =
        keptStep === undefined
          ? "nothing was saved"
          : `${directory} keeps the model of step ${keptStep}${worse ? ", which is worse than the one it began with" : ""}`;
      return [
        style.red(`stopped at step ${step} of ${totalSteps}: it was getting worse`),
        ...wrap(`${message ?? ""}; ${left}`, output.width),
        `a rate of ${formatLearningRate(start?.learningRate ?? highestRate)} is too high; begin again at a lower one:`,
        `  ${program} train ${quoteWords(overwriteWordsAt(lowerRate(), words))}`,
      ];
    }
    if (reason === "not a number") {
      const { checkpointStep } = event;
      const advice = "with a smaller --learning-rate, --max-grad-norm 1 or a longer --warmup-steps";
      return [
        style.red(`stopped at step ${step} of ${totalSteps}`),
        ...told,
        ...(checkpointStep === undefined
          ? wrap(`begin again ${advice}`, output.width)
          : [
              `go on from step ${checkpointStep} at a lower rate:`,
              `  ${program} train ${quoteWords(resumeWordsAt(lowerRate(), words))}`,
              ...wrap(`or begin again ${advice}`, output.width),
            ]),
      ];
    }
    // A prompt as the model was trained on; text models take any.
    const prompt = tested === undefined ? '"..."' : quoteWords([tested]);
    const isAdapter = start !== undefined && leavesAdapters(start.config);
    const kind = isAdapter ? "adapter" : "model";
    const isChat = start?.isChat === true;
    const made = { kind, directory: quoteWords([directory]), isChat, prompt } as const;
    const use = TASK_WORDS[task()].use?.(made);
    const commands = [
      ...(use === undefined ? [] : [use]),
      ...(isAdapter ? [`merge --adapter ${quoteWords([directory])} --output runs/merged`] : []),
      ...(words.length === 0 ? AFTER_DEMONSTRATION : []),
    ];
    const early =
      reason === "no better"
        ? [`stopped at step ${step} of ${totalSteps}: it got no better`]
        : reason === "out of time"
          ? [
              `stopped at step ${step} of ${totalSteps}: the time was over; to go on:`,
              `  ${program} train ${quoteWords(resumeWords(words))}`,
            ]
          : [];
    return [
      ...early,
      `the ${kind} is in ${style.bold(directory)}; next:`,
      ...commands.map((command) => `  ${program} ${command}`.trimEnd()),
    ];
  }

  return { show, note: (text) => progress.print([text]), close: () => progress.end() };
}

/** For whoever gave no options yet: data of their own. */
const AFTER_DEMONSTRATION: readonly string[] = ["init --train your-data.jsonl"];

/** The same command, going on. */
const resumeWords = (words: readonly string[]): readonly string[] => [
  ...words.filter((word) => !/^--(no-)?(overwrite|resume)(=.*)?$/.test(word)),
  "--resume",
];

const NEW_RATE = "--resume-learning-rate";
const RATE = "--learning-rate";

/** The same command from the beginning, at another rate. */
const overwriteWordsAt = (rate: string, words: readonly string[]): readonly string[] => [
  ...words.filter(
    (word, i) =>
      !/^--(no-)?(overwrite|resume)(=.*)?$/.test(word) &&
      !word.startsWith(RATE) &&
      words[i - 1] !== RATE,
  ),
  "--overwrite",
  RATE,
  rate,
];

/** The same at another rate, which may have been given before. */
const resumeWordsAt = (rate: string, words: readonly string[]): readonly string[] => [
  ...resumeWords(
    words.filter((word, i) => !word.startsWith(NEW_RATE) && words[i - 1] !== NEW_RATE),
  ),
  NEW_RATE,
  rate,
];
