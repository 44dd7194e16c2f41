/** Which model `flora memory` and `flora inspect` look at: the one that `flora train` would take of the same words. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inTerminal } from "../../support/terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-memory-"));
const run = join(folder, "run");
const data = join(folder, "data.jsonl");

const told = async (words: string): Promise<string> => {
  const { output, errors } = await inTerminal(words.split(" "), "");
  return output + errors;
};

beforeAll(async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ source: `question ${i}`, target: "yes" }));
  writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const model = "--model.n_embd 24 --model.n_layer 1 --model.n_head 2 --model.n_positions 48";
  const training = `--steps 1 --samples 0 --translations 0 --batch-size 3 --rank 5 --output ${run}`;
  const trained = await told(`train --train ${data} ${model} ${training}`);
  expect(trained).toContain("1 step in");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("flora memory", () => {
  it("counts the model and the options of the run that another begins with", async () => {
    const text = await told(`memory --from ${run}`);
    expect(text).toMatch(new RegExp(`^model {2}gpt2, [\\d,]+ parameters, from ${run}\\n`));
    expect(text).toContain("rank 5 of 24 rows");
    expect(await told(`memory --from ${run} --rank 3`)).toContain("rank 3 of 24 rows");
  });

  it("says what is no run", async () => {
    expect(await told(`memory --from ${folder}/none`)).toContain(
      `flora: --from: no run with a checkpoint; got ${folder}/none\n  give the output`,
    );
  });

  it("sizes a model for the data, as flora train does", async () => {
    const text = await told(`memory --train ${data}`);
    expect(text).toMatch(/^model {2}gpt2, [\d,]+ parameters, from scratch\n {7}sized for /);
    const [sized] = /^model +gpt2, [\d,]+/m.exec(text) ?? [];
    const trained = await told(
      `train --train ${data} --steps 1 --samples 0 --output ${folder}/sized`,
    );
    expect(trained.replace("model      ", "model  ")).toContain(sized);
  });

  it("counts the longest row of data that are named, and else the context", async () => {
    const model =
      "--model.n_embd 24 --model.n_layer 1 --model.n_head 2 --model.n_positions 2048 --json";
    const activationsOf = async (words: string): Promise<number> => {
      const { memory } = JSON.parse(await told(`memory ${model} ${words}`));
      const rows: readonly { name: string; predicted: number }[] = memory.rows;
      return rows.find(({ name }) => name === "activations")?.predicted ?? NaN;
    };
    expect(50 * (await activationsOf(`--train ${data}`))).toBeLessThan(await activationsOf(""));
  });

  it("says that it counts the demonstration where neither is given", async () => {
    const text = await told("memory");
    expect(text).toMatch(
      /^model {2}gpt2, [\d,]+ parameters, from scratch\n {7}that of flora train /,
    );
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
  });
});

describe("flora inspect", () => {
  it("shows the data of the run that another begins with", async () => {
    const text = await told(`inspect --from ${run}`);
    expect(text).toContain("question");
    expect(text).toContain("data     38 pairs, 2 held out; columns source -> target");
  });
});
