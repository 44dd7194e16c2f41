/** @file The runtime of a tab of Chromium as one of Node, so that tests against references run there as they are. */

import type { Program } from "../../src/onnx/model.ts";
import type { Device } from "../../src/runtime/device-options.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { hostRuntime } from "../../src/runtime/session.ts";
import { withKernels } from "../../src/runtime/webgpu/kernels.ts";
import { openPage } from "./served-page.ts";

type Sent = Omit<HostTensor, "data"> & { readonly bytes: string };

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array | HostTensor["data"]): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");

/** Tensors lie in this process; each run sends what it feeds, and fetches what it wants. */
export async function remoteRuntime(device: Device): Promise<Runtime> {
  const { call } = await openPage("/test/chromium/remote.js");
  const programs = new WeakMap<Uint8Array, Program>();
  const runtime = hostRuntime<HostTensor>({
    name: device,
    createTensor: (dtype, data, shape) => ({ dtype, data, shape }),
    async createSession(bytes) {
      const { inputs = {}, outputs = {} } = programs.get(bytes) ?? {};
      // onnxruntime is told another type than a program has of numbers that it does not know.
      const typeOf = (types: Program["inputs"], name: string, { dtype }: HostTensor) =>
        types[name]?.dtype ?? dtype;
      const id = await call<number>("load", device, { bytes: textOf(bytes), inputs, outputs });
      return {
        async run(feeds, fetches) {
          const sent = Object.entries(feeds).map(([name, tensor]): [string, Sent] => [
            name,
            {
              dtype: typeOf(inputs, name, tensor),
              shape: tensor.shape,
              bytes: textOf(tensor.data),
            },
          ]);
          const wanted = Object.entries(fetches).map(([name, tensor]) => [
            name,
            { dtype: typeOf(outputs, name, tensor), shape: tensor.shape },
          ]);
          const answered = await call<Readonly<Record<string, string>>>(
            "run",
            id,
            Object.fromEntries(sent),
            Object.fromEntries(wanted),
          );
          for (const [name, { data }] of Object.entries(fetches)) {
            const fetched = Buffer.from(answered[name] ?? "", "base64");
            new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(fetched);
          }
        },
        release: () => call("release", id),
      };
    },
  });
  return {
    ...runtime,
    load(program, options) {
      const bytes = device === "webgpu" ? program.rewritten(withKernels) : program.bytes;
      programs.set(bytes, program);
      return runtime.load({ ...program, bytes }, options);
    },
  };
}
