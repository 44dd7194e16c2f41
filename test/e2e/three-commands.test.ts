/** From a file of chats to a model that answers: init, train, chat, as one types them; what the terminal says, and what is left. */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { DATA, needsData } from "../support/data.ts";
import { STORIES, storiesTokenizer } from "../support/stories.ts";
import { llamaDirectory } from "./llama-directory.ts";

const exchange = (question: string, answer: string) => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});

const tickets = Array.from({ length: 200 }, (_, i) =>
  exchange(`Ticket ${i}: it is broken.`, "Please restart it."),
);

interface Told {
  readonly status: number | null;
  readonly text: string;
  readonly error: string;
}

/** flora, in a folder that has the chats. */
function inFolder(chats = tickets): {
  readonly folder: string;
  flora(words: string, input?: string): Told;
} {
  const folder = mkdtempSync(join(tmpdir(), "flora-three-"));
  writeFileSync(
    join(folder, "chats.jsonl"),
    chats.map((chat) => `${JSON.stringify(chat)}\n`).join(""),
  );
  const program = resolve("bin/flora.js");
  return {
    folder,
    flora(words, input = "") {
      const { npm_command: _, ...env } = process.env;
      const told = spawnSync(process.execPath, [program, ...words.split(" ")], {
        cwd: folder,
        input,
        encoding: "utf8",
        env: { ...env, NO_COLOR: "1" },
      });
      const error = told.stderr.replace("building (once) ...\n", "");
      return { status: told.status, text: told.stdout, error };
    },
  };
}

/** The command that a text says comes next. */
const next = (text: string, name: string): string =>
  new RegExp(`^ {2}flora (${name} [^#\\n]*?) *(#.*)?$`, "m").exec(text)?.[1] ?? "";

const losses = (text: string): readonly number[] =>
  [...text.matchAll(/^held out at step \d+: loss ([\d.e-]+)/gm)].map(([, loss]) => Number(loss));

describe("three commands", () => {
  it("make a model of nothing but the chats", () => {
    const { folder, flora } = inFolder();
    const init = flora("init --train chats.jsonl --yes");
    expect(init).toMatchObject({ status: 0, error: "" });
    expect(init.text).toMatch(/^chats\.jsonl: 200 conversations\nflora\.yaml is written; next:\n/);
    expect(readFileSync(join(folder, "flora.yaml"), "utf8")).toContain("chatTemplate: chatml");

    const inspected = flora(next(init.text, "inspect"));
    expect(inspected.text).toMatch(/»Please restart it\.<\|im_end\|>\n/);

    // There is no time for ten minutes here.
    const train = flora(`${next(init.text, "train")} --steps 60`);
    expect(train).toMatchObject({ status: 0, error: "" });
    expect(train.text).toMatch(/^data {7}\d+ conversations, \d+ held out/m);
    expect(train.text).toMatch(/^ +sized for [\d,]+ tokens, 10 minutes and this machine/m);
    expect(train.text).toMatch(/^optimizer {2}adafactor, rate \d\.\de-\d, cosine after 3 steps/m);
    expect(train.text).toMatch(/^time {7}about /m);
    const [first = NaN, ...later] = losses(train.text);
    expect(later.length).toBeGreaterThanOrEqual(3);
    expect(later.at(-1)).toBeLessThan(first / 2);
    expect(train.text).toMatch(/^ {2}> Please restart it\.$/m);
    expect(train.text).toMatch(/^held-out loss [\d.]+ \(before\) -> [\d.e-]+ \(.*best, step \d+/m);

    const chat = flora(next(train.text, "chat"), "Ticket 7: it is broken.\n");
    expect(chat).toEqual({ status: 0, error: "", text: "Please restart it.\n\n" });

    const evaluated = flora("evaluate --model runs/mine --data chats.jsonl --answers 8 --json");
    const { loss, answers } = JSON.parse(evaluated.text);
    expect(loss).toBeLessThan(first / 2);
    expect(answers).toMatchObject({ count: 8, exact: 1 });
  });

  it("go on with a base model that has no template, whose vocabulary grows", async () => {
    const { folder, flora } = inFolder();
    const base = await llamaDirectory(join(folder, "base"));
    const init = flora("init --train chats.jsonl --model base --epochs 4 --yes");
    expect(init.text).toContain("base has no chat template: chatml will be used");
    // It has learned nothing yet: the rate is that of a model from scratch.
    const train = flora(`${next(init.text, "train")} --learning-rate 0.09`);
    expect(train).toMatchObject({ status: 0, error: "" });
    const config = JSON.parse(readFileSync(join(folder, "runs/mine/config.json"), "utf8"));
    expect(config.vocab_size).toBe(base.vocabularySize + 2);
    const [first = NaN, ...later] = losses(train.text);
    expect(Math.min(...later)).toBeLessThan(first / 2);
    const chat = flora(next(train.text, "chat"), "Ticket 7: it is broken.\n");
    expect(chat).toEqual({ status: 0, error: "", text: "Please restart it.\n\n" });
  });

  it("leave an adapter that knows the new marks, which evaluates, merges and goes on", async () => {
    const { folder, flora } = inFolder();
    const base = await llamaDirectory(join(folder, "base"));
    const lora = "--method lora --rank 4 --batch-size 8 --learning-rate 0.09";
    const train = flora(
      `train --train chats.jsonl --model base --chat-template chatml ${lora} --steps 40 --output lora`,
    );
    expect(train).toMatchObject({ status: 0, error: "" });
    const [first = NaN, ...later] = losses(train.text);
    const last = later.at(-1) ?? NaN;
    expect(last).toBeLessThan(first - 0.3);
    const config = JSON.parse(readFileSync(join(folder, "lora/adapter_config.json"), "utf8"));
    const marks = [base.vocabularySize, base.vocabularySize + 1];
    expect(config.trainable_token_indices).toEqual({ embed_tokens: marks, lm_head: marks });
    expect(readFileSync(join(folder, "lora/chat_template.jinja"), "utf8")).toContain(
      "<|im_start|>",
    );

    // The base, with its adapter, and with it in its weights, says the same.
    const question = "Ticket 7: it is broken.\n";
    const chat = flora(next(train.text, "chat"), question);
    expect(chat).toMatchObject({ status: 0, error: "" });
    const merge = flora("merge --adapter lora --output merged");
    expect(merge).toMatchObject({ status: 0, error: "" });
    expect(flora("chat --model merged", question)).toEqual(chat);
    const written = ["--adapter lora", "--model merged"].map(
      (which) => flora(`generate ${which} --prompt Ticket --max-new-tokens 8`).text,
    );
    expect(written[0]).toBe(written[1]);
    const lossOf = (which: string): number =>
      JSON.parse(flora(`evaluate ${which} --data chats.jsonl --answers 0 --json`).text).loss;
    expect(lossOf("--adapter lora")).toBeCloseTo(lossOf("--model merged"), 5);
    expect(lossOf("--adapter lora")).toBeCloseTo(last, 1);

    // Whole tables, if they are asked for, have rows for the marks too.
    const whole = flora(
      `train --train chats.jsonl --model base --chat-template chatml ${lora} --steps 2 --modules-to-save embed_tokens,lm_head --output whole`,
    );
    expect(whole).toMatchObject({ status: 0, error: "" });
    expect(lossOf("--adapter whole")).toBeCloseTo(losses(whole.text).at(-1) ?? NaN, 1);
    // What begins as a part of the weights is written beside the base as it was.
    const pissa = flora(
      `train --train chats.jsonl --model base --chat-template chatml ${lora} --init-adapter pissa --steps 4 --output pissa`,
    );
    expect(pissa).toMatchObject({ status: 0, error: "" });
    flora("merge --adapter pissa --output merged-pissa");
    expect(lossOf("--adapter pissa")).toBeCloseTo(lossOf("--model merged-pissa"), 5);
    expect(lossOf("--adapter pissa")).toBeCloseTo(losses(pissa.text).at(-1) ?? NaN, 1);

    const more = flora("train --from lora --train chats.jsonl --steps 2 --output more");
    expect(more).toMatchObject({ status: 0, error: "" });
    expect(losses(more.text)[0]).toBeCloseTo(last, 3);
  }, 180_000);
});

/** What a newcomer does wrong, and the sentence that says so and names the way out. */
const MISTAKES: readonly {
  readonly what: string;
  readonly words: string;
  readonly status: 0 | 1 | 2;
  readonly told: string;
}[] = [
  {
    what: "no template",
    words: "train --train chats.jsonl --model base",
    status: 2,
    told: "flora: chat: the tokenizer has no chat template; got base name one, --chat-template chatml, or give a file with one",
  },
  {
    what: "no template, in a chat",
    words: "chat --model base",
    status: 2,
    told: "flora: chat: the tokenizer has no chat template; got base",
  },
  {
    what: "a wrong form",
    words: "train --train odd.jsonl --model base",
    status: 2,
    told: 'flora: data: no column "source" in odd.jsonl, line 1; got foo, bar name one of these columns; rows of another form belong into a run of their own',
  },
  {
    what: "a wrong column",
    words: "train --train odd.jsonl --model base --source-column foo --target-column nope",
    status: 2,
    told: 'flora: --target-column: no column "nope" in odd.jsonl, line 1; got foo, bar name the column that pairs are read from, or leave the option out',
  },
  {
    what: "an empty file",
    words: "train --train empty.jsonl --model base",
    status: 2,
    told: "flora: empty.jsonl: the file is empty; give one that has something to read",
  },
  {
    what: "a model too large",
    words: "train --train chats.jsonl --model.n_embd 1200000 --model.n_layer 100",
    status: 2,
    told: "that are free take a smaller model, a shorter context, or fewer sequences at a time",
  },
  {
    what: "a model that is nowhere",
    words: "train --train chats.jsonl --model nowhere",
    status: 2,
    told: "flora: --model: neither a directory that exists nor a name on the Hub; got nowhere a name on the Hub reads owner/name",
  },
  {
    what: "no file of prompts",
    words: "train --train chats.jsonl --model base --chat-template chatml --sample-prompts Hello",
    status: 2,
    told: "flora: --sample-prompts: no such file; got Hello name a text file that has a prompt on each line",
  },
  {
    what: "a rank too high",
    words:
      "train --train chats.jsonl --model base --chat-template chatml --rank 64 --steps 1 --output runs/rank",
    status: 0,
    told: "a rank of 64 compresses nothing in a model that is 64 wide, so this is dense training; a rank of 16 keeps a quarter",
  },
  {
    what: "the rank of an adapter too high",
    words:
      "train --train chats.jsonl --model base --chat-template chatml --method lora --rank 64 --steps 1 --output runs/lora",
    status: 0,
    told: "[64, 64]; a rank of 16 is a quarter of the model's width",
  },
  {
    what: "a rate too high",
    words:
      "train --train chats.jsonl --model base --chat-template chatml --learning-rate 30 --optimizer sgd --method dense --steps 60 --output runs/high",
    status: 1,
    told: "a rate of 3.0e+1 is too high; begin again at a lower one: flora train --train chats.jsonl --model base --chat-template chatml --optimizer sgd --method dense --steps 60 --output runs/high --overwrite --learning-rate 3",
  },
];

describe("what a newcomer does wrong", () => {
  const { folder, flora } = inFolder();
  beforeAll(async () => {
    await llamaDirectory(join(folder, "base"));
    writeFileSync(join(folder, "empty.jsonl"), "");
    writeFileSync(join(folder, "odd.jsonl"), '{"foo": "a", "bar": "b"}\n');
  });

  it.each(MISTAKES)("$what: one sentence says it, and the way out", ({ words, status, told }) => {
    const said = flora(words);
    expect(said.status).toBe(status);
    const text = status === 2 ? said.error : said.text;
    expect(text.replaceAll(/\s+/g, " ")).toContain(told);
    if (status === 2) expect(text.trim().split("\n").length).toBeLessThanOrEqual(3);
  });
});

/** stories260K, a Llama that has learned short stories, as a base model without a chat template. */
async function storiesDirectory(directory: string): Promise<void> {
  mkdirSync(directory);
  for (const name of ["config.json", "model.safetensors"]) {
    copyFileSync(join(STORIES, name), join(directory, name));
  }
  for (const [name, content] of await storiesTokenizer()) {
    writeFileSync(join(directory, name), content);
  }
}

const QUESTIONS = `${DATA}/trec/raw_TREC.train`;

/** What a question of TREC asks for. */
const ASKED: Readonly<Record<string, string>> = {
  ABBR: "an abbreviation",
  DESC: "a description",
  ENTY: "a thing",
  HUM: "a person",
  LOC: "a place",
  NUM: "a number",
};

/** The first questions, "DESC:manner How did ... ?" each, as chats. */
const questions = (count: number) =>
  readFileSync(QUESTIONS, "latin1")
    .split("\n", count)
    .map((line) => {
      const [, kind = "", question = ""] = /^(\w+):\w+ (.*)$/.exec(line) ?? [];
      return exchange(question, `It asks for ${ASKED[kind]}.`);
    });

describe("three commands on real questions", needsData(STORIES, QUESTIONS), () => {
  it("teach stories260K, a base model without a template, what is asked for", async () => {
    const { folder, flora } = inFolder(questions(60));
    await storiesDirectory(join(folder, "base"));
    const init = flora("init --train chats.jsonl --model base --epochs 20 --yes");
    expect(init).toMatchObject({ status: 0, error: "" });
    expect(init.text).toContain("base has no chat template: chatml will be used");

    const train = flora(next(init.text, "train"));
    expect(train).toMatchObject({ status: 0, error: "" });
    expect(train.text).toMatch(/^model {6}llama, 260,160 parameters, from base$/m);
    expect(train.text).toMatch(/^data {7}56 conversations, 4 held out/m);
    const [first = NaN, ...later] = losses(train.text);
    expect(later.length).toBeGreaterThanOrEqual(3);
    // From 3.5 to 0.06 when this was written.
    expect(Math.min(...later)).toBeLessThan(first / 10);
    const [, before, best] =
      /^held-out loss ([\d.]+) \(before\) -> ([\d.]+) \(.*best, /m.exec(train.text) ?? [];
    expect([Number(before), Number(best)]).toEqual([first, Math.min(...later)]);

    const chats = flora(
      next(train.text, "chat"),
      "What films featured the character Popeye Doyle ?\n/new\nHow did serfdom develop in and then leave Russia ?\n",
    );
    expect(chats).toMatchObject({ status: 0, error: "" });
    expect(chats.text).toMatch(/^It asks for a thing\.\n[^]*It asks for a description\.\n/);

    const evaluated = flora("evaluate --model runs/mine --data chats.jsonl --answers 60 --json");
    expect(JSON.parse(evaluated.text).answers.exact).toBeGreaterThan(0.9);
  });
});

const ENGLISH = `${DATA}/multi30k/train.en`;
const GERMAN = `${DATA}/multi30k/train.de`;

/** Captions of Multi30k, in turns German and English, each with the language that it is in. */
function captions(count: number) {
  const [english = [], german = []] = [ENGLISH, GERMAN].map((path) =>
    readFileSync(path, "utf8").split("\n", count),
  );
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0
      ? exchange(german[i] ?? "", "Das ist Deutsch.")
      : exchange(english[i] ?? "", "It is English."),
  );
}

describe("three commands on captions", needsData(STORIES, ENGLISH, GERMAN), () => {
  it.each([
    { method: "flora", header: /^method {5}FLORA, rank 16, /m, given: "--model" },
    { method: "lora", header: /^method {5}LoRA, rank 8, alpha 8/m, given: "--adapter" },
  ])(
    "teach stories260K, by $method, what language they are in",
    async (row) => {
      const { folder, flora } = inFolder(captions(80));
      await storiesDirectory(join(folder, "base"));

      const init = flora(
        `init --train chats.jsonl --model base --method ${row.method} --epochs 10 --yes`,
      );
      expect(init).toMatchObject({ status: 0, error: "" });
      expect(init.text.split("\n").slice(0, 3)).toEqual([
        "chats.jsonl: 80 conversations",
        "base has no chat template: chatml will be used",
        "flora.yaml is written; next:",
      ]);

      const train = flora(next(init.text, "train"));
      expect(train).toMatchObject({ status: 0, error: "" });
      expect(train.text).toMatch(/^model {6}llama, [23]\d\d,\d{3} parameters, from base$/m);
      expect(train.text).toMatch(/^data {7}74 conversations, 6 held out; columns messages$/m);
      expect(train.text).toMatch(row.header);
      expect(train.text).toMatch(/^optimizer {2}adafactor, rate 9\.0e-\d, cosine after \d steps/m);
      expect(train.text).toMatch(/^ {2}> (It is English|Das ist Deutsch)\.$/m);
      const [first = NaN, ...later] = losses(train.text);
      // From 6.01 to 0.003, of LoRA to 0.014, when this was written.
      expect(Math.min(...later)).toBeLessThan(first / 50);
      expect(train.text).toMatch(
        /^held-out loss 6\.009 \(before\) -> [\d.e-]+ \(.*best, step \d+/m,
      );

      const [german = "", english = ""] = captions(2).map(
        ({ messages: [asked] }) => asked?.content,
      );
      const chat = flora(next(train.text, "chat"), `${german}\n/new\n${english}\n`);
      expect(chat).toMatchObject({ status: 0, error: "" });
      expect(chat.text).toMatch(/^Das ist Deutsch\.\n[^]*It is English\.\n/);

      // Captions that were never seen, too.
      const unseen = captions(120)
        .slice(80)
        .map((line) => `${JSON.stringify(line)}\n`);
      writeFileSync(join(folder, "unseen.jsonl"), unseen.join(""));
      for (const [file, least] of [
        ["chats.jsonl", 0.95],
        ["unseen.jsonl", 0.8],
      ] as const) {
        const told = flora(`evaluate ${row.given} runs/mine --data ${file} --answers 80 --json`);
        expect([file, JSON.parse(told.text).answers.exact]).toEqual([
          file,
          expect.toSatisfy((share: number) => share >= least),
        ]);
      }
    },
    180_000,
  );
});
