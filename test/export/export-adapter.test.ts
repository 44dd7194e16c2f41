/** Adapters alone as GGUF: as gguf-py writes them, and over the base what a merge makes of them. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { exportAdapter, isAdapterDirectory } from "../../src/export/export-adapter.ts";
import { openGguf } from "../../src/gguf/gguf-file.ts";
import { nodeHost } from "../../src/host/node.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { exportModel } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { failure, temporaryDirectory } from "../weights/support.ts";

const { files } = nodeHost();
const pathOf = (name: string) => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
const adapter = pathOf("gguf_adapter");
const directory = pathOf("gguf/llama.gguf");

async function written(dtype: "fp32" | "fp16" | "q8") {
  const output = join(temporaryDirectory(), "out");
  expect(await exportAdapter(files, { adapter, directory, output, dtype })).toBe(6);
  return openGguf(files, join(output, "adapter.gguf"));
}

it("is as gguf-py writes it, byte for byte", async () => {
  const [given, made] = [
    await openGguf(files, pathOf("gguf_adapter/adapter.gguf")),
    await written("fp32"),
  ];
  expect([...made.tensors.keys()].toSorted()).toEqual([...given.tensors.keys()].toSorted());
  for (const [name, { shape, type }] of given.tensors) {
    expect(made.tensors.get(name)).toMatchObject({ shape, type });
    expect(await made.readBytes(name)).toEqual(await given.readBytes(name));
  }
  expect(Object.fromEntries(made.metadata)).toMatchObject(Object.fromEntries(given.metadata));
  await Promise.all([given.close(), made.close()]);
});

it("makes of the base what a merge makes of it", async () => {
  const own = await written("fp32");
  const output = join(temporaryDirectory(), "merged");
  const settings = { directory, adapter, output, format: "gguf", dtype: "fp32" } as const;
  await exportModel(sharedRuntime, settings);
  const merged = await openGguf(files, join(output, "model.gguf"));
  const base = await openGguf(files, directory);
  const alpha = Number(own.metadata.get("adapter.lora.alpha"));
  for (const name of [...own.tensors.keys()].filter((each) => each.endsWith(".lora_a"))) {
    const weight = name.replace(/\.lora_a$/, "");
    const [w, a, b] = [
      await base.read(weight),
      await own.read(name),
      await own.read(`${weight}.lora_b`),
    ];
    const [rank = 0, input = 0] = own.tensors.get(name)?.shape ?? [];
    const sum = w.map((value, i) => {
      const [row, column] = [Math.floor(i / input), i % input];
      let low = 0;
      for (let j = 0; j < rank; j++) {
        low += (b[row * rank + j] ?? 0) * (a[j * input + column] ?? 0);
      }
      return value + (alpha / rank) * low;
    });
    expectClose([...sum], [...(await merged.read(weight))], FLOAT32, { what: weight });
  }
  await Promise.all([own, merged, base].map((file) => file.close()));
});

it("is F16 where rows are no whole blocks of eight bits", async () => {
  const made = await written("q8");
  expect(made.tensors.get("blk.0.attn_q.weight.lora_a")?.type.name).toBe("F16");
  await made.close();
});

it("is told from a model by what its directory holds", async () => {
  expect(await isAdapterDirectory(files, adapter)).toBe(true);
  expect(await isAdapterDirectory(files, pathOf("peft_base"))).toBe(false);
});

it.each([
  ["peft_adapter_dora", "peft_base", "adapter: llama.cpp has no DoRA"],
  ["peft_adapter_ln_f", "peft_base", "adapter: llama.cpp has no weights beside adapters; got ln_f"],
  ["peft_heads/tied/adapter", "peft_heads/tied/base", "adapter: llama.cpp has no head apart from"],
])("%s is refused", async (name, base, message) => {
  const output = join(temporaryDirectory(), "out");
  const settings = { adapter: pathOf(name), directory: pathOf(base), output };
  expect(await failure(exportAdapter(files, settings))).toMatchObject({
    name: "UsageError",
    message: expect.stringContaining(message),
  });
  expect(await files.stat(output)).toBeUndefined();
});
