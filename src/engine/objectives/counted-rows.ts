/**
 * @file The rows of a batch whose targets count. Prompts and padding have weight 0: nobody needs their logits, and their cotangent is 0.
 *
 *   gather    (hidden [N, C], rows [K])       -> counted [K, C]
 *   scatter   (dCounted [K, C], places [N])   -> dHidden [N, C]      of the other rows the place is K, a row of zeros
 */

import { input, scalarLike } from "../../graph/value.ts";
import type { Batch } from "../../models/batch.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { gather } from "../../ops/indexing.ts";
import { concat, fill } from "../../ops/movement.ts";
import { setElements } from "../../runtime/buffers.ts";
import type { Buffer } from "../../runtime/runtime.ts";
import { cotangentSlot } from "../parts/names.ts";
import type { EngineParts } from "../parts/parts.ts";

/** A batch of the rows that count, and how it goes back. */
export interface CountedRows {
  /** With K targets and weights. */
  readonly batch: Batch;
  /** [K, C] */
  readonly hidden: Buffer;
  /** The cotangent of all hidden states [N, C] from that of those that count; it may replace the states. */
  scatter(dCounted: Buffer): Promise<Buffer>;
}

/** Takes rows out of a batch. */
export type TakeRows = (batch: Batch, hidden: Buffer) => Promise<CountedRows>;

/** Leaves a batch as it is. */
export const takeAllRows: TakeRows = (batch, hidden) =>
  Promise.resolve({ batch, hidden, scatter: (dHidden) => Promise.resolve(dHidden) });

/** The places of the rows that count, in steps of 16, or of a sixteenth of all: few shapes, few programs. Undefined for all rows. */
export function countedPlaces(weights: Float32Array): Int32Array | undefined {
  const all = weights.length;
  const rows = [...weights.keys()].filter((row) => weights[row] !== 0);
  const step = 16 * Math.ceil(all / 256);
  const size = Math.max(1, Math.ceil(rows.length / step)) * step;
  if (size >= all) return undefined;
  const padded = new Int32Array(size).fill(weights.indexOf(0));
  padded.set(rows);
  return padded;
}

/** Takes the rows that count. */
export function takeCountedRows({ model, programs, slots }: EngineParts): TakeRows {
  const { width } = model;
  return async (batch, hiddenStates) => {
    const tokens = batch.targets.length;
    const hidden = hiddenStates.view([tokens, width]);
    const places = countedPlaces(batch.weights);
    if (!places) return takeAllRows(batch, hidden);
    const count = places.length;
    const key = `${tokens} ${count}`;
    const rows = slots.take("counted rows", "int32", [count]);
    setElements(rows, places);
    // The backward pass has not begun: of its two cotangents one will be the head's, and the memory of the other is free.
    const slot = cotangentSlot(model.stages.length - 1);
    const counted = slots.take(slot, "float32", [count, width]);
    const shape = { tokens, count, width };
    const gathering = await programs.get(`rows gather ${key}`, () => buildGather(shape));
    await programs.run(gathering, { hidden, rows }, { counted });
    const of = <T extends Int32Array | Float32Array>(values: T, to: T, columns = 1): T => {
      for (const [i, place] of places.entries()) {
        to.set(values.subarray(place * columns, (place + 1) * columns), i * columns);
      }
      return to;
    };
    const { soft } = batch;
    return {
      batch: {
        ...batch,
        targets: of(batch.targets, new Int32Array(count)),
        weights: of(batch.weights, new Float32Array(count)),
        ...(soft && {
          soft: {
            ...soft,
            ids: of(soft.ids, new Int32Array(count * soft.choices), soft.choices),
            shares: of(soft.shares, new Float32Array(count * soft.choices), soft.choices),
          },
        }),
      },
      hidden: counted,
      async scatter(dCounted) {
        const back = new Int32Array(tokens).fill(count);
        for (const [i, place] of places.entries()) if (batch.weights[place] !== 0) back[place] = i;
        const whereFrom = slots.take("counted places", "int32", [tokens]);
        setElements(whereFrom, back);
        const scattering = await programs.get(`rows scatter ${key}`, () => buildScatter(shape));
        // Nobody reads the last hidden states any more.
        await programs.run(scattering, { dCounted, places: whereFrom }, { dHidden: hidden });
        return hidden;
      },
    };
  };
}

interface RowsShape {
  /** N */
  readonly tokens: number;
  /** K */
  readonly count: number;
  /** C */
  readonly width: number;
}

export function buildGather({ tokens, count, width }: RowsShape): Program {
  const hidden = input("hidden", "float32", [tokens, width]);
  return compile({ counted: gather(hidden, input("rows", "int32", [count])) }); // [K, C]
}

export function buildScatter({ tokens, count, width }: RowsShape): Program {
  const dCounted = input("dCounted", "float32", [count, width]);
  const zeros = fill(scalarLike(dCounted, 0), 0, [1, width]);
  const places = input("places", "int32", [tokens]);
  return compile({ dHidden: gather(concat([dCounted, zeros], 0), places) }); // [N, C]
}
