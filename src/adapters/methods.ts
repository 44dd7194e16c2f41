/**
 * @file The family of adapter methods: what is trained, with the defaults of the papers, and what happens at a merge.
 *
 *   lora      Hu et al., ICLR 2022, arXiv:2106.09685               A and B
 *   lora-fa   Zhang et al., 2023, arXiv:2308.03303                 B; A stays as drawn
 *   lora+     Hayou, Ghosh & Yu, ICML 2024, arXiv:2402.12354       A and B, η_B = λ η_A
 *   dora      Liu et al., ICML 2024, arXiv:2402.09353              A, B and the lengths of the weights of each output
 *   relora    Lialin et al., ICLR 2024, arXiv:2307.05695           every k steps: merge, redraw A, B = 0; most of the adapters'
 *                                                                  optimizer state is pruned, the rate is warmed up again
 *   plora     Meng et al., 2024, arXiv:2402.16141                  stages: unload a fraction f into W; optimizer and schedule restart
 *   cola      Xia, Qin & Hazan, 2024, arXiv:2401.04151             a chain of adapters that share the budget; each is merged, the
 *                                                                  next one begins with a fresh optimizer and schedule
 *
 * PLoRA with f < 1 keeps the rest in the adapter, B ← (1 - f) B with the same A: a redrawn A would lose it.
 */

/** The names of the methods. */
export const ADAPTER_METHODS = [
  "lora",
  "lora-fa",
  "lora+",
  "dora",
  "relora",
  "plora",
  "cola",
] as const;
/** One of them. */
export type AdapterMethod = (typeof ADAPTER_METHODS)[number];

/** Where A and B begin: A at random and B with zeros, or with what the weight has most of (`pissa.ts`). */
export const ADAPTER_STARTS = ["random", "pissa"] as const;
/** One of them. */
export type AdapterStart = (typeof ADAPTER_STARTS)[number];

/** What becomes of the optimizer and of the rate when adapters are merged. */
export type AfterMerge = "prune and warm up" | "restart";

/** What tells a variant of LoRA from the others. */
export interface AdapterFamily {
  /** The most that is usual; a wide model has it. */
  readonly rank: number;
  readonly alpha: number;
  /** Whether A is trained. */
  readonly trainsA: boolean;
  /** Whether B has a rate of its own. */
  readonly hasRateRatio: boolean;
  /** Whether the lengths of the outputs' weights are trained apart from their directions. */
  readonly hasMagnitude: boolean;
  readonly merge?: {
    readonly after: AfterMerge;
    /** Steps between merges, where they are not given. */
    readonly every: (totalSteps: number) => number;
  };
}

const LORA: AdapterFamily = {
  rank: 8,
  alpha: 8,
  trainsA: true,
  hasRateRatio: false,
  hasMagnitude: false,
};

/** Links of COLA's chain, and stages of PLoRA, in a run. */
const LINKS = 3;
const STAGES = 4;

const share = (parts: number) => (totalSteps: number) => Math.ceil(totalSteps / parts);

/** LoRA and its variants by name. */
export const ADAPTER_FAMILY: Readonly<Record<AdapterMethod, AdapterFamily>> = {
  lora: LORA,
  "lora-fa": { ...LORA, trainsA: false },
  "lora+": { ...LORA, hasRateRatio: true },
  dora: { ...LORA, hasMagnitude: true },
  relora: {
    ...LORA,
    rank: 128,
    alpha: 32,
    merge: { after: "prune and warm up", every: () => 1000 },
  },
  plora: { ...LORA, merge: { after: "restart", every: share(STAGES) } },
  cola: { ...LORA, alpha: 16, merge: { after: "restart", every: share(LINKS) } },
};

/** Whether a method trains adapters instead of the weights. */
export const isAdapterMethod = (method: string): method is AdapterMethod =>
  Object.hasOwn(ADAPTER_FAMILY, method);
