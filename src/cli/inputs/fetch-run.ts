/** @file The options of a run in which names on the Hub have become paths. */

import { parseConfig, type TrainConfig, type TrainOptions } from "../../options/config.ts";
import { withHub } from "../reports/transfer.ts";
import { whenInterrupted } from "./fetch.ts";

/**
 * The configuration of a run of which no weights are read: of its model, the settings are fetched.
 *
 * @throws {UsageError} as `fetchModels` does.
 */
export async function fetchSettings(config: TrainConfig): Promise<TrainConfig> {
  const { model } = config;
  if (typeof model !== "string") return config;
  const { resolveModel } = await import("../../hub/index.ts");
  const directory = await withHub(
    (options) => resolveModel(model, { ...options, weights: false }),
    { whenInterrupted },
  );
  return { ...config, model: directory };
}

/**
 * The options of a run, in which the model and the files of the data are paths.
 *
 * @param dataset - name on the Hub, if there is one
 * @throws {UsageError} as `fetchModels` does.
 */
export async function fetchInputs(options: TrainOptions, dataset?: string): Promise<TrainOptions> {
  const { model, teacher, train: files, validation: heldOut } = options;
  const larger = teacher?.endsWith(".safetensors") === true ? undefined : teacher;
  if (typeof model !== "string" && larger === undefined && dataset === undefined) return options;
  // What is wrong with the options is said before anything is fetched.
  parseConfig(dataset === undefined ? options : { ...options, train: files ?? "data.txt" });
  const { resolveDataset, resolveModel } = await import("../../hub/index.ts");
  return withHub(
    async (hub) => {
      const directory = typeof model === "string" ? await resolveModel(model, hub) : undefined;
      const inputs = {
        ...options,
        ...(directory !== undefined && { model: directory }),
        ...(larger !== undefined && {
          teacher: await resolveModel(larger, { ...hub, namedBy: "teacher" }),
        }),
      };
      if (dataset === undefined) return inputs;
      const wanted = { train: textsOf(files), validation: textsOf(heldOut) };
      const { train, validation } = await resolveDataset(dataset, wanted, hub);
      return { ...inputs, train, ...(validation.length > 0 && { validation }) };
    },
    { whenInterrupted },
  );
}

/** One text or several, as options give them. */
const textsOf = (value: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof value === "string" ? [value] : value;
