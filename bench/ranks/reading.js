/**
 * @file What a rank reads and encodes of data, and what it holds of them: `mpirun -n 2 node --expose-gc bench/ranks/reading.js '{"config": {...}}'`, or
 * without mpirun. The first rank prints JSON.
 */

import { alone } from "../../dist/collective/index.js";
import { isStartedByMpi, joinMpi } from "../../dist/collective/mpi.js";
import { nodeHost } from "../../dist/host/node.js";
import { parseConfig } from "../../dist/index.js";
import { gpt2 } from "../../dist/models/index.js";
import { randomKey } from "../../dist/random/index.js";
import { loadData } from "../../dist/tasks/load.js";
import { openDataset } from "../../dist/tasks/reading/dataset.js";
import { loadTokenizer } from "../../dist/text/index.js";

const { config: options, tokenizer: path } = JSON.parse(process.argv[2]);
const ranks = isStartedByMpi(process.env) ? await joinMpi(process.env) : alone;
const config = parseConfig({ contextLength: 1024, tooLong: "drop", ...options });
const { files } = nodeHost();
const tokenizer = await loadTokenizer(files, path);
let bytesRead = 0;
const counted = {
  ...files,
  async open(name) {
    const file = await files.open(name);
    const read = async (begin, end) => {
      const part = await file.read(begin, end);
      bytesRead += part.length;
      return part;
    };
    return { ...file, read };
  },
};
let characters = 0;
let ms = 0;
const timed = (encode) => (text) => {
  const { user } = process.cpuUsage();
  const ids = encode(text);
  ms += (process.cpuUsage().user - user) / 1000;
  characters += text.length;
  return ids;
};
const held = () => {
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const before = held();
const data = await loadData({
  config,
  dataset: openDataset({ config, files: counted, ranks }),
  tokenizer: {
    ...tokenizer,
    encode: timed(tokenizer.encode),
    encodePrompt: timed(tokenizer.encodePrompt),
  },
  model: gpt2({}),
  contextLength: config.contextLength,
  key: randomKey(1),
});
data.training.batchAt(0);
const bytes = held() - before;
const all = ranks.gather([bytesRead, characters, ms / 1000, bytes]);
if (ranks.rank === 0) {
  const [own] = all.map(([read, most, seconds, kept]) => ({
    read,
    characters: most,
    seconds,
    bytes: kept,
  }));
  process.stdout.write(`${JSON.stringify({ ...own, description: data.description })}\n`);
}
if (ranks !== alone) ranks.close();
