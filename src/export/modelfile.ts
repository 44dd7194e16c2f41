/** @file The Modelfile of a model, by which ollama takes it in: where it lies, what ends its answers, how it is sampled. */

/** The words of ollama for fields of generation_config.json. */
const PARAMETERS = {
  temperature: "temperature",
  top_k: "top_k",
  top_p: "top_p",
  min_p: "min_p",
  repetition_penalty: "repeat_penalty",
} as const;

/**
 * The content of the file. ollama finds the chat template in the model.
 *
 * @param stops - texts that end an answer
 */
export function modelfile(
  model: string,
  generationConfig: Readonly<Record<string, unknown>>,
  stops: readonly string[],
): string {
  const isSampled = generationConfig["do_sample"] === true;
  const numbers = Object.entries(PARAMETERS).flatMap(([field, name]) => {
    const value = generationConfig[field];
    const counts = isSampled || field === "repetition_penalty";
    return counts && typeof value === "number" ? [`PARAMETER ${name} ${value}`] : [];
  });
  const lines = [
    `FROM ./${model}`,
    ...(isSampled ? [] : ["PARAMETER temperature 0"]),
    ...numbers,
    ...stops.filter(isPlain).map((text) => `PARAMETER stop "${text}"`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Whether a text needs no escapes, for which a Modelfile has no rules. */
const isPlain = (text: string): boolean => !/["\\\n]/.test(text);
