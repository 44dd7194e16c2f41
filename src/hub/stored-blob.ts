/** @file A file of a store as a Blob that is read when it is asked for: what uploads take. */

import type { FileStore } from "../host/host.ts";

/** The bytes of a file from `begin` to `end`, which are read in parts as they are needed. */
export class StoredBlob extends Blob {
  readonly #files: FileStore;
  readonly #path: string;
  readonly #begin: number;
  readonly #end: number;
  override readonly size: number;

  constructor(files: FileStore, path: string, begin: number, end: number) {
    super([]);
    this.#files = files;
    this.#path = path;
    this.#begin = begin;
    this.#end = end;
    this.size = end - begin;
  }

  override slice(start = 0, end: number = this.size): StoredBlob {
    const at = (place: number): number =>
      Math.min(this.#end, this.#begin + (place < 0 ? Math.max(0, this.size + place) : place));
    return new StoredBlob(this.#files, this.#path, at(start), Math.max(at(start), at(end)));
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const file = await this.#files.open(this.#path);
    try {
      return (await file.read(this.#begin, this.#end)).buffer;
    } finally {
      await file.close();
    }
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer());
  }

  override stream(): ReturnType<Blob["stream"]> {
    let position = this.#begin;
    const opening = this.#files.open(this.#path);
    const close = async (): Promise<void> => (await opening).close();
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        const file = await opening;
        const part = await file.read(position, Math.min(this.#end, position + PART_BYTES));
        position += part.length;
        if (part.length > 0) controller.enqueue(part);
        if (part.length > 0 && position < this.#end) return;
        await close();
        controller.close();
      },
      cancel: close,
    });
  }
}

const PART_BYTES = 2 ** 20;
