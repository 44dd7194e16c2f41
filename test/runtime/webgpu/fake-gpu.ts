/** @file A GPU that computes nothing: its buffers are arrays, which can be lost. */

import type {
  Gpu,
  GpuAdapter,
  GpuBuffer,
  GpuDevice,
  GpuEncoder,
  GpuLimits,
} from "../../../src/runtime/webgpu/gpu.ts";

export interface FakeGpu {
  readonly gpu: Gpu;
  readonly device: GpuDevice;
  /** Takes the device away. */
  lose(message: string): void;
  /** Has it refuse something. */
  refuse(message: string): void;
}

const MOST_BYTES = 2 ** 20;
const LIMITS: GpuLimits = {
  maxBufferSize: MOST_BYTES,
  maxStorageBufferBindingSize: MOST_BYTES,
  maxStorageBuffersPerShaderStage: 10,
  maxComputeWorkgroupStorageSize: 2 ** 15,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65535,
};

export function fakeGpu(info: GpuAdapter["info"] = {}): FakeGpu {
  const contents = new WeakMap<GpuBuffer, Uint8Array<ArrayBuffer>>();
  const heard: ((event: { readonly error: { readonly message: string } }) => void)[] = [];
  let lose: (how: { readonly message: string }) => void = () => undefined;
  const lost = new Promise<{ readonly message: string }>((resolve) => (lose = resolve));

  const bytesOf = (buffer: GpuBuffer): Uint8Array<ArrayBuffer> => {
    const bytes = contents.get(buffer);
    if (!bytes) throw new Error("destroyed, or of another device");
    return bytes;
  };

  function createBuffer({ size }: { readonly size: number }): GpuBuffer {
    const bytes = new Uint8Array(size);
    const buffer: GpuBuffer = {
      size,
      mapState: "unmapped",
      mapAsync: () => Promise.resolve(),
      getMappedRange: () => bytes.buffer,
      destroy: () => void contents.delete(buffer),
    };
    contents.set(buffer, bytes);
    return buffer;
  }

  function createCommandEncoder(): GpuEncoder {
    const commands: (() => void)[] = [];
    return {
      copyBufferToBuffer(from, fromOffset, to, toOffset, bytes) {
        if ([fromOffset, toOffset, bytes].some((n) => n % 4 !== 0)) throw new Error("half a word");
        commands.push(() =>
          bytesOf(to).set(bytesOf(from).subarray(fromOffset, fromOffset + bytes), toOffset),
        );
      },
      finish: () => ({ run: () => commands.forEach((each) => each()) }),
    };
  }

  const device: GpuDevice = {
    limits: LIMITS,
    features: new Set<string>(),
    lost,
    createBuffer,
    createCommandEncoder,
    addEventListener: (_, each) => void heard.push(each),
    queue: {
      writeBuffer(to, offset, { buffer, byteOffset, byteLength }) {
        if (byteLength % 4 !== 0) throw new Error("half a word");
        bytesOf(to).set(new Uint8Array(buffer, byteOffset, byteLength), offset);
      },
      submit(commands) {
        for (const each of commands)
          if ("run" in each && typeof each.run === "function") each.run();
      },
    },
  };
  const adapter: GpuAdapter = {
    info,
    limits: LIMITS,
    features: device.features,
    requestDevice: () => Promise.resolve(device),
  };
  return {
    gpu: { requestAdapter: () => Promise.resolve(adapter) },
    device,
    lose: (message) => lose({ message }),
    refuse: (message) => heard.forEach((each) => each({ error: { message } })),
  };
}
