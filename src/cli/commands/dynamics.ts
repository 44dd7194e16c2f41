/** @file `flora dynamics`: LoRA as a gradient compressor, measured; see src/lab/dynamics.ts. */

import { nodeHost } from "../../host/node.ts";
import { runContext } from "../inputs/run-context.ts";
import { parseConfig } from "../../options/config.ts";
import type { DynamicsEvent, DynamicsOptions } from "../../lab/dynamics/events.ts";
import type { DynamicsResult } from "../../lab/dynamics/result.ts";
import { chartLines } from "../reports/chart.ts";
import { fetchInputs } from "../inputs/fetch-run.ts";
import { formatDuration } from "../terminal/format.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { formatTable, indent, wrap } from "../terminal/layout.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import type { Output } from "../terminal/progress.ts";
import { readRunOptions } from "../arguments/run-config.ts";
import { createStyle } from "../terminal/style.ts";
import { standardOutput } from "../terminal/terminal.ts";

const OPTIONS: OptionTable = {
  warmStart: { kind: "integer", min: 0, help: "steps of Adam before; 0 with a checkpoint [100]" },
  probe: { kind: "text", help: "patterns of weights to measure [a middle block]" },
};

export const help: CommandHelp = {
  usage: "dynamics [config.yaml] [--option value ...]",
  summary: "measure how far LoRA is a gradient compressor",
  details: [
    "Trains LoRA, LoRA-FA, a fixed projection, ReLoRA, FLORA and dense weights side by side, by SGD from one seed on the same " +
      "batches, and compares them with the theory of arXiv:2402.03293, section 2. Takes the options of flora train; of these " +
      "--targets names the weights that move, and everything else is frozen. --method does not count.",
    "Other defaults than those of train: " +
      "SGD at the constant rate 0.05, rank and alpha 16, 100 steps of 16 sequences, and a merge of ReLoRA every quarter of the run.",
    "Writes charts, dynamics.json and report.html to the output directory. The exit code is 1 if the exact recursion does " +
      "not reproduce the trained adapters.",
  ],
  options: OPTIONS,
  takesRun: true,
  examples: [
    "flora dynamics",
    "flora dynamics --learning-rate 0.02 --rank 8 --steps 200",
    "flora dynamics --train book.txt --model gpt2/ --targets c_attn --rank 16",
  ],
};

/** A minute or two on two cores. */
const DEFAULTS = {
  optimizer: "sgd",
  schedule: "constant",
  warmupSteps: 0,
  learningRate: 0.05,
  rank: 16,
  alpha: 16,
  batchSize: 16,
  steps: 100,
  output: "runs/dynamics",
} as const;

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { options: given, dataset, own } = await readRunOptions(words, OPTIONS);
  const config = parseConfig({ ...DEFAULTS, ...(await fetchInputs(given, dataset)) });
  const { claimOutput } = await import("../../train/output/claim.ts");
  const context = await runContext(config);
  const probes = own.text("probe")?.split(",");
  const options: DynamicsOptions = {
    config,
    warmStart: own.number("warmStart") ?? (typeof config.model === "string" ? 0 : 100),
    mergeEvery: config.mergeEvery ?? Math.ceil((config.steps ?? 1) / 4),
    ...(probes && { probes }),
  };
  const output = standardOutput();
  const { dynamics } = await import("../../lab/dynamics/dynamics.ts");
  const claim = await claimOutput(context.host.files, { ...config, resume: false });
  try {
    const result = await follow(dynamics(options, context), output);
    return await report(result, config.output, output);
  } finally {
    await claim.release();
  }
}

/** Follows the experiment to its end. */
async function follow(
  events: AsyncIterable<DynamicsEvent>,
  output: Output,
): Promise<DynamicsResult> {
  const style = createStyle(output.color);
  let [start, end]: [DynamicsResult["start"] | undefined, DynamicsResult["end"] | undefined] = [
    undefined,
    undefined,
  ];
  const steps: DynamicsResult["steps"][number][] = [];
  const status = (text: string, isDue: boolean) => {
    if (output.isTerminal) output.write(`\r\u001B[K${text}`);
    else if (isDue) output.write(`${text}\n`);
  };
  for await (const event of events) {
    if (event.type === "start") {
      if (output.isTerminal) output.write("\r\u001B[K");
      start = event;
      const facts = [
        ["model", `${event.modelType}, ${event.targets.length} matrices move`],
        ["data", event.data],
        ["rule", `SGD, rate ${event.rate}, rank ${event.rank}, s ${event.scale}`],
        ["probes", event.probes.map(({ name }) => name).join(", ")],
      ];
      output.write(`${formatTable(facts).join("\n")}\n\n`);
    } else if (event.type === "warm") {
      status(`warm start ${event.step}  loss ${event.loss.toFixed(3)}`, event.step % 50 === 0);
    } else if (event.type === "step") {
      steps.push(event);
      const { LoRA, FLORA, dense } = event.losses;
      const of = `step ${event.step}/${start?.steps ?? ""}`;
      const text = `${of}  loss: LoRA ${LoRA.toFixed(3)}, FLORA ${FLORA.toFixed(3)}, dense ${dense.toFixed(3)}`;
      status(text, event.step % 20 === 0);
    } else {
      end = event;
      status(style.dim(`${steps.length} steps in ${formatDuration(event.elapsedMs)}`), true);
      output.write("\n");
    }
  }
  if (start && end) return { start, steps, end };
  throw new Error("internal: an experiment without an end");
}

/** Prints and writes what was found; returns the exit code. */
async function report(result: DynamicsResult, directory: string, output: Output): Promise<number> {
  const { findingsOf } = await import("../../lab/dynamics/report.ts");
  const { verdictOf } = await import("../../lab/dynamics/theory.ts");
  const { writeDynamics } = await import("../../lab/dynamics/files.ts");
  const style = createStyle(output.color);
  const width = Math.min(output.width, 100);
  for (const { heading, chart, reading, table } of findingsOf(result)) {
    const lines = [
      "",
      style.bold(heading),
      "",
      ...(chart ? chartLines(chart, { width, height: 12, color: output.color }) : []),
      ...(table ? ["", ...formatTable([table.head, ...table.rows], TABLE_ALIGNMENT)] : []),
      ...reading.flatMap((paragraph) => ["", ...indent(wrap(paragraph, width - 2))]),
    ];
    output.write(`${lines.join("\n")}\n`);
  }
  const files = await writeDynamics(nodeHost().files, result, directory);
  output.write(`\nwritten to ${style.bold(directory)}: ${files.join(", ")}\n`);
  const { passed } = verdictOf(result);
  output.write(`recursion: ${passed ? style.green("pass") : style.red("FAIL")}\n`);
  return passed ? 0 : 1;
}

const TABLE_ALIGNMENT = ["left", "left", "right", "right", "right"] as const;
