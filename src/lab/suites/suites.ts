/**
 * @file Ready-made comparisons: accumulation, momentum and the interval κ as in the experiments of the FLORA paper (Hao, Cao & Mou,
 * ICML 2024, arXiv:2402.03293), three about its parts, and one beside its neighbours.
 *
 * A suite whose methods all have an interval is run in the order of the intervals. In a method `$rank` is the run's rank, `$safe`
 * the smallest interval for which the momentum stays bounded, and `$interval` one that suits the length of the run.
 */

import { FAMILY_NAMES } from "../../compress/families.ts";
import { UsageError } from "../../errors.ts";
import type { TrainOptions } from "../../options/config.ts";
import { closest } from "../../options/tables/suggest.ts";

/** The charts that a comparison may show. */
export type ChartName = "steps" | "seconds" | "state" | "kappa" | "rank" | "memory";

/** A method of a suite. */
export interface SuiteMethod {
  readonly spec: string;
  /** Its name in tables, where that is not made from the spec. */
  readonly label?: string;
}

/** A comparison that has a name. */
export interface Suite {
  readonly name: string;
  /** What it compares, in a sentence. */
  readonly summary: string;
  /** What to look at in its results. */
  readonly lookAt: readonly string[];
  readonly methods: readonly (string | SuiteMethod)[];
  /** Options of all runs, unless the user gives others. */
  readonly base: TrainOptions;
  readonly charts: readonly ChartName[];
}

export const USUAL_CHARTS: readonly ChartName[] = ["steps", "seconds", "state"];

const atRanks = (ranks: readonly number[], method: string, rest = ""): readonly string[] =>
  ranks.map((rank) => `${method}:${rank}${rest}`);

/**
 * Adapters are trained by Adam: Adafactor moves a parameter in proportion to its size, and B begins at 0, so that LoRA would learn
 * slowly at first, and be ruined later by the rate that made up for it.
 */
const WITH_ADAM = "@optimizer=adam";

/** FLORA, Muon in its subspace, and whoever keeps Adam's moments in another. */
const neighboursOfRank = (rank: number): readonly SuiteMethod[] => [
  { spec: `flora:${rank}@projection=gaussian`, label: `FLORA(${rank})` },
  { spec: `flora:${rank}@projection=orthonormal`, label: `FLORA(${rank}) orthonormal` },
  {
    spec: `flora:${rank}@optimizer=adam@compressMoments@resampleEvery=50`,
    label: `FLORA(${rank}) Adam`,
  },
  { spec: `flora:${rank}@optimizer=scale`, label: `FLORA(${rank}) SCALE` },
  { spec: `flora:${rank}@optimizer=muon@projection=orthonormal`, label: `FLORA(${rank}) Muon` },
  {
    spec: `flora:${rank}@optimizer=muon@projection=coordinates`,
    label: `FLORA(${rank}) Muon, columns`,
  },
  { spec: `galore:${rank}@resampleEvery=50`, label: `GaLore(${rank})` },
  { spec: `gum:${rank}@resampleEvery=50`, label: `GUM(${rank})` },
  { spec: `fira:${rank}@resampleEvery=50`, label: `Fira(${rank})` },
  { spec: `apollo:${rank}@resampleEvery=50`, label: `APOLLO(${rank})` },
  { spec: `compact:${rank}@resampleEvery=50`, label: `CompAct(${rank})` },
  { spec: `ldadam:${rank}`, label: `LDAdam(${rank})` },
  { spec: `lora-pre:${rank}`, label: `LoRA-Pre(${rank})` },
  { spec: `lora-pre:${rank}@optimizer=muon`, label: `LoRA-Pre(${rank}) Muon` },
];

/** The suites of `flora compare --suite`. */
export const SUITES: readonly Suite[] = [
  {
    name: "accumulation",
    summary: "Gradient accumulation: gradients kept whole, compressed, or of low-rank patches.",
    lookAt: [
      "None takes a step after every micro-batch and has no accumulator; the extra memory of the others is counted from it. " +
        "Dense is what the FLORA paper calls Naive. LoRA is there with Adafactor, as in the paper, and with Adam.",
      "Look at how close FLORA comes to Dense as its rank grows, and at what LoRA reaches with as much state.",
    ],
    methods: [
      "none",
      "dense",
      "lora:8",
      ...atRanks([8, 32, 128], "lora", WITH_ADAM),
      ...atRanks([8, 32, 128], "flora"),
    ],
    base: { microSteps: 8, batchSize: 8, optimizer: "adafactor" },
    charts: USUAL_CHARTS,
  },
  {
    name: "momentum",
    summary:
      "Momentum from scratch: kept whole, compressed and moved between projections, or none.",
    lookAt: [
      "None is Adafactor without momentum, and LoRA has Adam in its place. Whole momentum is as large as the weights; FLORA keeps a projection of it.",
      "The projection changes after `resampleEvery` steps; the momentum is then moved to the new one.",
    ],
    methods: [
      { spec: "none@momentum=0", label: "None" },
      "dense",
      ...atRanks([8, 32, 128], "lora", `${WITH_ADAM}@momentum=0`),
      ...atRanks([8, 32, 128], "flora", "@resampleEvery=$interval"),
    ],
    base: { momentum: 0.9, optimizer: "adafactor" },
    charts: USUAL_CHARTS,
  },
  {
    name: "kappa",
    summary: "The interval between projections, κ, for a compressed momentum.",
    lookAt: [
      "A momentum that is moved to a new projection gains norm with every move, and loses it by its decay in between. " +
        "Below the smallest safe interval it would grow without bound: such runs are refused before they begin.",
      "Intervals longer than the run never change the projection, so that training stays in one subspace.",
    ],
    methods: [
      "flora:$rank@resampleEvery=$safe",
      ...[1, 10, 100, 1000, 10_000].map((kappa) => `flora:$rank@resampleEvery=${kappa}`),
    ],
    base: { momentum: 0.9, optimizer: "adafactor" },
    charts: ["kappa", "steps"],
  },
  {
    name: "rank",
    summary: "Quality and memory against the rank.",
    lookAt: [
      "Look at how the loss comes closer to that of Dense, the dashed line, as the rank grows, and at the state that it takes.",
    ],
    methods: [
      "dense",
      ...atRanks([8, 16, 32, 64, 128, 256], "flora"),
      ...atRanks([8, 16, 32, 64, 128, 256], "lora", WITH_ADAM),
    ],
    base: { microSteps: 8, batchSize: 8, optimizer: "adafactor" },
    charts: ["rank", ...USUAL_CHARTS],
  },
  {
    name: "projection",
    summary: "Families of projections, and the side of a matrix that is projected.",
    lookAt: [
      "All families are unbiased: look at the noise that they leave, which the rows of an orthonormal projection, not overlapping, have less of.",
      "Projecting the larger side keeps less: the accumulator has r values for each row of the smaller side.",
    ],
    methods: [8, 32].flatMap((rank) => [
      ...FAMILY_NAMES.map((family) => `flora:${rank}@projection=${family}`),
      `flora:${rank}@projection=gaussian@side=larger`,
    ]),
    base: { microSteps: 8, batchSize: 8, optimizer: "adafactor" },
    charts: USUAL_CHARTS,
  },
  {
    name: "neighbours",
    summary:
      "From scratch on characters: FLORA, Muon in its subspace, LoRA, and the methods that project gradients or scale them.",
    lookAt: [
      "Look at the loss beside the bytes of state: GaLore, Fira, APOLLO, GUM, LDAdam and LoRA-Pre need gradients whole besides, CompAct and FLORA never do.",
      "Subspaces that keep moments change after an eighth of the run, as those of a long run at their interval of 200.",
    ],
    methods: [
      { spec: "dense@optimizer=adamw", label: "AdamW" },
      { spec: "dense@optimizer=adafactor", label: "Adafactor" },
      { spec: "dense@optimizer=muon", label: "Muon" },
      { spec: "dense@optimizer=scale", label: "SCALE" },
      ...[8, 64].map((rank) => ({ spec: `lora:${rank}${WITH_ADAM}`, label: `LoRA(${rank})` })),
      ...[16, 32, 64].flatMap(neighboursOfRank),
      { spec: "apollo-mini@resampleEvery=50", label: "APOLLO-Mini" },
    ],
    base: {
      model: {
        model_type: "llama",
        hidden_size: 128,
        intermediate_size: 384,
        num_hidden_layers: 3,
        num_attention_heads: 4,
        num_key_value_heads: 4,
        max_position_embeddings: 64,
        tie_word_embeddings: false,
      },
      tokenizer: "bytes",
      steps: 400,
      batchSize: 16,
      warmupSteps: 20,
      schedule: "linear",
      holdout: 0.1,
    },
    charts: USUAL_CHARTS,
  },
  {
    name: "memory",
    summary: "Measured peak memory beside the prediction, on a model of GPT-2's width.",
    lookAt: [
      "The runs are too short to learn anything: look at the memory.",
      "Each run is a process of its own; measured is its peak of resident memory.",
    ],
    methods: [
      "none",
      "dense",
      "dense@optimizer=adamw",
      ...atRanks([8, 32, 128, 256], "flora"),
      ...atRanks([8, 32, 128], "lora"),
    ],
    base: {
      model: { n_embd: 768, n_layer: 4, n_head: 12, n_positions: 64 },
      steps: 3,
      microSteps: 2,
      batchSize: 4,
      evaluationBatches: 1,
      translations: 0,
      warmupSteps: 0,
    },
    charts: ["memory"],
  },
];

/** @throws {UsageError} if there is no such suite. */
export function findSuite(name: string): Suite {
  const suite = SUITES.find((candidate) => candidate.name === name);
  if (suite) return suite;
  const names = SUITES.map((candidate) => candidate.name);
  const near = closest(name, names);
  throw new UsageError(`suite: no such suite; got ${JSON.stringify(name)}`, {
    hint: near === undefined ? `suites: ${names.join(", ")}` : `did you mean ${near}?`,
  });
}
