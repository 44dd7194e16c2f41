/**
 * @file Files against the reference (test/golden/make_safetensors.py): what Python writes is read
 * with equal numbers, and what flora writes is byte for byte what Python writes. A file with every
 * dtype written by `writeSafetensors` was also opened by hand with `safetensors.torch.load_file`.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError, ShapeError, UsageError } from "../../../src/errors.ts";
import { allocate, bytesPerElement, type DType } from "../../../src/tensor/dtype.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../../../src/tensor/half.ts";
import { float32, hostTensor, type HostTensor } from "../../../src/tensor/host-tensor.ts";
import { type ReadOptions } from "../../../src/weights/files/safetensors.ts";
import { needsData } from "../../support/data.ts";
import { dataStartOf, mutation } from "../mutations.ts";
import { failure, safetensorsBytes, temporaryDirectory } from "../support.ts";
import { openSafetensors, writeSafetensors } from "../../support/on-node.ts";

interface GoldenTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly string[];
}

const goldenPath = (name: string): string =>
  fileURLToPath(new URL(`../../golden/${name}`, import.meta.url));

const golden = (name: string): Readonly<Record<string, GoldenTensor>> =>
  JSON.parse(readFileSync(goldenPath(name), "utf8"));

/** The type in which a PyTorch type arrives. */
const LOADED_AS: Readonly<Record<string, DType>> = {
  float32: "float32",
  float16: "float32",
  bfloat16: "float32",
  float64: "float32",
  int64: "int64",
  int32: "int32",
  int16: "int32",
  int8: "int8",
  uint32: "uint32",
  uint16: "uint16",
  uint8: "uint8",
  bool: "bool",
};

const scratch = mkdtempSync(join(tmpdir(), "flora-"));
afterAll(() => rmSync(scratch, { recursive: true }));

async function readAll(
  path: string,
  options: ReadOptions = {},
  isTogether = false,
): Promise<ReadonlyMap<string, HostTensor>> {
  const file = await openSafetensors(path);
  try {
    const names = [...file.tensors.keys()];
    const all = isTogether ? { ...options, together: new Set(names) } : options;
    const tensors = new Map<string, HostTensor>();
    for (const name of names) tensors.set(name, await file.read(name, all));
    return tensors;
  } finally {
    await file.close();
  }
}

const bytesOf = ({ data }: HostTensor): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe("openSafetensors", () => {
  it.each([false, true])("reads every dtype that Python wrote, together %s", async (together) => {
    const expected = golden("safetensors_mixed.json");
    const tensors = await readAll(goldenPath("safetensors_mixed.safetensors"), {}, together);
    expect([...tensors.keys()].toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [name, { dtype, shape, values }] of Object.entries(expected)) {
      const tensor = tensors.get(name);
      expect(tensor).toMatchObject({ dtype: LOADED_AS[dtype], shape });
      const data = tensor?.data ?? [];
      const expectedData =
        data instanceof BigInt64Array ? values.map((x) => BigInt(x)) : values.map(Number);
      expect([...data]).toEqual(expectedData);
    }
  });

  it("reads 16-bit floats as their bits, if told not to widen them", async () => {
    const path = goldenPath("safetensors_mixed.safetensors");
    const [wide, stored] = [await readAll(path), await readAll(path, { widen: false })];
    for (const [name, dtype, widen] of [
      ["f16", "float16", float16ToFloat32],
      ["bf16", "bfloat16", bfloat16ToFloat32],
    ] as const) {
      const bits = stored.get(name);
      expect(bits).toMatchObject({ dtype, shape: wide.get(name)?.shape });
      expect(bits?.data instanceof Uint16Array && widen(bits.data)).toEqual(wide.get(name)?.data);
    }
    const others = (tensors: ReadonlyMap<string, HostTensor>) =>
      [...tensors].filter(([name]) => !/^b?f16$/.test(name));
    expect(others(stored)).toEqual(others(wide));
  });

  it("gives the metadata, and the types and places as in the file", async () => {
    const file = await openSafetensors(goldenPath("safetensors_mixed.safetensors"));
    await file.close();
    expect(file.metadata).toEqual({ format: "pt", note: 'quoted "text"\n\u00fc' });
    expect(file.tensors.get("bf16")).toMatchObject({ dtype: "BF16", shape: [7] });
    expect([...file.tensors.values()][0]).toMatchObject({ dtype: "I64", begin: 0, end: 24 });
  });

  it("reads tensors that the file does not align", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    const header =
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},' +
      '"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
    const bytes = safetensorsBytes(header, 5);
    bytes.writeFloatLE(1.5, bytes.length - 4);
    await writeFile(path, bytes);
    expect((await readAll(path)).get("b")).toEqual(float32([1], Float32Array.of(1.5)));
  });

  it("says that a file is missing or a directory", async () => {
    const dir = temporaryDirectory();
    for (const [path, reason] of [
      [join(dir, "absent"), "no such file or directory"],
      [dir, "this is a directory"],
    ] as const) {
      const error = await failure(openSafetensors(path));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ message: `${path}: cannot read: ${reason}` });
    }
  });

  it("refuses to read an absent tensor, or one of a type without an array", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    const header = '{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}';
    await writeFile(path, safetensorsBytes(header, 1));
    const file = await openSafetensors(path);
    expect(await failure(file.read("b"))).toBeInstanceOf(UsageError);
    expect(await failure(file.read("a"))).toMatchObject({
      name: "FormatError",
      message: `${path}: tensor "a": dtype is not supported; got F8_E4M3`,
    });
    await file.close();
  });

  it("notices a file that shrinks while it is open", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    const header = '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}';
    await writeFile(path, safetensorsBytes(header, 4));
    const file = await openSafetensors(path);
    await writeFile(path, safetensorsBytes(header, 3));
    expect(await failure(file.read("a"))).toBeInstanceOf(FormatError);
    await file.close();
  });
});

describe("writeSafetensors", () => {
  it("writes the bytes that Python writes, with checksums, whatever the order it is given", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    const tensors = Object.entries(golden("safetensors_reference.json")).map(
      ([name, tensor]) => [name, fromGolden(tensor)] as const,
    );
    const expected = await readFile(goldenPath("safetensors_checksums.safetensors"));
    for (const order of [tensors, tensors.toReversed()]) {
      await writeSafetensors(path, order);
      expect((await readFile(path)).equals(expected)).toBe(true);
    }
  });

  it("reads deferred tensors one after another, when their turn comes", async () => {
    const shared = new Float32Array(2);
    const deferred = (value: number) => ({
      dtype: "float32" as const,
      shape: [2],
      read: () => Promise.resolve(shared.fill(value)),
    });
    const path = join(scratch, "deferred.safetensors");
    await writeSafetensors(path, [
      ["b", deferred(2)],
      ["a", deferred(1)],
    ]);
    const tensors = await readAll(path);
    expect([...tensors].map(([name, { data }]) => [name, ...data])).toEqual([
      ["a", 1, 1],
      ["b", 2, 2],
    ]);
    const short = { ...deferred(1), shape: [3] };
    await expect(writeSafetensors(path, [["a", short]])).rejects.toThrow("2 elements");
  });

  it("writes views from where they start", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    const view = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    await writeSafetensors(path, [["a", float32([2], view)]]);
    expect((await readAll(path)).get("a")).toEqual(float32([2], Float32Array.of(2, 3)));
  });

  it("are read whatever their header's length begins with", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    const length = (): Promise<number> => readFile(path).then((bytes) => bytes.readUInt16LE());
    // 0x0280: how pickles begin.
    const tensors = [["a", float32([1], Float32Array.of(1))]] as const;
    for (let note = ""; ; note += " ") {
      await writeSafetensors(path, tensors, { metadata: { note } });
      if ((await length()) === 0x0280) break;
    }
    expect((await readAll(path)).get("a")).toEqual(tensors[0][1]);
  });

  it("writes metadata in the order of its keys", async () => {
    const path = join(temporaryDirectory(), "a.safetensors");
    await writeSafetensors(path, [], { metadata: { b: "2", a: "1" } });
    expect(await readFile(path, "utf8")).toContain('{"__metadata__":{"a":"1","b":"2",');
  });

  it("refuses a name twice, a reserved one, one beyond UTF-8, and a shape that does not fit", async () => {
    const dir = temporaryDirectory();
    const path = join(dir, "a.safetensors");
    const one = float32([1], Float32Array.of(1));
    const twice = writeSafetensors(path, [
      ["a", one],
      ["a", one],
    ]);
    expect(await failure(twice)).toMatchObject({ message: `${path}: tensor "a" appears twice` });
    const reserved = writeSafetensors(path, [["__metadata__", one]]);
    expect(await failure(reserved)).toBeInstanceOf(UsageError);
    expect(await failure(writeSafetensors(path, [["a\ud83d", one]]))).toMatchObject({
      name: "UsageError",
      message: `${path}: tensor "a\\ud83d" has a name that UTF-8 cannot express`,
    });
    const misshapen = writeSafetensors(path, [["a", { ...one, shape: [2] }]]);
    expect(await failure(misshapen)).toBeInstanceOf(ShapeError);
    expect(await readdir(dir)).toEqual([]);
  });

  it("returns what went in, for any names, types, shapes and bits", async () => {
    const path = join(scratch, "round-trip.safetensors");
    await fc.assert(
      fc.asyncProperty(anyTensors, async (tensors) => {
        await writeSafetensors(path, tensors);
        const read = await readAll(path, { widen: false });
        expect(new Set(read.keys())).toEqual(new Set(tensors.map(([name]) => name)));
        for (const [name, tensor] of tensors) {
          const back = read.get(name);
          expect(back).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
          expect(back !== undefined && bytesOf(back).equals(bytesOf(tensor))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("damaged files", () => {
  const valid = readFileSync(goldenPath("safetensors_mixed.safetensors"));
  const path = join(scratch, "damaged.safetensors");

  /**
   * Whether the file reads as a whole. Fails on any error but a FormatError, on numbers that do not
   * come from the file, and on memory out of proportion to it.
   */
  const reads = async (bytes: Uint8Array): Promise<boolean> => {
    await writeFile(path, bytes);
    const before = process.memoryUsage().arrayBuffers;
    try {
      const tensors = await readAll(path, { widen: false });
      checkPlaces(tensors, Buffer.from(bytes));
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return false;
    } finally {
      // The file, once as bytes and once as tensors, and what the test and Node need on the way.
      const taken = process.memoryUsage().arrayBuffers - before;
      expect(taken).toBeLessThan(3 * bytes.length + 2e6);
    }
  };

  it("are read or refused with a FormatError, whatever was done to whatever file", async () => {
    const files: Buffer[] = [valid];
    for (const tensors of fc.sample(anyTensors, 20)) {
      await writeSafetensors(path, tensors);
      files.push(await readFile(path));
    }
    const outcomes = { read: 0, refused: 0 };
    const anything = fc.asyncProperty(
      fc.constantFrom(...files),
      fc.array(mutation, { minLength: 1, maxLength: 2 }),
      async (file, mutations) => {
        const bytes = mutations.reduce((changed, mutate) => mutate(changed), file);
        outcomes[(await reads(bytes)) ? "read" : "refused"]++;
      },
    );
    await fc.assert(anything, { numRuns: 2000 });
    // Neither all noise nor all harmless; about 45 of 2000 are harmless.
    expect(outcomes.read).toBeGreaterThan(15);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });

  it("are read if only data changed", async () => {
    const start = dataStartOf(valid);
    const at = fc.integer({ min: start, max: valid.length - 1 });
    const changes = fc.array(fc.tuple(at, fc.integer({ min: 1, max: 255 })), { minLength: 1 });
    const inData = fc.asyncProperty(changes, async (flips) => {
      const bytes = Buffer.from(valid);
      for (const [i, mask] of flips) bytes[i] = (bytes[i] ?? 0) ^ mask;
      expect(await reads(bytes)).toBe(true);
    });
    await fc.assert(inData, { numRuns: 100 });
  });

  it("are refused wherever they are cut, and with anything behind", async () => {
    for (let length = 0; length < valid.length; length++) {
      expect(await reads(valid.subarray(0, length))).toBe(false);
    }
    expect(await reads(Buffer.concat([valid, Buffer.alloc(1)]))).toBe(false);
    expect(await reads(valid)).toBe(true);
  });
});

/** In the order of the data the tensors must be the bytes of the file, from the header to the end. */
function checkPlaces(tensors: ReadonlyMap<string, HostTensor>, bytes: Buffer): void {
  let end = dataStartOf(bytes);
  const header: Readonly<Record<string, { readonly dtype: string }>> = JSON.parse(
    bytes.toString("utf8", 8, end),
  );
  for (const [name, tensor] of tensors) {
    const begin = end;
    const other = BYTES_OF_OTHERS[header[name]?.dtype ?? ""];
    end += tensor.data.length * (other ?? bytesPerElement(tensor.dtype));
    if (other !== undefined) continue;
    expect(bytesOf(tensor).equals(bytes.subarray(begin, end))).toBe(true);
  }
  expect(end).toBe(bytes.length);
}

/** Bytes of an element in the file, of the types that are others in memory. */
const BYTES_OF_OTHERS: Readonly<Record<string, number>> = { F64: 8, I16: 2 };

const checkpoints = "../shared/data/checkpoints";
describe("real checkpoints", needsData(checkpoints), () => {
  it.each([
    ["tiny_random_gpt2/tiny_gpt2", 16, "wte.weight", [21, 2]],
    ["tiny_random_gpt2/fake_gpt2", 16, "transformer.wte.weight", [50257, 2]],
    ["stories260K_hf", 47, "model.embed_tokens.weight", [512, 64]],
  ])("opens %s", async (name, count, tensor, shape) => {
    const tensors = await readAll(join(checkpoints, name, "model.safetensors"));
    expect(tensors.size).toBe(count);
    expect(tensors.get(tensor)).toMatchObject({ dtype: "float32", shape });
  });
});

function fromGolden({ dtype, shape, values }: GoldenTensor): HostTensor {
  const loaded = dtype === "float64" ? "float64" : (LOADED_AS[dtype] ?? "float32");
  const data = allocate(loaded, values.length);
  values.forEach((value, i) => {
    data[i] = data instanceof BigInt64Array ? BigInt(value) : Number(value);
  });
  return hostTensor(loaded, shape, data);
}

const anyTensor: fc.Arbitrary<HostTensor> = fc
  .tuple(
    fc.constantFrom<DType>(
      "float32",
      "float16",
      "bfloat16",
      "int64",
      "int32",
      "uint32",
      "uint16",
      "uint8",
      "int8",
      "bool",
    ),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([dtype, shape, stream]) => {
    const data = allocate(
      dtype,
      shape.reduce((count, dim) => count * dim, 1),
    );
    const bytes = new Uint8Array(data.buffer);
    bytes.forEach((_, i) => (bytes[i] = stream.next().value ?? 0));
    return hostTensor(dtype, shape, data);
  });

const anyTensors = fc.uniqueArray(
  fc.tuple(
    fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__"),
    anyTensor,
  ),
  { selector: ([name]) => name, maxLength: 6 },
);
