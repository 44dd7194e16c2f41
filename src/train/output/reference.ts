/**
 * @file What the reference model makes of the answers of a run: computed once, before the first step, by the model as it is then, and kept
 * beside the checkpoints. Adapters are empty at first, so that theirs is the base; those of another run that are gone on with are part of it.
 */

import { FormatError, option, UsageError } from "../../errors.ts";
import type { Hash } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import type { Batch } from "../../models/batch.ts";
import { float32 } from "../../tensor/host-tensor.ts";
import { openSafetensors, writeSafetensors } from "../../weights/index.ts";
import type { Run } from "../setup/run.ts";
import { checkpointFolder } from "./checkpoints.ts";

const NAME = "reference.safetensors";
const TENSOR = "log_probabilities";

type Asked = Pick<Run, "config" | "context" | "data" | "engine" | "reference">;

/** Asks the model as it is, if the objective of the run has a reference. */
export async function askReference({ context, data, engine, reference }: Asked): Promise<void> {
  if (!reference || !data.answers) return;
  reference.isAsked = true;
  const hash = context.host.hash("sha256");
  try {
    await engine.evaluate(hashed(hash, data.answers.batches()));
  } finally {
    reference.isAsked = false;
  }
  reference.answers = await hash.digest();
}

/** Writes what the reference said. */
export async function saveReference({ config, context, reference }: Asked): Promise<void> {
  if (!reference) return;
  const { logProbabilities } = reference;
  const { files } = context.host;
  const folder = checkpointFolder(config.output);
  await files.makeDirectory(folder);
  const tensor = float32([logProbabilities.length], logProbabilities);
  await writeSafetensors(files, join(folder, NAME), [[TENSOR, tensor]], {
    metadata: { answers: reference.answers ?? "" },
  });
}

/**
 * Reads what the reference said when the run began.
 *
 * @throws {UsageError} if it was asked about other answers.
 * @throws {FormatError} if the file is damaged.
 */
export async function loadReference(run: Asked): Promise<void> {
  const { config, context, reference } = run;
  if (!reference) return;
  const path = join(checkpointFolder(config.output), NAME);
  const { files } = context.host;
  if ((await files.stat(path)) === undefined) {
    throw new UsageError(
      `${option("resume")}: needs what the reference model said; got no ${path}`,
      { hint: `leave ${option("resume")} out to start anew` },
    );
  }
  const file = await openSafetensors(files, path);
  try {
    reference.answers = await contentOf(run);
    if (file.metadata["answers"] !== reference.answers) {
      throw new UsageError(
        `${option("validation")}: the reference model was asked about other answers; got ${path}`,
        { hint: "go on with the data that the run was started with" },
      );
    }
    const { data } = await file.read(TENSOR);
    if (!(data instanceof Float32Array) || data.length !== reference.logProbabilities.length) {
      throw new FormatError(path, `${TENSOR} must be a float32 of each answer`);
    }
    reference.logProbabilities.set(data);
  } finally {
    await file.close();
  }
}

/** What all answers are told from others by. */
function contentOf({ context, data }: Asked): Promise<string> {
  const hash = context.host.hash("sha256");
  for (const _ of hashed(hash, data.answers?.batches() ?? []));
  return hash.digest();
}

/** The same batches, of which a digest is taken: ranks have a part in each, and look at all of them together. */
function* hashed(hash: Hash, batches: Iterable<Batch>): Generator<Batch, void, undefined> {
  for (const batch of batches) {
    const { inputs, targets, weights } = batch;
    for (const { buffer, byteOffset, byteLength } of [
      ...Object.values(inputs).map((input) => input.data),
      targets,
      weights,
    ]) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
    yield batch;
  }
}
