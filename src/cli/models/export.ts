/** @file `flora export`: a model for other runtimes. */

import { option, UsageError } from "../../errors.ts";
import type { ExportDType, ExportFormat } from "../../export/index.ts";
import { nodeHost } from "../../host/node.ts";
import { basename, join } from "../../host/path.ts";
import { fetchModels } from "../inputs/fetch.ts";
import { formatCount } from "../terminal/format.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { modelNames, modelOptions } from "../arguments/model-options.ts";
import { parseOptions, required } from "../arguments/options.ts";
import { standardOutput } from "../terminal/terminal.ts";

const FORMATS: readonly ExportFormat[] = ["onnx", "gguf", "safetensors"];
const DTYPES: readonly ExportDType[] = ["fp32", "fp16", "bf16", "q8", "q4"];

export const help: CommandHelp = {
  usage: "export --model DIR --output DIR [--format onnx|gguf|safetensors] [--dtype TYPE]",
  summary: "write a model for other programs",
  options: {
    ...modelOptions,
    output: { kind: "text", value: "DIR", help: "an empty directory" },
    format: {
      kind: "choice",
      choices: FORMATS,
      default: "onnx",
      help: "as transformers.js and onnxruntime read it, as llama.cpp and ollama do, or as transformers does",
    },
    dtype: {
      kind: "choice",
      choices: DTYPES,
      help: "of the weights: fp16 as GGUF, fp32 as ONNX, as they are in safetensors if absent",
    },
  },
  examples: [
    "flora export --model runs/flora --output runs/onnx",
    "flora export --model runs/flora --output runs/gguf --format gguf --dtype q8",
    "flora export --model runs/lora --output runs/lora-gguf --format gguf",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const output = required(options, "output", help);
  const format = FORMATS.find((each) => each === options.text("format"));
  const dtype = DTYPES.find((each) => each === options.text("dtype"));
  const names = await fetchModels(modelNames(options, help));
  const { files } = nodeHost();
  const { checkEmpty } = await import("../../train/output/claim.ts");
  await checkEmpty(files, output, { hint: `give another ${option("output")}` });
  const { ADAPTER_FILE, exportAdapter, exportModel, isAdapterDirectory } =
    await import("../../export/index.ts");
  const { directory, adapter } = names;
  if (directory !== undefined && adapter === undefined) {
    if (await isAdapterDirectory(files, directory)) {
      if (format !== "gguf") {
        throw new UsageError(
          `${option("format")}: ${format} holds whole models; got the adapter ${directory}`,
          { hint: `give it as ${option("adapter")}, and it is folded into its base` },
        );
      }
      const base = await fetchModels({ directory: undefined, adapter: directory });
      const from = { adapter: directory, directory: base.directory };
      const count = await exportAdapter(files, { ...from, output, dtype });
      const path = join(output, ADAPTER_FILE);
      standardOutput().write(
        `${count} adapters are in ${path}; next:\n  llama-cli --model base.gguf --lora ${path}\n`,
      );
      return 0;
    }
  }
  const { openRuntime } = await import("../../runtime/device.ts");
  const settings = { ...names, output, format, dtype };
  const exported = await exportModel(files, await openRuntime(), settings);
  const { write } = standardOutput();
  write(
    `${formatCount(exported.parameterCount)} parameters are in ${output}: ${exported.files.join(", ")}\n`,
  );
  if (format === "gguf") {
    write(`next:\n  ollama create ${basename(output)} -f ${join(output, "Modelfile")}\n`);
  }
  return 0;
}
