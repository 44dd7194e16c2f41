/**
 * @file What a teacher says: the likeliest tokens of each target that counts, and what of the probability each has among them.
 *
 *   z = h Wᵀ (+ b, capped),  ids = the K largest of z,  q_j = e^(z_j) / Σ_k e^(z_k)
 *
 * Nothing is learned. Rows come in blocks, so that no more than a block of logits exists.
 */

import { input, type Value } from "../../graph/value.ts";
import type { Batch } from "../../models/batch.ts";
import { headOf, headRows } from "../../models/model.ts";
import { logitsOf } from "../../nn/loss.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { cast } from "../../ops/elementwise.ts";
import { gatherElements, largest } from "../../ops/indexing.ts";
import { softmax } from "../../ops/softmax.ts";
import type { WeightDType } from "../../optim/rounding.ts";
import { bufferOf, floats } from "../../runtime/buffers.ts";
import type { Views } from "../../runtime/runtime.ts";
import type { EngineParts } from "../parts/parts.ts";
import { takeCountedRows } from "./counted-rows.ts";
import type { Head, Objective } from "./objective.ts";

/** What a teacher says of the n targets of a batch that count, in their order. */
export interface LargestLogits {
  /** [n, K], the likeliest first. */
  readonly ids: Int32Array;
  /** [n, K], adding up to 1 over K. */
  readonly shares: Float32Array;
}

/** An objective for evaluations alone: each batch is told with its K largest logits. */
export const largestLogits = (
  choices: number,
  tell: (batch: Batch, found: LargestLogits) => void,
): Objective => ({
  name: "largest logits",
  open: (parts) => openHead(parts, { choices, tell }),
});

/** Logits of a block. */
const BLOCK_BYTES = 32e6;

function openHead(
  parts: EngineParts,
  { choices, tell }: { choices: number; tell: (batch: Batch, found: LargestLogits) => void },
): Head {
  const { model, state, slots, programs } = parts;
  const { width } = model;
  const { weight, bias, softcap } = headOf(model);
  const vocabulary = headRows(model);
  const most = Math.max(1, Math.floor(BLOCK_BYTES / (4 * vocabulary)));
  const takeRows = takeCountedRows(parts);
  const named: readonly (readonly [string, string])[] = [
    ["weight", weight],
    ...(bias === undefined ? [] : [["bias", bias] as const]),
  ];
  const params: Views = Object.fromEntries(
    named.map(([param, name]) => [param, bufferOf(state.weights, name)]),
  );
  const dtypeOf = (param: string): WeightDType => {
    const { dtype } = params[param] ?? {};
    return dtype === "float16" || dtype === "bfloat16" ? dtype : "float32";
  };

  return {
    backward: () => Promise.reject(new Error("internal: a teacher does not learn")),

    async evaluate(all, hiddenStates) {
      const { batch, hidden } = await takeRows(all, hiddenStates);
      const tokens = batch.targets.length;
      const rows = hidden.view([tokens, width]);
      const ids = new Int32Array(tokens * choices);
      const shares = new Float32Array(tokens * choices);
      for (let start = 0; start < tokens; start += most) {
        const end = Math.min(tokens, start + most);
        const shape = { rows: end - start, width, vocabulary, softcap, choices };
        const program = await programs.get(`largest logits ${end - start}`, () =>
          buildLargest(shape, {
            weight: dtypeOf("weight"),
            bias: params["bias"] && dtypeOf("bias"),
          }),
        );
        const to = {
          ids: slots.take("largest ids", "int32", [end - start, choices]),
          shares: slots.take("largest shares", "float32", [end - start, choices]),
        };
        await programs.run(program, { hidden: rows.rows(start, end), ...params }, to);
        ids.set(Int32Array.from(await to.ids.read(), Number), start * choices);
        shares.set(floats(await to.shares.read()), start * choices);
      }
      // What fills up the counted rows stands behind them; of all rows some do not count.
      const counted = [...batch.weights.keys()].filter((row) => batch.weights[row] !== 0);
      const of = <T extends Int32Array | Float32Array>(values: T, to: T): T => {
        for (const [i, row] of counted.entries()) {
          to.set(values.subarray(row * choices, (row + 1) * choices), i * choices);
        }
        return to;
      };
      tell(all, {
        ids: of(ids, new Int32Array(counted.length * choices)),
        shares: of(shares, new Float32Array(counted.length * choices)),
      });
      return { loss: 0, correct: 0, tokens: all.lossTokens };
    },
  };
}

interface LargestShape {
  readonly rows: number;
  /** C */
  readonly width: number;
  /** V */
  readonly vocabulary: number;
  readonly softcap: number | undefined;
  /** K */
  readonly choices: number;
}

export function buildLargest(
  { rows, width, vocabulary, softcap, choices }: LargestShape,
  dtypes: { readonly weight: WeightDType; readonly bias?: WeightDType | undefined },
): Program {
  const param = (name: string, dtype: WeightDType, shape: readonly number[]): Value =>
    cast(input(name, dtype, shape), "float32");
  const logits = logitsOf({
    hidden: input("hidden", "float32", [rows, width]),
    weight: param("weight", dtypes.weight, [vocabulary, width]),
    bias: dtypes.bias && param("bias", dtypes.bias, [vocabulary]),
    softcap,
  }); // [R, V]
  const ids = largest(logits, choices); // [R, K]
  return compile({ ids, shares: softmax(gatherElements(logits, ids, 1)) });
}
