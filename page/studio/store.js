/**
 * @file What the studio keeps in the browser, by the store of files of flora:
 *
 *   data/NAME            files that were dropped
 *   models/NAME/         models that were opened
 *   runs/NAME/           what a run writes: a model, its log, checkpoints
 *   requests/NAME.json   what the run was begun with
 */

/** @import { Device } from "flora-train" */
/** @import { FileStore } from "flora-train/host" */
/** @import { Entry } from "./zip.js" */

import { exists, readText, writeFile } from "flora-train/host";

/**
 * @typedef {object} Request
 * @property {string} name of the run
 * @property {string[]} data paths
 * @property {string | Record<string, number | string> | undefined} [model] a directory, a name on the Hub, or fields of config.json; absent for a run
 *   that began elsewhere
 * @property {number} [steps]
 * @property {Device} [device] what computes; "auto" if absent
 */

const PART_BYTES = 2 ** 24;

/** @param {string} name */
export const outputOf = (name) => `runs/${name}`;
/** @param {string} name */
const requestOf = (name) => `requests/${name}.json`;

/**
 * Copies a file of the person's into the store.
 *
 * @param {FileStore} files
 * @param {string} path
 * @param {File} file
 */
export async function keepFile(files, path, file) {
  await files.makeDirectory(path.replace(/\/[^/]*$/, ""));
  try {
    await copy(files, path, file);
  } catch (error) {
    // Half a file takes room, and is good for nothing.
    await files.remove(path);
    throw error;
  }
}

/**
 * @param {FileStore} files
 * @param {string} path
 * @param {File} file
 */
async function copy(files, path, file) {
  const kept = await files.append(path);
  try {
    await kept.clear();
    for (let begin = 0; begin < file.size; begin += PART_BYTES) {
      const part = await file
        .slice(begin, begin + PART_BYTES)
        .arrayBuffer()
        .catch((cause) => {
          throw new Error(`${file.name} cannot be read; is it a folder, or was it moved?`, {
            cause,
          });
        });
      await kept.write(new Uint8Array(part));
    }
    await kept.sync();
  } finally {
    await kept.close();
  }
}

/**
 * @param {FileStore} files
 * @param {Request} request
 */
export async function keepRequest(files, request) {
  await files.makeDirectory("requests");
  await writeFile(files, requestOf(request.name), JSON.stringify(request));
}

/**
 * @param {FileStore} files
 * @param {string} name
 * @returns {Promise<Request | undefined>} undefined for a run that was begun elsewhere
 */
export async function readRequest(files, name) {
  const path = requestOf(name);
  return (await exists(files, path)) ? JSON.parse(await readText(files, path)) : undefined;
}

/**
 * The runs that there are, by name.
 *
 * @param {FileStore} files
 */
export async function runNames(files) {
  await files.makeDirectory("runs");
  const entries = await files.list("runs");
  return entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
}

/**
 * @param {FileStore} files
 * @param {string} name
 */
export async function forgetRun(files, name) {
  await files.remove(outputOf(name));
  await files.remove(requestOf(name));
}

/**
 * The files of a run's model; with its checkpoints and its log, where it is to go on elsewhere.
 *
 * @param {FileStore} files
 * @param {string} name
 * @param {boolean} isWhole
 * @returns {Promise<Entry[]>}
 */
export async function filesOfRun(files, name, isWhole) {
  const paths = await below(files, outputOf(name));
  const wanted = paths.filter(
    (path) =>
      !path.endsWith(".lock") &&
      (isWhole || (path.split("/").length === 3 && !/\.(?:jsonl|tmp)$/.test(path))),
  );
  return Promise.all(
    wanted.map(async (path) => ({
      name: path.slice("runs/".length),
      content: await contentOf(path),
    })),
  );
}

/**
 * @param {FileStore} files
 * @param {string} directory
 * @returns {Promise<string[]>}
 */
async function below(files, directory) {
  const entries = await files.list(directory);
  const paths = entries.map(async ({ name, kind }) => {
    const path = `${directory}/${name}`;
    return kind === "file" ? [path] : below(files, path);
  });
  return (await Promise.all(paths)).flat();
}

/**
 * A file of the store as one that can be handed out without being read.
 *
 * @param {string} path
 */
async function contentOf(path) {
  const names = path.split("/");
  let directory = await navigator.storage.getDirectory();
  for (const name of names.slice(0, -1)) directory = await directory.getDirectoryHandle(name);
  return (await directory.getFileHandle(names.at(-1) ?? "")).getFile();
}
