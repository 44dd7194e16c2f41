import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { run } from "../../../src/cli/models/push.ts";
import { spelledFailure } from "../support.ts";
import { WRITE_TOKEN } from "../../hub/server.ts";
import { testHub, weights } from "../../hub/support.ts";
import { temporaryDirectory } from "../../weights/support.ts";

it("uploads what the options say, and prints where it is", async () => {
  const { hub } = await testHub();
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_TOKEN", WRITE_TOKEN);
  const printed: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);

  const model = temporaryDirectory();
  writeFileSync(join(model, "config.json"), "{}");
  writeFileSync(join(model, "model.safetensors"), weights(1000));
  const words = `--model ${model} --repo some/model --private --revision v2 --license mit`;
  const code = await run([
    ...words.split(" "),
    "--base-model",
    "some/base",
    "--message",
    "A title",
  ]);

  expect(code).toBe(0);
  expect(printed.join("")).toBe(`${hub.url}/some/model/tree/v2\n`);
  const repository = hub.repositories.get("models/some/model");
  expect(repository?.isPrivate).toBe(true);
  const files = repository?.commits.get(repository.branches.get("v2") ?? "");
  const card = Buffer.from(files?.get("README.md") ?? "").toString();
  expect(card).toMatch(/\nlicense: mit\nbase_model: some\/base\n/);
  expect(hub.titles).toEqual(["A title"]);
});

it.each([
  ["--repo a/b", /--model: missing/],
  ["--model .", /--repo: missing/],
  ["--model . --repo a/b --licence mit", /--licence: no such option/],
])("refuses %s", async (words, message) => {
  expect((await spelledFailure(() => run(words.split(" ")))).message).toMatch(message);
});
