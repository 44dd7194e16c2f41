import { expect, it } from "vitest";
import { formatRepository, isCommit, parseRepository } from "../../src/hub/repository.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

// Names as huggingface_hub 2.4 accepts and refuses them (validate_repo_id).
it.each([
  ["openai-community/gpt2", "openai-community/gpt2", "main"],
  ["Foo-BAR_foo.bar123/_x", "Foo-BAR_foo.bar123/_x", "main"],
  ["a/b@main", "a/b", "main"],
  ["a/b@v1.0", "a/b", "v1.0"],
  ["a/b@refs/pr/12", "a/b", "refs/pr/12"],
  [`a/b@${COMMIT}`, "a/b", COMMIT],
  [`a/${"b".repeat(94)}`, `a/${"b".repeat(94)}`, "main"],
])("%s is a name", (text, name, revision) => {
  const repository = parseRepository(text, "model");
  expect(repository).toEqual({ type: "model", name, revision });
  if (repository)
    expect(parseRepository(formatRepository(repository), "model")).toEqual(repository);
});

it.each([
  "gpt2",
  "",
  "/",
  "a/",
  "/b",
  "./a/b",
  "../a",
  "./a",
  "a/b/c",
  "datasets/a/b",
  "a\\b",
  "~/b",
  "a/b.git",
  "a--b/c",
  "a/b..c",
  "a/.b",
  "-a/b",
  "a/b-",
  "a./b",
  "a b/c",
  "ä/b",
  "a/b@",
  "a/b@../../c",
  "a/b@/c",
  `a/${"b".repeat(95)}`,
])("%j is none", (text) => {
  expect(parseRepository(text, "model")).toBeUndefined();
});

it("a commit is forty digits, and nothing else never changes", () => {
  expect([COMMIT, "main", COMMIT.slice(1), COMMIT.toUpperCase()].map(isCommit)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
