/** Steps of a beam search against a search through all sequences. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import {
  type BeamStepOptions,
  type Search,
  stepBeams,
} from "../../../src/generate/strategies/beam-step.ts";
import { uniforms } from "../support.ts";

const TOKENS = 3;
const STOP = 2;
const LONGEST = 4;

/** Logits that depend on all tokens before. */
function logitsAfter(tokens: readonly number[], seed: number): Float32Array {
  const draw = uniforms(tokens.reduce((state, token) => Math.imul(state, 31) + token + 1, seed));
  for (let i = 0; i < 5; i++) draw();
  return Float32Array.from({ length: TOKENS }, () => 4 * draw());
}

/** A search from an empty prompt to its end. */
function search(seed: number, options: BeamStepOptions): Search {
  const empty = { tokens: [], logProbability: 0, row: 0 };
  let state: Search = { given: 0, end: LONGEST, beams: [empty], hypotheses: [] };
  while (state.beams.length > 0) {
    const beams = state.beams.map((beam, row) => ({ ...beam, row }));
    const logitsOf = (row: number) => logitsAfter(beams[row]?.tokens ?? [], seed);
    state = stepBeams({ ...state, beams }, logitsOf, options);
  }
  return state;
}

/** Every sequence that ends, with its score. */
function* sequences(
  seed: number,
  lengthPenalty: number,
  tokens: readonly number[] = [],
  logProbability = 0,
): Generator<{ readonly tokens: readonly number[]; readonly score: number }> {
  const isStopped = tokens.at(-1) === STOP;
  if (isStopped || tokens.length === LONGEST) {
    const score = logProbability / tokens.length ** lengthPenalty;
    yield { tokens: isStopped ? tokens.slice(0, -1) : tokens, score };
    return;
  }
  const logits = Array.from(logitsAfter(tokens, seed));
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  for (const [token, logit] of logits.entries()) {
    yield* sequences(seed, lengthPenalty, [...tokens, token], logProbability + logit - total);
  }
}

describe("a beam search", () => {
  const penalties = fc.constantFrom(0, 0.5, 1, 2);

  it("that keeps all beams finds the best sequences of all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), penalties, (seed, lengthPenalty) => {
        const beams = TOKENS ** LONGEST;
        const { hypotheses } = search(seed, { beams, lengthPenalty, stopTokens: [STOP] });
        const all = [...sequences(seed, lengthPenalty)].toSorted((a, b) => b.score - a.score);
        expect(hypotheses.map(({ score }) => score)).toEqual(
          all.map(({ score }) => expect.closeTo(score, 5)),
        );
        expect([...(hypotheses[0]?.tokens ?? [])]).toEqual(all[0]?.tokens);
      }),
      { numRuns: 20 },
    );
  });

  it("never finds more than there is, nor anything twice", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(true, false, "never" as const),
        (seed, beams, earlyStopping) => {
          const { hypotheses } = search(seed, { beams, earlyStopping, stopTokens: [STOP] });
          const all = new Map(
            [...sequences(seed, 1)].map((each) => [each.tokens.join(), each.score]),
          );
          for (const { tokens, score } of hypotheses) {
            expect(score).toBeCloseTo(all.get(tokens.join()) ?? Number.NaN, 5);
          }
          const different = new Set(hypotheses.map(({ tokens }) => tokens.join()));
          expect(different.size).toBe(hypotheses.length);
          expect(hypotheses.length).toBeLessThanOrEqual(beams);
        },
      ),
    );
  });

  it("goes on with k beams though the likeliest tokens all stop", () => {
    const beams = [0, 1].map((row) => ({ tokens: [row], logProbability: -1, row }));
    const state = { given: 0, end: 9, beams, hypotheses: [] };
    const options = {
      beams: 2,
      stopTokens: [0, 1],
      earlyStopping: "never",
      lengthPenalty: 2,
    } as const;
    const next = stepBeams(state, () => Float32Array.of(9, 8, 1, 0), options);
    expect(next.hypotheses.map(({ tokens }) => [...tokens])).toEqual([[0], [1]]);
    expect(next.beams.map(({ tokens }) => tokens)).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it("refuses logits without a probability", () => {
    const beams = [{ tokens: [], logProbability: 0, row: 0 }];
    const step = (...logits: number[]) =>
      stepBeams({ given: 0, end: 3, beams, hypotheses: [] }, () => Float32Array.from(logits), {
        beams: 2,
      });
    const message = "beam search: no token has a probability";
    expect(() => step(Number.NaN, 1)).toThrow(new UsageError(message));
    expect(() => step(-Infinity, -Infinity)).toThrow(new UsageError(message));
  });
});
