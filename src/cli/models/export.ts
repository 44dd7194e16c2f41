/** @file `flora export`: a model for other runtimes. */

import { option } from "../../errors.ts";
import { nodeHost } from "../../host/node.ts";
import { fetchModels } from "../inputs/fetch.ts";
import { formatCount } from "../terminal/format.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions, required } from "../arguments/options.ts";
import { standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "export --model DIR --output DIR [--format onnx]",
  summary: "write a model for other runtimes",
  options: {
    model: { kind: "text", value: "DIR", help: "a model directory, or a model on the Hub" },
    output: { kind: "text", value: "DIR", help: "an empty directory" },
    format: {
      kind: "choice",
      choices: ["onnx"],
      default: "onnx",
      help: "as transformers.js and onnxruntime read it",
    },
  },
  examples: ["flora export --model runs/flora --output runs/onnx"],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const model = required(options, "model", help);
  const output = required(options, "output", help);
  const { directory = model } = await fetchModels({ directory: model });
  const { files } = nodeHost();
  const { checkEmpty } = await import("../../train/output/claim.ts");
  await checkEmpty(files, output, { hint: `give another ${option("output")}` });
  const { exportOnnx } = await import("../../export/index.ts");
  const { graphs, parameterCount } = await exportOnnx(files, directory, output);
  standardOutput().write(
    `${formatCount(parameterCount)} parameters are in ${output}: ${graphs.join(", ")}\n`,
  );
  return 0;
}
