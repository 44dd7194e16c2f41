/**
 * @file The worker of the studio: it trains, answers and keeps files, so that the page stays awake. It is asked by messages
 * `{ id, method, args }`, and answers each with `{ id, result }` or `{ id, error }`, a sentence; what there is of an answer comes as `{ run, said }`, what a run
 * tells as `{ run, event }`, and what is fetched for it as `{ run, coming }`.
 */

/** @import { Request } from "./store.js" */
/** @import { Device, Runtime, TrainEvent } from "flora-train" */

import { browserHost, loadModel, openRuntime, readLog, train } from "flora-train";
import { resolveModel } from "flora-train/weights";
import { answer } from "./answer.js";
import { optionsOf } from "./options.js";
import { sentence } from "./sentence.js";
import {
  filesOfRun,
  forgetRun,
  keepFile,
  keepRequest,
  outputOf,
  readRequest,
  runNames,
} from "./store.js";
import { zip } from "./zip.js";

const host = browserHost();
const { files } = host;
/** What another tab may take to go, that was reloaded. */
const LAST_MOMENTS_MS = 3000;

/** By the device that was asked for. @type {Map<Device, Promise<Runtime>>} */
const opened = new Map();
/** @param {Device} [device] */
function runtime(device = "auto") {
  const found = opened.get(device) ?? openRuntime({ device, threads: threadCount() });
  opened.set(device, found);
  return found;
}

/** All cores, of which onnxruntime would take half; more than some gain nothing. */
const MOST_THREADS = 8;
const threadCount = () =>
  crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1;

/**
 * @typedef {object} Active
 * @property {string} name
 * @property {AbortController} stop
 * @property {(() => Promise<void>)[]} waiting what is asked of the model, until a step has ended
 * @property {ReturnType<typeof train>} [run]
 */

/** The run that goes on in this tab. @type {Active | undefined} */
let active;

const methods = {
  /**
   * What computes if a device is asked for.
   *
   * @param {Device} device
   */
  device: async (device) => (await runtime(device)).name,

  /** The runs there are, and whether each was left in the middle. */
  async runs() {
    const names = await runNames(files);
    return Promise.all(
      names.map(async (name) => {
        const last = (await readLog(outputOf(name)).catch(() => undefined))?.at(-1);
        const isBegun = last !== undefined || (await readRequest(files, name)) !== undefined;
        return { name, isOpen: isBegun && last?.type !== "end" };
      }),
    );
  },

  /** @param {string} name */
  log: (name) => readLog(outputOf(name)),

  /**
   * @param {string} path
   * @param {File} file
   */
  keep: (path, file) => keepFile(files, path, file),

  /** @param {Request} request */
  async begin(request) {
    await checkFree(request.name);
    await keepRequest(files, request);
    try {
      await inOneTab(request.name, () => follow(request.name));
    } catch (error) {
      // A run that was refused leaves nothing.
      if ((await readLog(outputOf(request.name)).catch(() => undefined)) === undefined) {
        await forgetRun(files, request.name);
      }
      throw error;
    }
  },

  /**
   * Makes place for a run that began elsewhere, and remembers where its data are here.
   *
   * @param {Request} request
   */
  async adopt(request) {
    await checkFree(request.name);
    await keepRequest(files, request);
  },

  /** @param {string} name */
  goOn: (name) => inOneTab(name, () => follow(name)),

  async stop() {
    active?.stop.abort(new Error("stopped"));
  },

  /**
   * @param {string} name
   * @param {string} question
   */
  ask(name, question) {
    const answering = () => answerOf(name, question);
    const live = active?.name === name ? active : undefined;
    if (!live) return answering();
    return new Promise((resolve, reject) => {
      live.waiting.push(() => answering().then(resolve, reject));
    });
  },

  /**
   * @param {string} name
   * @param {boolean} isWhole
   */
  async pack(name, isWhole) {
    const found = await filesOfRun(files, name, isWhole);
    if (!isWhole && !found.some((each) => each.name.endsWith("/config.json"))) {
      throw new Error("there is no model yet; the first is saved after the first evaluation");
    }
    return zip(found, files.crc32);
  },

  /** @param {string} name */
  async remove(name) {
    if (active?.name === name) throw new Error("it is training; stop it before");
    await inOneTab(name, () => forgetRun(files, name));
  },
};

/**
 * Trains to the end, from the last checkpoint if there is one.
 *
 * @param {string} name
 */
async function follow(name) {
  if (active) throw new Error(`the run ${active.name} is training; stop it before`);
  /** @type {Active} */
  const own = { name, stop: new AbortController(), waiting: [] };
  active = own;
  try {
    const output = outputOf(name);
    const canGoOn = (await files.stat(`${output}/checkpoint`)) !== undefined;
    const request = await readRequest(files, name);
    if (!canGoOn && !request?.model)
      throw new Error(`the run ${name} has no checkpoint to go on from`);
    const options =
      request && !canGoOn
        ? await optionsOf(host, { ...request, model: await fetched(name, request.model, own.stop) })
        : { resume: true, ...(request && { train: request.data }) };
    const context = { runtime: await runtime(request?.device), signal: own.stop.signal };
    const run = train({ ...options, output }, context);
    own.run = run;
    for await (const event of run) {
      if (event.type !== "micro-step") tell(name, event);
      // Messages come between two tasks, and a run has none of its own.
      await new Promise((resolve) => setTimeout(resolve));
      await answerAll(own.waiting);
    }
    // An end that came to nothing is told with its reason.
    const { dispose } = await run.result();
    await dispose();
  } finally {
    active = undefined;
    await answerAll(own.waiting);
  }
}

/** @param {string} name */
async function checkFree(name) {
  if ((await runNames(files)).includes(name)) {
    throw new Error(`there is a run called ${name}; give another name, or remove it`);
  }
}

/**
 * A model whose name on the Hub has become a directory.
 *
 * @param {string} name of the run
 * @param {Request["model"]} model
 * @param {AbortController} stop
 */
async function fetched(name, model, { signal }) {
  if (typeof model !== "string") return model;
  return resolveModel(model, {
    host,
    signal,
    onEvent(event) {
      if (event.type !== "transfer") return;
      const share = Math.floor((100 * event.bytes) / event.totalBytes);
      postMessage({ run: name, coming: `${event.file}, ${share} %` });
    },
  });
}

/** @param {Active["waiting"]} waiting */
async function answerAll(waiting) {
  for (const each of waiting.splice(0)) await each();
}

/**
 * What the model of a run says: as it is in memory while it trains, else as it was saved.
 *
 * @param {string} name
 * @param {string} question
 */
async function answerOf(name, question) {
  const computing = await runtime((await readRequest(files, name))?.device);
  const live = active?.name === name ? active.run?.model() : undefined;
  /** @param {string} said */
  const onText = (said) => postMessage({ run: name, said });
  if (live) return answer(live, computing, question, onText);
  const directory = outputOf(name);
  if ((await files.stat(`${directory}/config.json`)) === undefined) {
    throw new Error("there is no model yet; the first is saved after the first evaluation");
  }
  const saved = await loadModel(computing, { directory });
  try {
    return await answer(saved, computing, question, onText);
  } finally {
    for (const weight of saved.weights.values()) weight.release();
  }
}

/**
 * Does what must not be done in two tabs at once.
 *
 * @param {string} name of a run
 * @param {() => Promise<void>} work
 */
async function inOneTab(name, work) {
  const signal = AbortSignal.timeout(LAST_MOMENTS_MS);
  let isHeld = false;
  await navigator.locks
    .request(`flora studio ${name}`, { signal }, async () => {
      isHeld = true;
      await work();
    })
    .catch((error) => {
      if (isHeld) throw error;
      throw new Error(`the run ${name} goes on in another tab; close that one, or watch it there`, {
        cause: error,
      });
    });
}

/**
 * @param {string} name
 * @param {TrainEvent} event
 */
function tell(name, event) {
  postMessage({ run: name, event: { ...event, time: new Date().toISOString() } });
}

addEventListener("message", async ({ data: { id, method, args } }) => {
  try {
    const result = await Reflect.apply(Reflect.get(methods, method), methods, args);
    postMessage({ id, result });
  } catch (error) {
    postMessage({ id, error: sentence(error) });
  }
});

/** @typedef {typeof methods} Methods */
