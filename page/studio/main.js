/** @file The page of the studio: what is chosen becomes a run in the worker, and what runs tell is drawn. */

/** @import { Device } from "flora-train" */

import uPlot from "uplot";
import { startWorker } from "./client.js";
import { createPanel } from "./panel.js";
import { llama } from "./sizes.js";

// The charts of the watch page find it there.
Object.assign(globalThis, { uPlot });

/** @type {Map<string, ReturnType<typeof createPanel>>} */
const panels = new Map();
/** The run that trains in this tab. @type {string | undefined} */
let training;
/** What computes in that run, and what would in another: names of runtimes. @type {string | undefined} */
let busy;
/** @type {string | undefined} */
let idle;

const worker = startWorker({
  event(name, event) {
    if (event.type === "start") {
      busy = event.device;
      say();
    }
    panels.get(name)?.take(event);
  },
  coming(file) {
    status.textContent = `fetching ${file}`;
  },
  said: (name, text) => panels.get(name)?.say(text),
});

const place = byId("runs", HTMLElement);
const status = byId("status", HTMLElement);
const problem = byId("problem", HTMLElement);
const form = byId("begin", HTMLFormElement);
const drop = byId("drop", HTMLElement);
const data = byId("data", HTMLInputElement);
const model = byId("model", HTMLSelectElement);
const device = byId("device", HTMLSelectElement);
const folder = byId("folder", HTMLInputElement);
const hub = byId("hub", HTMLInputElement);

/** Those that were dropped, or chosen. @type {File[]} */
let chosen = [];

data.addEventListener("change", () => choose([...(data.files ?? [])]));
for (const type of ["dragenter", "dragover"]) {
  addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (!event.dataTransfer) return;
  data.files = event.dataTransfer.files;
  choose([...data.files]);
});
model.addEventListener("change", () => {
  const isRun = model.value === "run";
  byId("folder-field", HTMLElement).hidden = model.value !== "folder" && !isRun;
  byId("hub-field", HTMLElement).hidden = model.value !== "hub";
  byId("steps-field", HTMLElement).hidden = isRun;
  byId("name-field", HTMLElement).hidden = isRun;
});
device.addEventListener("change", () => {
  problem.hidden = true;
  look().catch((error) => tell(error.message));
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  problem.hidden = true;
  begin().catch((error) => tell(error.message));
});

await open().catch((error) => tell(error.message));

/** Shows the runs that there are; one that was left in the middle goes on. */
async function open() {
  if (!("storage" in navigator) || !navigator.storage.getDirectory) {
    throw new Error("This browser keeps no files for pages; take a newer one.");
  }
  const runs = await worker.call("runs");
  for (const { name } of runs) await show(name);
  await look();
  const left = runs.find(({ isOpen }) => isOpen);
  if (left) await train(left.name, () => worker.call("goOn", left.name));
}

/** @param {File[]} files */
function choose(files) {
  chosen = files;
  byId("chosen", HTMLElement).textContent =
    files.length === 0
      ? "Drop a file here, or choose one: chats, CSV, text"
      : files.map(({ name }) => name).join(", ");
}

/** Begins the run that the form describes. */
async function begin() {
  if (chosen.length === 0) throw new Error("Drop a file first: chats, CSV or text.");
  if (training !== undefined) throw new Error(`The run ${training} is training; stop it before.`);
  const isRun = model.value === "run";
  const name = isRun ? folderName() : byId("name", HTMLInputElement).value;
  if (panels.has(name))
    throw new Error(`There is a run called ${name}; give another name, or remove it.`);
  // Ask to be kept where disk space is short.
  await navigator.storage.persist();
  const paths = chosen.map((file) => `data/${file.name}`);
  status.textContent = "copying …";
  for (const [i, path] of paths.entries()) {
    const file = chosen[i];
    if (file) await worker.call("keep", path, file);
  }
  if (isRun) {
    await worker.call("adopt", { name, data: paths, device: chosenDevice() });
    await keepFolder(`runs/${name}`).catch(async (error) => {
      await worker.call("remove", name);
      throw error;
    });
    return train(name, () => worker.call("goOn", name));
  }
  const request = {
    name,
    data: paths,
    model: await chosenModel(),
    steps: Number(byId("steps", HTMLInputElement).value),
    device: chosenDevice(),
  };
  await train(name, () => worker.call("begin", request));
}

/** A directory, a name on the Hub, or fields of config.json. */
async function chosenModel() {
  if (model.value === "tiny" || model.value === "small" || model.value === "medium") {
    return llama(model.value);
  }
  if (model.value === "hub") {
    if (!/^[\w.-]+\/[\w.-]+$/.test(hub.value)) {
      throw new Error(
        "A name on the Hub has an owner and a model, as in HuggingFaceTB/SmolLM2-135M.",
      );
    }
    return hub.value;
  }
  const directory = `models/${folderName()}`;
  await keepFolder(directory);
  return directory;
}

function folderName() {
  const name = folder.files?.[0]?.webkitRelativePath.split("/")[0];
  if (name === undefined) throw new Error("Choose a folder: config.json, weights, tokenizer.");
  return name;
}

/**
 * Copies the folder that was chosen.
 *
 * @param {string} to
 */
async function keepFolder(to) {
  for (const file of folder.files ?? []) {
    const path = file.webkitRelativePath.split("/").slice(1).join("/");
    if (!path.endsWith(".lock")) await worker.call("keep", `${to}/${path}`, file);
  }
}

/**
 * Follows a run to its end.
 *
 * @param {string} name
 * @param {() => Promise<void>} work
 */
async function train(name, work) {
  training = name;
  busy = undefined;
  const panel = panels.get(name) ?? (await show(name));
  update();
  try {
    await work();
  } catch (error) {
    const runs = await worker.call("runs");
    if (!runs.some((run) => run.name === name)) forget(name);
    throw error;
  } finally {
    training = undefined;
    update();
    panel.element.scrollIntoView({ block: "nearest" });
  }
}

/** @param {string} name */
async function show(name) {
  const panel = createPanel(
    name,
    {
      ask: (question) => worker.call("ask", name, question),
      goOn: () => train(name, () => worker.call("goOn", name)),
      stop: () => worker.call("stop"),
      pack: (isWhole) => worker.call("pack", name, isWhole),
      async remove() {
        await worker.call("remove", name);
        forget(name);
      },
    },
    tell,
  );
  panels.set(name, panel);
  place.prepend(panel.element);
  panel.begin((await worker.call("log", name)) ?? []);
  update();
  return panel;
}

/** @param {string} name */
function forget(name) {
  panels.get(name)?.element.remove();
  panels.delete(name);
}

function update() {
  for (const [name, panel] of panels) panel.show(name === training);
  say();
}

/** Finds out what would compute. */
async function look() {
  idle = await worker.call("device", chosenDevice());
  say();
}

/** @returns {Device} */
function chosenDevice() {
  return device.value === "webgpu" || device.value === "wasm" ? device.value : "auto";
}

function say() {
  const computing = training === undefined ? idle : busy;
  status.textContent = [
    training === undefined ? "ready" : `${training} trains in this tab`,
    ...(computing === undefined ? [] : [inWords(computing)]),
  ].join(", ");
}

/** @param {string} runtime its name */
function inWords(runtime) {
  if (runtime === "webgpu") return "on the GPU";
  return crossOriginIsolated
    ? "with threads"
    : "on one thread: the server of this page does not isolate it (COOP and COEP)";
}

/** @param {string} text */
function tell(text) {
  problem.textContent = text;
  problem.hidden = false;
  say();
}

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 */
function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`internal: no element ${id}`);
  return found;
}
