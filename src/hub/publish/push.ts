/**
 * @file A finished model, or adapter, as a repository on the Hub: created if there is none, and
 * changed in one commit.
 */

import { commitIter, createBranch, createRepo, modelInfo } from "@huggingface/hub";
import { UsageError } from "../../errors.ts";
import { connect, type Connection, Refusal, Unreachable } from "../connection.ts";
import { hubSettings, type HubSettings } from "../environment.ts";
import { type FinishedModel, type ModelFile, openFinishedModel } from "./finished-model.ts";
import { modelCard } from "./model-card.ts";
import { README } from "../model-files.ts";
import { parseRepository, type Repository } from "../repository.ts";
import { refused, told } from "../sentences.ts";
import type { HubOptions } from "../download/snapshot.ts";

export interface PushOptions extends HubOptions {
  /** Whether a repository that has to be created is for its owner alone. */
  readonly isPrivate?: boolean | undefined;
  /** A branch, created if there is none; main if absent. */
  readonly revision?: string | undefined;
  /** Title of the commit. */
  readonly message?: string | undefined;
  /** Identifier of the license for a generated model card, such as "apache-2.0". */
  readonly license?: string | undefined;
  /** Name on the Hub of the model that was trained, where the directory does not tell. */
  readonly baseModel?: string | undefined;
}

/** What was uploaded. */
export interface Pushed {
  /** The page of the model. */
  readonly url: string;
  readonly commit: string;
  /** Paths in the repository. */
  readonly files: readonly string[];
}

/**
 * Uploads a model: weights, settings, tokenizer and a README.md, which is generated if neither the
 * directory nor the repository has one. Checkpoints and logs stay where they are.
 *
 * @param name - "owner/name"
 * @throws {UsageError} if the directory is no finished model, there is no token, or the Hub refuses
 *   or is out of reach.
 */
export async function pushModel(
  directory: string,
  name: string,
  options: PushOptions,
): Promise<Pushed> {
  const { revision = "main", message = "Upload a model trained with flora" } = options;
  const repository = parseRepository(`${name}@${revision}`, "model");
  if (repository?.name !== name) {
    throw new UsageError(`repo: must be a name on the Hub, owner/name; got ${name}`);
  }
  const model = await openFinishedModel(options.host.files, directory, options.baseModel);
  const settings = await hubSettings(options.host, options);
  const connection = { ...connect(settings, options.signal), accessToken: tokenOf(settings) };
  try {
    const present = await prepareRepository(connection, repository, options);
    const files = [...model.files, ...cardFile(model, { name, present }, options)];
    const commit = await upload({ connection, repository, message, files }, options);
    const url = `${settings.endpoint}/${name}${revision === "main" ? "" : `/tree/${revision}`}`;
    return { url, commit, files: files.map(({ path }) => path) };
  } catch (error) {
    throw explain(error, repository, settings);
  }
}

function tokenOf({ token, tokenPath, endpoint, offline }: HubSettings): string {
  if (offline) throw new UsageError("push: needs the Hub, and HF_HUB_OFFLINE is set");
  if (token !== undefined) return token;
  throw new UsageError(`push: needs a token; HF_TOKEN is not set, and there is no ${tokenPath}`, {
    hint: `make one with permission to write on ${endpoint}/settings/tokens`,
  });
}

/** Makes sure that the repository and its branch exist; returns the files there. */
async function prepareRepository(
  connection: Connection & { readonly accessToken: string },
  { name, revision }: Repository,
  { isPrivate = false }: PushOptions,
): Promise<readonly string[]> {
  const repo = { type: "model", name } as const;
  const filesThere = async (): Promise<readonly string[]> => {
    const info = await modelInfo({
      ...connection,
      name,
      revision,
      additionalFields: ["filePaths"],
    });
    if (!isPrivate || info.private) return info.filePaths;
    throw new UsageError(`${name}: is public, and only new repositories are made private`, {
      hint: "change it in the settings on its page, or give another name",
    });
  };
  try {
    return await filesThere();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const isAbsent = error.status === 401 || error.status === 404;
    if (!isAbsent) throw error;
    if (error.code !== "RevisionNotFound") {
      await createRepo({ ...connection, repo, ...(isPrivate && { visibility: "private" }) });
    }
  }
  if (revision === "main") return [];
  await createBranch({ ...connection, repo, branch: revision });
  return filesThere();
}

/** The model card, unless there is one: somebody may have written to it. */
function cardFile(
  model: FinishedModel,
  { name, present }: { readonly name: string; readonly present: readonly string[] },
  { license, onEvent }: PushOptions,
): readonly ModelFile[] {
  if (model.files.some(({ path }) => path === README)) return [];
  if (present.includes(README)) {
    onEvent?.({ type: "notice", message: `${name} has a ${README}, which stays as it is` });
    return [];
  }
  const content = new Blob([modelCard({ ...model, name, license })]);
  return [{ path: README, content }];
}

interface Upload {
  readonly connection: Connection & { readonly accessToken: string };
  readonly repository: Repository;
  readonly message: string;
  readonly files: readonly ModelFile[];
}

/** Commits the files; returns the commit. */
async function upload(
  { connection, repository: { type, name, revision }, message, files }: Upload,
  { signal, onEvent }: PushOptions,
): Promise<string> {
  const bytesOf = new Map(files.map(({ path, content }) => [path, content.size]));
  const progress = commitIter({
    ...connection,
    repo: { type, name },
    branch: revision,
    title: message,
    operations: files.map(({ path, content }) => ({ operation: "addOrUpdate", path, content })),
    ...(signal && { abortSignal: signal }),
  });
  for (;;) {
    const { done, value } = await progress.next();
    if (done) return value?.commit.oid ?? "";
    if (value.event !== "fileProgress" || value.state !== "uploading") continue;
    const totalBytes = bytesOf.get(value.path) ?? 0;
    const bytes = Math.round(value.progress * totalBytes);
    onEvent?.({ type: "transfer", file: value.path, bytes, totalBytes });
  }
}

function explain(error: unknown, repository: Repository, settings: HubSettings): unknown {
  const { name } = repository;
  const { endpoint } = settings;
  if (error instanceof Unreachable) {
    return new UsageError(`${name}: cannot be uploaded to ${endpoint}; ${error.message}`, {
      cause: error,
      hint: "a commit is there whole or not at all: the same command begins again",
    });
  }
  if (!(error instanceof Refusal)) return error;
  const mayNot = [401, 403, 404].includes(error.status) && !/credentials/i.test(error.message);
  if (!mayNot) return refused(error, repository, settings);
  return new UsageError(`${name}: the token may not write there${told(error.message)}`, {
    cause: error,
    hint: `a token with permission to write is made on ${endpoint}/settings/tokens`,
  });
}
