/** Models that read whole texts, against transformers: the vectors and the classes of its tokens, alone and together. */

import { describe, expect, it } from "vitest";
import { bert } from "../../src/models/architectures/encoders/bert.ts";
import { headOf } from "../../src/models/model.ts";
import { logitsOf } from "../../src/nn/loss.ts";
import { normalized } from "../../src/nn/similarity.ts";
import { encode, type EncoderParts } from "../../src/predict/encoder.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import type { Encoding } from "../../src/text/tokenizers/tokenizer.ts";
import { readEmbeddingGolden, readGolden } from "../models/golden.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { type HostTensors, tensorNamed } from "../support/graph.ts";

const runtime = cpuRuntime({ threads: 1 });

function partsOf(
  { config, weights }: { readonly config: object; readonly weights: HostTensors },
  finish: EncoderParts["finish"],
): EncoderParts {
  const adopted = Object.entries(weights).map(
    ([name, tensor]) => [name, runtime.adopt(tensor)] as const,
  );
  return { model: bert({ ...config }), weights: new Map(adopted), runtime, pad: 0, finish };
}

/** The texts of a golden, without padding. */
function textsOf(inputs: HostTensors): Encoding[] {
  const mask = numbersOf(tensorNamed(inputs, "attention_mask"));
  const [rows = 0, length = 0] = tensorNamed(inputs, "input_ids").shape;
  const rowOf = (tensor: HostTensor | undefined, row: number, count: number) =>
    Int32Array.from({ length: count }, (_, i) => Number(tensor?.data[row * length + i] ?? 0));
  return Array.from({ length: rows }, (_, row) => {
    const count = mask.slice(row * length, (row + 1) * length).reduce((sum, one) => sum + one, 0);
    return {
      ids: rowOf(inputs["input_ids"], row, count),
      tokenTypes: rowOf(inputs["token_type_ids"], row, count),
    };
  });
}

describe("encode", () => {
  const golden = readEmbeddingGolden();
  const vectors = partsOf(golden, normalized);

  // Of unequal lengths, so that a batch has padding, and the order is not that of the texts.
  it.each([1, 3, 8, 32])("gives the vectors of PyTorch, %d texts together", async (batchSize) => {
    const rows = await encode(vectors, textsOf(golden.inputs), { batchSize });
    expectClose(
      rows.flatMap((row) => [...row]),
      numbersOf(golden.embeddings),
      FLOAT32,
    );
  });

  it("gives the logits of transformers", async () => {
    const classes = readGolden("bert_classification");
    const { weight: name, bias = "" } = headOf(bert({ ...classes.config }));
    const parts = partsOf(classes, (hidden, weight) =>
      logitsOf({ hidden, weight: weight(name), bias: weight(bias) }),
    );
    const rows = await encode(parts, textsOf(classes.inputs));
    expectClose(
      rows.flatMap((row) => [...row]),
      numbersOf(classes.logits),
      FLOAT32,
    );
  });

  it("has nothing to say of no texts", async () => {
    expect(await encode(vectors, [])).toEqual([]);
  });

  it("refuses a text that is longer than the context", async () => {
    const ids = new Int32Array(17).fill(3);
    const [short] = textsOf(golden.inputs);
    const texts = [short, { ids, tokenTypes: ids }].flatMap((text) => text ?? []);
    await expect(encode(vectors, texts)).rejects.toThrow(
      "text 2: the model reads at most 16 tokens; got 17",
    );
  });
});
