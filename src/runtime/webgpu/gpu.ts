/**
 * @file The parts of WebGPU that a runtime needs (W3C, "WebGPU"), as types: the library is compiled without those of the DOM.
 */

/** Memory of the device. */
export interface GpuBuffer {
  /** In bytes. */
  readonly size: number;
  readonly mapState: "unmapped" | "pending" | "mapped";
  /** Settles when all that was asked of the device before is done, and the host may read. */
  mapAsync(mode: number): Promise<void>;
  /** What was mapped. */
  getMappedRange(): ArrayBuffer;
  /** Gives the memory back at once. */
  destroy(): void;
}

/** Commands that are being written down. */
export interface GpuEncoder {
  /** Copies bytes, all of them multiples of four. */
  copyBufferToBuffer(
    from: GpuBuffer,
    fromOffset: number,
    to: GpuBuffer,
    toOffset: number,
    bytes: number,
  ): void;
  /** The commands, to be submitted. */
  finish(): object;
}

/** What the device does, in that order. */
export interface GpuQueue {
  /** Copies the bytes of an array, a multiple of four, to the beginning of a buffer. */
  writeBuffer(to: GpuBuffer, offset: number, data: ArrayBufferView): void;
  /** Has commands done. */
  submit(commands: readonly object[]): void;
}

/** What an adapter has more of than a device gets that asks for nothing: 128 MiB for a tensor, 16 KiB for a group of threads. */
const LIMITS = [
  // Bytes of a buffer, and those of it that a kernel sees.
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;
/** Numbers by these names. */
export type GpuLimits = Readonly<Record<(typeof LIMITS)[number], number>>;

/** A device that is open. */
export interface GpuDevice {
  readonly queue: GpuQueue;
  readonly limits: GpuLimits;
  readonly features: { has(name: string): boolean };
  /** Settles when it is gone. */
  readonly lost: Promise<{ readonly message: string }>;
  /** Zero-filled memory. */
  createBuffer(options: { readonly size: number; readonly usage: number }): GpuBuffer;
  /** Begins commands. */
  createCommandEncoder(): GpuEncoder;
  /** Hears of what was refused, after the call that asked for it. */
  addEventListener(
    type: "uncapturederror",
    heard: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
}

/** What a device can be opened on. */
export interface GpuAdapter {
  readonly limits: GpuLimits;
  readonly features: { has(name: string): boolean };
  readonly info: {
    readonly architecture?: string;
    readonly vendor?: string;
    readonly description?: string;
    readonly device?: string;
    /** Whether a processor plays the device. */
    readonly isFallbackAdapter?: boolean;
  };
  /** Opens it. */
  requestDevice(options: {
    readonly requiredLimits: Readonly<Record<string, number>>;
    readonly requiredFeatures: readonly string[];
  }): Promise<GpuDevice>;
}

/** `navigator.gpu`. */
export interface Gpu {
  /** null where there is none. */
  requestAdapter(options?: {
    readonly powerPreference?: "high-performance";
  }): Promise<GpuAdapter | null>;
}

/** GPUBufferUsage.STORAGE, COPY_SRC and COPY_DST. */
export const STORAGE_USAGE: number = 0x80 | 0x4 | 0x8;
/** GPUBufferUsage.MAP_READ and COPY_DST. */
export const READ_USAGE: number = 0x1 | 0x8;
/** GPUMapMode.READ. */
export const MAP_READ = 1;

/** What kernels of onnxruntime use where it is there. */
const FEATURES = ["shader-f16", "subgroups"];

/** The device of an adapter, with as much as that has. */
export const openDevice = (adapter: GpuAdapter): Promise<GpuDevice> =>
  adapter.requestDevice({
    // Those of the browser's object are not its own properties.
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
  });
