/** @file What a run leaves: a Hugging Face model, or the adapters of one in peft's format. The log and checkpoints stand beside it. */

import type { Run } from "../setup/run.ts";
import { mergedWeights } from "../../adapters/merge.ts";
import { joinedAdapters, joinInitial } from "../../adapters/pissa.ts";
import { peftName, settingsOf } from "../../adapters/index.ts";
import { tokenRowsName } from "../../adapters/token-rows.ts";
import { weightRows } from "../../engine/parts/state.ts";
import { bufferOf } from "../../runtime/buffers.ts";
import { repositoryOfPath } from "../../hub/cache.ts";
import { readTensor } from "../../runtime/runtime.ts";
import { GENERATION_CONFIG } from "../../weights/files/file-names.ts";
import { readGenerationConfig, saveAdapter, saveModel } from "../../weights/index.ts";
import { formatJson } from "../../weights/save-directory.ts";
import { leavesAdapters } from "../setup/method.ts";

export async function saveOutput(run: Run): Promise<void> {
  if (leavesAdapters(run.config)) return saveAdapters(run);
  const { config } = run;
  const generationConfig = await generationConfigOf(run);
  await saveModel(
    run.context.host.files,
    config.output,
    {
      config: configOf(run),
      ...(generationConfig && { generationConfig }),
      weights: mergedWeights(run.base, run.adapters, run.engine.parts),
      files: companionsOf(run),
    },
    { dtype: config.outputDtype ?? config.weightDtype },
  );
}

/** Where texts begin and end. */
function tokenIds({ base, tokenizer }: Run): Readonly<Record<string, number>> {
  const end = tokenizer?.endOfText;
  if (end === undefined) return {};
  const begins =
    base.decoderStart === undefined
      ? { bos_token_id: tokenizer?.startOfText ?? end }
      : { decoder_start_token_id: base.decoderStart };
  return { ...begins, eos_token_id: end };
}

/** The configuration, in which a model from disk keeps what it says of its tokens. */
function configOf(run: Run): Readonly<Record<string, unknown>> {
  const { base, config } = run;
  const isLoaded = typeof config.model === "string";
  const ids = Object.entries(tokenIds(run)).filter(
    ([name]) => !isLoaded || (base.config[name] ?? null) === null,
  );
  return { ...base.config, ...Object.fromEntries(ids) };
}

/** The file of the model that training began with; else what is known of the tokens. Undefined for models that write no text. */
async function generationConfigOf(
  run: Run,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { base, config, context, data, tokenizer } = run;
  if (base.task !== "causal" && base.task !== "seq2seq") return undefined;
  const own =
    typeof config.model === "string"
      ? await readGenerationConfig(context.host.files, config.model)
      : undefined;
  const fields = own ?? { ...tokenIds(run), ...(tokenizer && { pad_token_id: tokenizer.pad }) };
  return withStopTokens(fields, data.stopTokens ?? [], tokenizer?.endOfText);
}

/** The end of text, and beside it what else ends an answer. */
function withStopTokens(
  fields: Readonly<Record<string, unknown>>,
  stopTokens: readonly number[],
  endOfText: number | undefined,
): Readonly<Record<string, unknown>> {
  const ends = [fields["eos_token_id"] ?? endOfText ?? []].flat();
  const all = [...new Set([...ends, ...stopTokens])];
  return all.length === ends.length ? fields : { ...fields, eos_token_id: all };
}

/** The files of the tokenizer, or of what stands in its place. */
const companionsOf = ({ tokenizer, processor }: Run): ReadonlyMap<string, string> =>
  (tokenizer ?? processor)?.files ?? new Map();

async function saveAdapters(run: Run): Promise<void> {
  const { base, adapters, config, newTokens, plan } = run;
  const { state } = run.engine;
  const isInRows = (name: string) => newTokens?.tables.includes(name) ?? false;
  const isSaved = (name: string) => plan.get(name)?.training !== undefined && !isInRows(name);
  const saved = [...base.params.keys()].filter(isSaved);
  const settings = settingsOf(base, joinedAdapters(adapters), saved, newTokens);
  const names = [...run.model.params.keys()].filter(
    (name) => !base.params.has(name) || isSaved(name),
  );
  const stored = (name: string) => peftName(base, name);
  const own = await Promise.all(
    names.map(
      async (name) => [stored(name), await readTensor(bufferOf(state.weights, name))] as const,
    ),
  );
  const tensors = new Map(joinInitial(new Map(own), adapters, stored));
  if (newTokens) {
    for (const table of newTokens.tables) {
      const rows = await weightRows(state, table, newTokens.tokens);
      tensors.set(stored(tokenRowsName(table)), rows);
    }
  }
  const path = typeof config.model === "string" ? config.model : null;
  // A model of the Hub is found by its name wherever the cache is.
  const model = path === null ? null : (repositoryOfPath(path)?.name ?? path);
  const adapterConfig = { ...settings, base_model_name_or_path: model };
  const files = new Map(companionsOf(run));
  // What the base does not stop at yet.
  const generationConfig = run.data.stopTokens && (await generationConfigOf(run));
  if (generationConfig) files.set(GENERATION_CONFIG, formatJson(generationConfig));
  await saveAdapter(run.context.host.files, config.output, adapterConfig, tensors, files);
}
