import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { splitFiles } from "../../../src/hub/resolve/dataset.ts";
import { resolveDataset } from "../../../src/hub/index.ts";
import { failure } from "../../weights/support.ts";
import { testHub } from "../support.ts";

describe("the files of a dataset", () => {
  it.each([
    [["train.jsonl", "validation.jsonl", "test.jsonl"], ["train.jsonl"], ["validation.jsonl"]],
    [["README.md", "data/train.tsv", "data/dev.tsv"], ["data/train.tsv"], ["data/dev.tsv"]],
    [["corpus-train.txt", "corpus-val.txt"], ["corpus-train.txt"], ["corpus-val.txt"]],
    [["train-00000-of-00001.ndjson"], ["train-00000-of-00001.ndjson"], []],
    [["book.txt", "README.txt", "license.txt"], ["book.txt"], []],
    [["pairs.tsv", "test.tsv"], ["pairs.tsv"], []],
    [["trainer.txt", "x.parquet"], ["trainer.txt"], []],
    [["valid/en.txt", "train/en.txt"], ["train/en.txt"], ["valid/en.txt"]],
    [["data.jsonl", "data.csv", "data.json", "data.jsonl.gz"], ["data.jsonl"], []],
    [["data.csv", "dataset_infos.json", "state.json"], ["data.csv"], []],
    [["alpaca.json", "README.md"], ["alpaca.json"], []],
    [["train.json.gz", "dev.json.gz"], ["train.json.gz"], ["dev.json.gz"]],
    [["train.parquet", "train.jsonl.zst"], ["train.parquet"], []],
    [
      [
        "data/train-00000-of-00002-a09b74b3ef9c3b56.parquet",
        "data/train-00001-of-00002-9b1f0c5de8a7d2c4.parquet",
        "data/test-00000-of-00001-6ef3991c06080e14.parquet",
      ],
      [
        "data/train-00000-of-00002-a09b74b3ef9c3b56.parquet",
        "data/train-00001-of-00002-9b1f0c5de8a7d2c4.parquet",
      ],
      [],
    ],
    [
      ["data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl", "test.jsonl"],
      ["data/train-00000-of-00002.jsonl", "data/train-00001-of-00002.jsonl"],
      [],
    ],
  ])("%j", async (paths, train, validation) => {
    expect(await splitFiles("a/b", paths)).toEqual({ train, validation });
  });

  it("are those that are asked for, whatever they are called", async () => {
    const paths = ["a.de", "a.en", "b.de", "b.en", "train.jsonl", "dev.jsonl"];
    const train = ["a.de", "a.en"];
    const validation = ["b.de", "b.en"];
    expect(await splitFiles("a/b", paths, { train, validation })).toEqual({ train, validation });
    expect(await splitFiles("a/b", paths, { train })).toEqual({ train, validation: [] });
    expect(await splitFiles("a/b", ["x.jsonl", "y.jsonl"], { validation: ["y.jsonl"] })).toEqual({
      train: ["x.jsonl"],
      validation: ["y.jsonl"],
    });
  });

  it("are all of a folder, or all that fit a glob, sorted", async () => {
    const paths = ["en/train-b.parquet", "en/train-a.parquet", "en/test.parquet", "en/README.md"];
    const [b = "", a = "", test = ""] = paths;
    expect(await splitFiles("a/b", paths, { train: ["en/train-*.parquet"] })).toEqual({
      train: [a, b],
      validation: [],
    });
    expect(await splitFiles("a/b", paths, { train: ["en"], validation: ["**/test.*"] })).toEqual({
      train: [test, a, b],
      validation: [test],
    });
  });

  it.each([
    [["a.jsonl", "b.jsonl"], {}, /2 files could be the train data; got a\.jsonl, b\.jsonl/],
    [
      ["train-00000-of-00003.jsonl", "train-00001-of-00003.jsonl"],
      {},
      /2 files could be the train data/,
    ],
    [
      ["train-00000-of-00002.txt", "train-00001-of-00002.txt"],
      {},
      /2 files could be the train data/,
    ],
    [["test.jsonl"], {}, /no file could be the train data; got test\.jsonl/],
    [["train.tsv", "dev1.tsv", "dev2.tsv"], {}, /2 files could be the validation data/],
    [["a.jsonl"], { train: ["b.jsonl"] }, /there is no file b\.jsonl/],
    [["a.jsonl"], { train: ["b*.jsonl"] }, /there is no file b\*\.jsonl/],
    [["en/a.xml"], { train: ["en"] }, /there is no file en/],
    [["a.xml"], {}, /has no \.csv, .*, \.ndjson, \.parquet, \.tsv or \.txt file; got a\.xml/],
    [[], {}, /got no files/],
  ])("%j, asked for %j, are refused", async (paths, wanted, message) => {
    const split = () => splitFiles("a/b", paths, wanted);
    await expect(split()).rejects.toThrow(UsageError);
    await expect(split()).rejects.toThrow(message);
  });
});

it("is fetched into the cache: the files that are wanted, and no others", async () => {
  const { hub, options, cacheDir } = await testHub();
  const files = { "train.jsonl": '{"text": "a"}\n', "dev.jsonl": '{"text": "b"}\n', "c.csv": "c" };
  const commit = hub.commit("datasets/some/data", files);
  const found = await resolveDataset("some/data", {}, options);
  const folder = join(cacheDir, "datasets--some--data", "snapshots", commit);
  expect(found).toEqual({
    train: [join(folder, "train.jsonl")],
    validation: [join(folder, "dev.jsonl")],
  });
  expect(readFileSync(join(folder, "train.jsonl"), "utf8")).toBe(files["train.jsonl"]);
  expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toHaveLength(2);
  expect(await resolveDataset("some/data", {}, { ...options, offline: true })).toEqual(found);
});

it("that is no name, or not there, is refused", async () => {
  const { options } = await testHub();
  const path = await failure(resolveDataset("data.jsonl", {}, options));
  expect(String(path)).toMatch(/dataset: not a name on the Hub; got data\.jsonl/);
  const absent = await failure(resolveDataset("no/data", {}, options));
  expect(String(absent)).toMatch(/no\/data: no such dataset on the Hub, or a private one/);
});
