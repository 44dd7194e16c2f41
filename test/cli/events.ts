/** Events of a small run, for the tests of what shows them. */

import { parseConfig } from "../../src/options/config.ts";
import type {
  EndEvent,
  MemoryTable,
  StartEvent,
  StepEvent,
  TrainEvent,
} from "../../src/runs/events.ts";

export const MEMORY: MemoryTable = {
  rows: [
    { name: "weights", predicted: 500e6 },
    { name: "accumulators", predicted: 50e6 },
    { name: "optimizer state", predicted: 2e6 },
    { name: "activations", predicted: 120e6 },
    { name: "workspace", predicted: 300e6 },
    { name: "runtime", predicted: 100e6 },
  ],
  predictedTotal: 1072e6,
  alternatives: [
    { name: "AdamW", bytes: 2000e6 },
    { name: "LoRA rank 8", bytes: 690e6 },
  ],
};

export const startEvent = (options: Readonly<Record<string, unknown>> = {}): StartEvent => ({
  type: "start",
  config: parseConfig({ train: "text.txt", output: "runs/test", ...options }),
  learningRate: 0.02,
  warmupSteps: 20,
  modelType: "gpt2",
  task: "causal",
  drawn: [],
  parameterCount: 124_439_808,
  parameters: [],
  memory: MEMORY,
  data: "28,000 pairs, 1,000 held out",
  isChat: false,
  notes: [],
  totalSteps: 400,
  startStep: 0,
  device: "cpu",
  evaluateEvery: 40,
  estimatedMs: 95_000,
});

export const stepEvent = (changes: Partial<StepEvent> = {}): StepEvent => ({
  type: "step",
  step: 120,
  totalSteps: 400,
  loss: 1.2342,
  learningRate: 5e-3,
  tokens: 2000,
  elapsedMs: 30_000,
  tokensPerSecond: 12_300,
  gflopsPerSecond: 85.2,
  etaMs: 80_000,
  residentBytes: 412e6,
  ...changes,
});

export const endEvent = (changes: Partial<EndEvent> = {}): EndEvent => ({
  type: "end",
  reason: "finished",
  step: 400,
  totalSteps: 400,
  elapsedMs: 102_000,
  memory: { ...MEMORY, measuredTotal: 1100e6 },
  projectionShare: 0.031,
  overheadShare: 0.012,
  ...changes,
});

/** A trainer that tells these events, and ends as interrupted once it is asked to stop. */
export const fakeTrain = (events: readonly TrainEvent[]) =>
  async function* (
    _: unknown,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<TrainEvent, void, undefined> {
    for (const event of events) {
      await Promise.resolve();
      if (signal.aborted) {
        yield endEvent({ reason: "interrupted", step: 3 });
        return;
      }
      yield event;
    }
  };
