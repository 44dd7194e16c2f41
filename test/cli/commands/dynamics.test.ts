/** The command on a tiny model: its files, its last line and its exit code. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { run } from "../../../src/cli/commands/dynamics.ts";
import { spelledFailure } from "../support.ts";
import { pairsFile } from "../../e2e/support.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-dynamics-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny = [
  "--train",
  pairsFile,
  ..."--model.n_embd 16 --model.n_layer 1 --model.n_head 2 --model.n_positions 128".split(" "),
  ..."--rank 2 --alpha 2 --batch-size 2 --steps 3 --warm-start 1 --targets c_attn".split(" "),
];

describe("a run", () => {
  const output = join(folder, "run");
  let printed = "";
  let exitCode = -1;
  beforeAll(async () => {
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    exitCode = await run([...tiny, "--output", output]);
    write.mockRestore();
  });

  it("passes, and says so", () => {
    expect(exitCode).toBe(0);
    expect(printed).toContain("The recursion is exact: pass");
    expect(printed.trimEnd()).toMatch(/recursion: pass$/);
  });

  it("leaves every picture twice, a page and the numbers", () => {
    const files = readdirSync(output);
    const pictures = files.filter((file) => file.endsWith(".svg"));
    expect(pictures.length).toBe(8);
    for (const svg of pictures) expect(files).toContain(svg.replace(/svg$/, "png"));
    const page = readFileSync(join(output, "report.html"), "utf8");
    expect(page.match(/<svg /g)?.length).toBe(pictures.length);
    const numbers: unknown = JSON.parse(readFileSync(join(output, "dynamics.json"), "utf8"));
    expect(numbers).toMatchObject({
      verdict: { passed: true },
      start: { rank: 2, scale: 1, steps: 3 },
      steps: [{ step: 1 }, { step: 2 }, { step: 3 }],
    });
  });

  it("does not overwrite", async () => {
    const again = run([...tiny, "--output", output]);
    await expect(again).rejects.toThrow(`output: the directory is not empty; got ${output}`);
  });
});

it.each([
  [["--warm-start", "some"], '--warm-start: must be a whole number at least 0; got "some"'],
  [["--probe"], "--probe: needs a value"],
  [["--optimizer", "adam"], "optimizer: the theory is about plain SGD, sgd; got adam"],
])("refuses %j", async (words, message) => {
  const refused = await spelledFailure(() => run(["--output", join(folder, "none"), ...words]));
  expect(refused.message).toContain(message);
});
