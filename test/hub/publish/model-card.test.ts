import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import type { JsonObject } from "../../../src/files/json.ts";
import { type CardOptions, modelCard } from "../../../src/hub/publish/model-card.ts";
import type { TrainingRecord } from "../../../src/hub/publish/training-record.ts";

const record: TrainingRecord = {
  config: {
    method: "flora",
    rank: 128,
    optimizer: "adafactor",
    learningRate: 0.03,
    schedule: "linear",
    batchSize: 8,
    microSteps: 4,
    seed: 7,
    train: ["/home/someone/secret/letters.txt"],
    model: { n_layer: 2 },
  },
  data: "28,000 pairs, 1,000 held out",
  parameterCount: 1_234_567,
  step: 400,
  totalSteps: 400,
  trainingLoss: 1.23456,
  heldOut: { loss: 1.5, perplexity: 4.4817 },
  translation: { bleu: 31.456, signature: "nrefs:1|case:mixed" },
};

const options: CardOptions = {
  name: "some/model",
  isAdapter: false,
  config: { architectures: ["GPT2LMHeadModel"] },
};

/** The metadata, as a parser of YAML reads it, and the text below. */
function read(card: string) {
  const [, yaml = "", text = ""] = /^---\n(.*?)\n---\n(.*)$/s.exec(card) ?? [];
  const document = parseDocument(yaml);
  expect(document.errors).toEqual([]);
  const metadata: unknown = document.toJS();
  return { metadata, text };
}

describe("the metadata", () => {
  it("has what is known, and nothing that is not", () => {
    expect(read(modelCard(options)).metadata).toEqual({
      library_name: "transformers",
      pipeline_tag: "text-generation",
      tags: ["flora"],
    });
  });

  it("names license, base and dataset, and the method", () => {
    const folder = `/cache/datasets--some--data/snapshots/${"0".repeat(40)}`;
    const config = { ...record.config, method: "lora", train: [`${folder}/train.jsonl`] };
    const card = modelCard({
      ...options,
      license: "apache-2.0",
      baseModel: "openai-community/gpt2",
      record: { ...record, config },
    });
    const { metadata, text } = read(card);
    expect(metadata).toEqual({
      library_name: "transformers",
      pipeline_tag: "text-generation",
      license: "apache-2.0",
      base_model: "openai-community/gpt2",
      datasets: ["some/data"],
      tags: ["flora", "lora"],
    });
    expect(text).toContain("[openai-community/gpt2](https://huggingface.co/openai-community/gpt2)");
    expect(text).toContain("| data | some/data: 28,000 pairs, 1,000 held out |");
  });

  it.each(["no", "1.0", "a: b", '"', "- x", "true", "#"])("survives the license %j", (license) => {
    expect(read(modelCard({ ...options, license })).metadata).toMatchObject({ license });
  });

  it.each([
    [{ architectures: ["LlamaForCausalLM"] }, "text-generation"],
    [{ architectures: ["T5ForConditionalGeneration"] }, "text2text-generation"],
    [{ architectures: ["BertForSequenceClassification"] }, "text-classification"],
    [{ architectures: ["ViTForImageClassification"] }, "image-classification"],
    [{ architectures: ["BertModel"] }, "feature-extraction"],
    [{ task_type: "CAUSAL_LM" }, "text-generation"],
    [{ architectures: ["SomethingElse"] }, undefined],
    [{}, undefined],
  ])("of %j says that it is for %s", (config, tag) => {
    const { metadata } = read(modelCard({ ...options, config }));
    expect(metadata).toMatchObject(tag === undefined ? {} : { pipeline_tag: tag });
    expect(Object.keys(metadata ?? {}).includes("pipeline_tag")).toBe(tag !== undefined);
  });
});

describe("the text", () => {
  it("tells how the model was made and what it reached", () => {
    const { text } = read(modelCard({ ...options, record }));
    const lines = text.split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        "# model",
        "A model, trained from scratch with flora.",
        "| parameters | 1,234,567 |",
        "| method | flora, rank 128 |",
        "| optimizer | adafactor |",
        "| learning rate | 0.03 |",
        "| examples in a batch | 8 |",
        "| batches in a step | 4 |",
        "| steps | 400 |",
        "| data | 28,000 pairs, 1,000 held out |",
        "| training loss, last step | 1.2346 |",
        "| held-out loss | 1.5000 |",
        "| held-out perplexity | 4.48 |",
        String.raw`| BLEU | 31.46 (nrefs:1\|case:mixed) |`,
        'flora generate --model some/model --prompt "..."',
        'model = pipeline("text-generation", model="some/model")',
      ]),
    );
    expect(text).not.toMatch(/secret|letters/);
  });

  it("of a run that was cut short, and of one without a log, says no more than is true", () => {
    const { trainingLoss, heldOut, translation, ...begun } = record;
    expect([trainingLoss, heldOut, translation].every(Boolean)).toBe(true);
    const cut = read(modelCard({ ...options, record: { ...begun, step: 40 } })).text;
    expect(cut).toContain("| steps | 40 of 400 |");
    expect(cut).not.toContain("## Results");
    const { text } = read(modelCard(options));
    expect(text).not.toMatch(/## (Training|Results)|flora\./);
  });

  it.each([
    ["T5ForConditionalGeneration", 'flora generate --model some/model --prompt "..."'],
    ["BertForSequenceClassification", 'flora classify --model some/model --text "..."'],
    ["ViTForImageClassification", 'flora classify --model some/model --image "..."'],
    ["BertModel", 'flora embed --model some/model --text "..."'],
  ])("of a %s says how it is used", (architecture, command) => {
    const config = { architectures: [architecture] };
    expect(read(modelCard({ ...options, config })).text).toContain(`\n${command}\n`);
  });

  it("of a model that guesses hidden tokens has no command, which flora has not", () => {
    const config = { architectures: ["BertForMaskedLM"] };
    const { text } = read(modelCard({ ...options, config }));
    expect(text).not.toContain("flora ");
    expect(text).toContain('pipeline("fill-mask"');
  });

  it("of a classifier has its accuracy, not a perplexity", () => {
    const config = { architectures: ["BertForSequenceClassification"] };
    const heldOut = { loss: 0.25, perplexity: 1.284, accuracy: 0.9125 };
    const { text } = read(modelCard({ ...options, config, record: { ...record, heldOut } }));
    expect(text).toContain("| held-out accuracy | 91.25 % |");
    expect(text).not.toContain("perplexity");
  });

  it("of an adapter with new tokens makes room for them in the base first", () => {
    const codeOf = (config: JsonObject) => {
      const { text } = read(
        modelCard({ ...options, isAdapter: true, config, baseModel: "some/base" }),
      );
      return /```python\n([^]*?)```/.exec(text)?.[1]?.trimEnd().split("\n").slice(3);
    };
    const task = { task_type: "CAUSAL_LM" };
    const grown = { ...task, trainable_token_indices: { embed_tokens: [20, 21] } };
    expect(codeOf(grown)).toEqual([
      'tokenizer = AutoTokenizer.from_pretrained("some/model")',
      'base = AutoModelForCausalLM.from_pretrained("some/base")',
      "base.resize_token_embeddings(len(tokenizer))",
      'model = PeftModel.from_pretrained(base, "some/model")',
    ]);
    expect(codeOf({ ...task, trainable_token_indices: null })).toHaveLength(3);
  });

  it("of an adapter of a classifier loads a classifier", () => {
    const config = { task_type: "SEQ_CLS" };
    const { text } = read(
      modelCard({ ...options, isAdapter: true, config, baseModel: "some/base" }),
    );
    expect(text).toContain("from transformers import AutoModelForSequenceClassification, Auto");
    expect(text).toContain('AutoModelForSequenceClassification.from_pretrained("some/base")');
    expect(text).toContain('flora classify --adapter some/model --text "..."');
  });

  it("of an adapter loads it on its base", () => {
    const { metadata, text } = read(
      modelCard({ ...options, isAdapter: true, config: {}, baseModel: "some/base", record }),
    );
    expect(metadata).toMatchObject({ library_name: "peft", base_model: "some/base" });
    expect(text).toMatch(/^An adapter of \[some\/base\]\(.*\), trained with flora\.$/m);
    expect(text).toContain('AutoModelForCausalLM.from_pretrained("some/base")');
    expect(text).toContain("flora generate --adapter some/model");
  });
});
