/**
 * @file Learning-rate schedules: factors of the peak rate by step, counted from 0.
 *
 *   warm-up        step / W                              while step < W
 *   linear         (S - step) / (S - W)
 *   cosine         (1 + cos(π (step - W) / (S - W))) / 2
 *   wsd            1, then (S - step) / D                over the last D = S / 5 steps (Hu et al., 2024, arXiv:2404.06395)
 *   inverse-sqrt   1 / √(1 + (step - W) / T)             T = W, or 10,000 without warm-up
 *
 * W warm-up steps, S all steps.
 */

export type Schedule = (step: number) => number;

/** The length of a schedule, in steps (updates, not micro-steps). */
export interface ScheduleOptions {
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/** What of a run that is warmed up, stable and then decayed is the decay. */
const DECAY_SHARE = 0.2;

type Shape = (step: number, options: ScheduleOptions) => number;

/** Shapes of the learning rate over a run, after its warm-up. */
export const SCHEDULES = ["constant", "linear", "cosine", "wsd", "inverse-sqrt"] as const;
/** The name of a schedule of learning rates. */
export type ScheduleName = (typeof SCHEDULES)[number];

const SHAPES: Readonly<Record<ScheduleName, Shape>> = {
  constant: () => 1,
  linear: (step, { warmupSteps, totalSteps }) =>
    Math.max(0, totalSteps - step) / Math.max(1, totalSteps - warmupSteps),
  cosine(step, { warmupSteps, totalSteps }) {
    const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
    return Math.max(0, (1 + Math.cos(Math.PI * progress)) / 2);
  },
  wsd: (step, { totalSteps }) =>
    Math.min(1, Math.max(0, totalSteps - step) / Math.max(1, totalSteps * DECAY_SHARE)),
  "inverse-sqrt"(step, { warmupSteps }) {
    const scale = warmupSteps || 10_000;
    return 1 / Math.sqrt((step + scale - warmupSteps) / scale);
  },
};

/** The schedule of a name: the learning rate of each step in units of the peak rate. */
export function schedule(name: ScheduleName, options: ScheduleOptions): Schedule {
  const { warmupSteps } = options;
  const shape = SHAPES[name];
  return (step) => (step < warmupSteps ? step / Math.max(1, warmupSteps) : shape(step, options));
}
