/**
 * @file The README.md of a model on the Hub: metadata in YAML, by which the Hub finds and shows it,
 * and how it was made. Names of files of this computer stay out of it.
 *
 * Source: "Model Cards" in the documentation of the Hub.
 */

import type { JsonObject } from "../../files/json.ts";
import { repositoryOfPath } from "../cache.ts";
import type { TrainingRecord } from "./training-record.ts";

export interface CardOptions {
  /** "owner/name". */
  readonly name: string;
  readonly isAdapter: boolean;
  /** config.json, or adapter_config.json. */
  readonly config: JsonObject;
  readonly record?: TrainingRecord | undefined;
  /** Name of the base model on the Hub. */
  readonly baseModel?: string | undefined;
  /** Identifier of the license, such as "apache-2.0". */
  readonly license?: string | undefined;
}

/** The text of the card. */
export function modelCard(options: CardOptions): string {
  const { name, record } = options;
  return [
    ...frontMatter(options),
    "",
    `# ${name.split("/")[1]}`,
    "",
    sentence(options),
    ...(record ? section("Training", trainingRows(record)) : []),
    ...(record ? section("Results", resultRows(record, options)) : []),
    "",
    "## Use",
    "",
    ...shell(options),
    "```python",
    ...python(options),
    "```",
    "",
  ].join("\n");
}

function sentence({ isAdapter, baseModel, record }: CardOptions): string {
  const base = `[${baseModel}](https://huggingface.co/${baseModel})`;
  if (isAdapter) return `An adapter of ${base}${record ? ", trained with flora" : ""}.`;
  if (baseModel !== undefined) return `${base}, fine-tuned${record ? " with flora" : ""}.`;
  const isFromScratch = record !== undefined && typeof record.config["model"] !== "string";
  return `A model${isFromScratch ? ", trained from scratch" : ""}${record ? " with flora" : ""}.`;
}

function frontMatter({ isAdapter, config, record, baseModel, license }: CardOptions): string[] {
  const method = record?.config["method"];
  const datasets = record ? datasetsOf(record.config["train"]) : [];
  const fields: readonly (readonly [key: string, value: string | readonly string[] | undefined])[] =
    [
      ["library_name", isAdapter ? "peft" : "transformers"],
      ["pipeline_tag", pipelineTag(config)],
      ["license", license],
      ["base_model", baseModel],
      ["datasets", datasets.length > 0 ? datasets : undefined],
      ["tags", [...new Set(["flora", ...(typeof method === "string" ? [method] : [])])]],
    ];
  const lines = fields.flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (typeof value === "string") return [`${key}: ${yamlText(value)}`];
    return [`${key}:`, ...value.map((item) => `- ${yamlText(item)}`)];
  });
  return ["---", ...lines, "---"];
}

/** A text in YAML: as it is if it cannot be taken for anything else, in quotes if it can. */
const yamlText = (text: string): string =>
  /^[A-Za-z][\w./+-]*$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);

/** The repositories that training files of the cache belong to. */
function datasetsOf(files: unknown): readonly string[] {
  const paths = Array.isArray(files) ? files.filter((path) => typeof path === "string") : [];
  return [...new Set(paths.flatMap((path) => repositoryOfPath(path)?.name ?? []))];
}

/** What a model is for, by the end of the name of its architecture, or peft's type of task. */
const PIPELINE_TAGS: readonly (readonly [end: string, tag: string])[] = [
  ["LMHeadModel", "text-generation"],
  ["ForCausalLM", "text-generation"],
  ["ForConditionalGeneration", "text2text-generation"],
  ["ForMaskedLM", "fill-mask"],
  ["ForSequenceClassification", "text-classification"],
  ["ForTokenClassification", "token-classification"],
  ["ForQuestionAnswering", "question-answering"],
  ["ForImageClassification", "image-classification"],
  ["BertModel", "feature-extraction"],
  ["CAUSAL_LM", "text-generation"],
  ["SEQ_2_SEQ_LM", "text2text-generation"],
  ["SEQ_CLS", "text-classification"],
  ["TOKEN_CLS", "token-classification"],
  ["QUESTION_ANS", "question-answering"],
  ["FEATURE_EXTRACTION", "feature-extraction"],
];

function pipelineTag({ architectures, task_type: taskType }: JsonObject): string | undefined {
  const name = Array.isArray(architectures) ? architectures[0] : taskType;
  if (typeof name !== "string") return undefined;
  return PIPELINE_TAGS.find(([end]) => name.endsWith(end))?.[1];
}

interface Usage {
  /** The command of flora, and an example of what follows the model. */
  readonly command?: readonly [name: string, input: string];
  /** The class of transformers that loads the base of an adapter. */
  readonly loader: string;
  /** What says the most about held-out data besides the loss. */
  readonly measure: "perplexity" | "accuracy";
}

const GENERATION: Usage = {
  command: ["generate", '--prompt "..."'],
  loader: "AutoModelForCausalLM",
  measure: "perplexity",
};

const USAGES: Readonly<Record<string, Usage>> = {
  "text-generation": GENERATION,
  "text2text-generation": { ...GENERATION, loader: "AutoModelForSeq2SeqLM" },
  "fill-mask": { loader: "AutoModelForMaskedLM", measure: "perplexity" },
  "text-classification": {
    command: ["classify", '--text "..."'],
    loader: "AutoModelForSequenceClassification",
    measure: "accuracy",
  },
  "image-classification": {
    command: ["classify", '--image "..."'],
    loader: "AutoModelForImageClassification",
    measure: "accuracy",
  },
  "feature-extraction": {
    command: ["embed", '--text "..."'],
    loader: "AutoModel",
    measure: "accuracy",
  },
};

const usageOf = ({ config }: Pick<CardOptions, "config">): Usage =>
  USAGES[pipelineTag(config) ?? ""] ?? GENERATION;

type Row = readonly [title: string, value: string | undefined];

function trainingRows({
  config,
  data,
  parameterCount,
  step,
  totalSteps,
}: TrainingRecord): readonly Row[] {
  const text = (name: string): string | undefined => {
    const value = config[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const method = text("method");
  const hasRank = method !== undefined && method !== "dense";
  const datasets = datasetsOf(config["train"]).join(", ");
  const steps = step < totalSteps ? `${count(step)} of ${count(totalSteps)}` : count(step);
  return [
    ["parameters", count(parameterCount)],
    ["method", hasRank ? `${method}, rank ${text("rank")}` : method],
    ["optimizer", text("optimizer")],
    ["learning rate", text("learningRate")],
    ["schedule", text("schedule")],
    ["examples in a batch", text("batchSize")],
    ["batches in a step", text("microSteps")],
    ["steps", steps],
    ["data", datasets === "" ? data : `${datasets}: ${data}`],
    ["seed", text("seed")],
  ];
}

function resultRows(
  { trainingLoss, heldOut, translation }: TrainingRecord,
  options: CardOptions,
): readonly Row[] {
  const { accuracy } = heldOut ?? {};
  const measures = {
    perplexity: heldOut?.perplexity.toFixed(2),
    accuracy: accuracy === undefined ? undefined : `${(100 * accuracy).toFixed(2)} %`,
  };
  const { measure } = usageOf(options);
  return [
    ["training loss, last step", trainingLoss?.toFixed(4)],
    ["held-out loss", heldOut?.loss.toFixed(4)],
    [`held-out ${measure}`, measures[measure]],
    ["BLEU", translation && `${translation.bleu.toFixed(2)} (${translation.signature})`],
  ];
}

function section(title: string, rows: readonly Row[]): readonly string[] {
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`| ${name} | ${cell(value)} |`],
  );
  return lines.length === 0 ? [] : ["", `## ${title}`, "", "| | |", "|---|---|", ...lines];
}

const cell = (text: string): string => text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");

const count = (n: number): string => n.toLocaleString("en-US");

function shell(options: CardOptions): readonly string[] {
  const { command } = usageOf(options);
  if (!command) return [];
  const [verb, input] = command;
  const model = `--${options.isAdapter ? "adapter" : "model"} ${options.name}`;
  return ["```sh", `flora ${verb} ${model} ${input}`, "```", ""];
}

function python({ name, isAdapter, config, baseModel }: CardOptions): readonly string[] {
  if (isAdapter) {
    const { loader } = usageOf({ config });
    // peft replaces rows of the embedding, and makes none.
    const hasNewTokens = (config["trainable_token_indices"] ?? null) !== null;
    return [
      "from peft import PeftModel",
      `from transformers import ${loader}, AutoTokenizer`,
      "",
      `tokenizer = AutoTokenizer.from_pretrained("${name}")`,
      `base = ${loader}.from_pretrained("${baseModel ?? "BASE"}")`,
      ...(hasNewTokens ? ["base.resize_token_embeddings(len(tokenizer))"] : []),
      `model = PeftModel.from_pretrained(base, "${name}")`,
    ];
  }
  const tag = pipelineTag(config);
  return [
    "from transformers import pipeline",
    "",
    `model = pipeline("${tag ?? "text-generation"}", model="${name}")`,
  ];
}
