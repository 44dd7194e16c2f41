import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "flora-main-"));

const flora = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, npm_command: "" },
  });
  return { status, stdout, stderr: stderr.replace("building (once) ...\n", "") };
};

beforeAll(() => {
  writeFileSync(join(folder, "bad.yaml"), "rank: [1,\nsteps: 3\n");
  writeFileSync(join(folder, "wrong.yaml"), "steps: 3\nbatch-size: 0\n");
  writeFileSync(join(folder, "empty.txt"), "");
  flora("--version");
});

describe("bad input", () => {
  it.each([
    ["trian", "flora: trian: no such command\n  did you mean train?\n"],
    ["constructor", /no such command\n {2}commands: init, train, .*doctor\n$/],
    ["--foo", /^flora: --foo: no such option\n {2}commands: init, train, .*doctor\n$/],
    ["train --bach-size 3", "flora: --bach-size: no such option\n  did you mean --batch-size?\n"],
    ["train --rank", "flora: --rank: needs a value\n"],
    [
      "train --rank 0",
      "flora: --rank: must be a whole number above 0 and at most 1000000; got 0\n",
    ],
    [
      "train --rank 0 --optimizer adm",
      'flora: 2 options are wrong\n  --rank: must be a whole number above 0 and at most 1000000; got 0\n  --optimizer: must be one of adafactor, adam, adamw, momentum, muon, scale, sgd; got "adm"\n',
    ],
    [
      "train wrong.yaml",
      "flora: wrong.yaml: line 2: batchSize: must be a whole number above 0 and at most 1000000; got 0\n",
    ],
    ["train --rank 1 --rank 2", "flora: --rank: given twice\n"],
    ["train bad.yaml", /^flora: bad\.yaml: line \d: not YAML; .*\n$/],
    ["train absent.yaml", /^flora: absent\.yaml: cannot read the options: no such file.*\n.*\n$/],
    ["train --train absent.txt", /^flora: .*absent\.txt.*\n$/],
    [
      "train --train empty.txt",
      "flora: empty.txt: the file is empty; give one that has something to read\n",
    ],
    ["generate", /^flora: --model: missing\n/],
    ["generate --model . --prompt x", /^flora: config\.json: cannot read: no such file.*\n$/],
    [
      "generate --model . --prompt x --top-k 1.5",
      "flora: --top-k: must be a whole number at least 0; got 1.5\n",
    ],
    ["memory --jsn", /^flora: --jsn: no such option\n/],
    ["compare", /^flora: --methods: missing\n {2}give --methods dense,flora:8 or --suite /],
    [
      "compare --methods flora",
      "flora: methods: flora needs a rank; got flora\n  for example flora:8\n",
    ],
    ["compare --suite kapa", 'flora: suite: no such suite; got "kapa"\n  did you mean kappa?\n'],
    [
      "compare --methods dense --output .",
      /^flora: --output: holds something that is no comparison; got \.\n/,
    ],
    ["doctor now", "flora: now: unexpected\n"],
  ])("flora %s is refused in a sentence", (line, message) => {
    const { status, stdout, stderr } = flora(...line.split(" "));
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(status).toBe(2);
    expect(readdirSync(folder).toSorted()).toEqual(["bad.yaml", "empty.txt", "wrong.yaml"]);
  });
});

describe("questions", () => {
  it("answers --version as the manifest does", () => {
    const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    const version = /"version": "(.*)"/.exec(manifest)?.[1];
    expect(flora("--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });

  it.each([
    [[], /^flora: full-rank training/],
    [["--help"], /^flora: full-rank training/],
    [["train", "--help"], /^usage: flora train \[config\.yaml\]/],
    [["train", "--rank", "-h"], /^usage: flora train/],
    [["generate", "-h"], /^usage: flora generate/],
    [["memory", "--help"], /--json/],
    [["compare", "--help"], /--suite kappa: /],
    [["doctor", "--help"], /^usage: flora doctor\n/],
  ])("answers %j", (words, text) => {
    const { status, stdout, stderr } = flora(...words);
    expect(stdout).toMatch(text);
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("falls silent when nobody reads", async () => {
    const child = spawn(process.execPath, [BIN, "train", "--help"], { stdio: "pipe" });
    child.stdout.destroy();
    const errors: string[] = [];
    child.stderr.on("data", (data: Buffer) => errors.push(data.toString()));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, errors }).toEqual({ code: 0, errors: [] });
  });
});

it("predicts memory as JSON", () => {
  const { status, stdout } = flora("memory", "--json", "--model.n_layer", "1", "--rank", "4");
  expect(status).toBe(0);
  const answer: unknown = JSON.parse(stdout);
  expect(answer).toMatchObject({ memory: { rows: expect.any(Array) } });
});
