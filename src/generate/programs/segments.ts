/**
 * @file The programs that decode: the stages of a decoder for T new tokens after P known ones, a few at a time, and the logits of the last.
 *
 *   x, k_l, v_l = stage_l(x, past k_l, past v_l [, encoded k_l, encoded v_l])
 *   logits = x[:, T - 1] headᵀ
 *
 * Blocks of one kind are the same function, so that all share a program, which is made in a fraction of the time that one of them all
 * would take; and of weights that rest in sixteen bits few are wide at a time. A program has two blocks, since each run costs something.
 *
 * B batch, T new tokens, P past, S source, C width, W keys of all heads, V vocabulary.
 */

import { mapTensors, type Tensors } from "../../graph/tensors.ts";
import { input, type Value, type ValueType } from "../../graph/value.ts";
import { headLogits } from "../../models/head.ts";
import {
  ENCODER_OUTPUT,
  headParams,
  type KeysAndValues,
  type Model,
  type Stage,
  type StageDecoding,
} from "../../models/model.ts";
import { scalesName } from "../../nn/weights-at-rest.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { reshape, slice } from "../../ops/movement.ts";
import { type KeptWeights, partsOf, weightValue } from "./program.ts";

export interface DecodeSizes {
  /** B */
  readonly batch: number;
  /** T */
  readonly length: number;
  /** P */
  readonly past: number;
  /** S, of encoder-decoder models. */
  readonly source: number;
}

/** Stages in a row that one program reads, the last ones with the head. */
export interface Segment {
  /** Segments of one key have the same programs. */
  readonly key: string;
  /** What inputs are called in the checkpoint, in the cache and in what an encoder read, by their names in the program. */
  readonly names: ReadonlyMap<string, string>;
  /** The names in the cache of what `new.*` has, by those in the program. */
  readonly cached: ReadonlyMap<string, string>;
  /**
   * The program for inputs of that type.
   *
   * Inputs: `x` [B, T] or [B, T, C], `positions` [B, T] and `keyPositions` [B, P + T] (int32), `past.bias` [B, 1, T, P + T],
   * `past.*` [B, P, W]; with an encoder `encoder.bias` [B, 1, 1, S] and `encoder.*` [B, S, W]. Outputs: `y` [B, T, C], or `logits`
   * [B, V] of the last one, and `new.*` [B, T, W].
   */
  build(x: ValueType, sizes: DecodeSizes): Program;
}

/** A stage that decodes, at its place in the model. */
interface Place {
  readonly index: number;
  readonly stage: Stage;
  readonly decoding: StageDecoding;
}

/** Of them most models have an even number, and kinds that take turns are in every pair. */
const BLOCKS_TOGETHER = 2;

/** All that decodes, in the order in which it runs. */
export function segmentsOf(model: Model, kept: KeptWeights): readonly Segment[] {
  const groups: Place[][] = [];
  for (const [index, stage] of model.stages.entries()) {
    const { decoding } = stage;
    if (!decoding) continue;
    const last = groups.at(-1);
    const goesOn = last?.at(-1)?.stage.attends === stage.attends && last.length < BLOCKS_TOGETHER;
    if (last && goesOn) last.push({ index, stage, decoding });
    else groups.push([{ index, stage, decoding }]);
  }
  return groups.map((places, i) =>
    segmentOf(model, kept, { places, hasHead: i === groups.length - 1 }),
  );
}

interface SegmentParts {
  readonly places: readonly Place[];
  readonly hasHead: boolean;
}

function segmentOf(model: Model, kept: KeptWeights, { places, hasHead }: SegmentParts): Segment {
  const names = new Map<string, string>();
  const cached = new Map<string, string>();
  const marks: string[] = [];
  /** A weight under its name in the program. */
  const weightAs = (own: string, name: string): (() => Value) => {
    names.set(own, name);
    names.set(scalesName(own), scalesName(name));
    const weight = () => weightValue(model, kept, { name, as: own });
    const { dtype, shape } = weight();
    marks.push(`${own} ${kept.get(name)?.dtype ?? dtype} ${shape.join("x")}`);
    return weight;
  };
  const stages = places.map(({ index, stage, decoding }, i) => {
    const own = partsOf(i);
    for (const [k, name] of partsOf(index).entries()) {
      const part = own[k] ?? name;
      names.set(`past.${part}`, `past.${name}`).set(`encoder.${part}`, `encoder.${name}`);
      if (decoding.cacheWidth !== undefined) cached.set(part, name);
    }
    marks.push(stage.kind);
    const params = mapTensors(stage.params, (name, local) => weightAs(`${i}.${local}`, name));
    return { own, decoding, params };
  });
  const ofHead = new Map(
    hasHead ? headParams(model).map((name, i) => [name, weightAs(`head.${i}`, name)] as const) : [],
  );
  if (hasHead) marks.push(model.head?.adapter?.kind ?? "");
  function headWeight(name: string): Value {
    const weight = ofHead.get(name);
    if (weight) return weight();
    throw new Error(`internal: the head has no ${name}`);
  }

  return {
    key: marks.join(),
    names,
    cached,
    build(type, { batch, length, past, source }) {
      const positions = input("positions", "int32", [batch, length]);
      const keyPositions = input("keyPositions", "int32", [batch, past + length]);
      const bias = input("past.bias", "float32", [batch, 1, length, past + length]);
      const encoderBias = input("encoder.bias", "float32", [batch, 1, 1, source]);
      let x = input("x", type.dtype, type.shape);
      const outputs: Record<string, Value> = {};
      for (const { own, decoding, params } of stages) {
        const [keys, values] = own;
        const weights = mapTensors(params, (weight) => weight());
        const { cacheWidth = 0 } = decoding;
        const known = (name: string) => input(`past.${name}`, "float32", [batch, past, cacheWidth]);
        const read = encoderParts(model, decoding, weights, { batch, length: source });
        const { y, attention } = decoding.decode(x, weights, {
          positions,
          keyPositions,
          past: { keys: known(keys), values: known(values), bias },
          ...(read && {
            encoded: {
              keys: input(`encoder.${keys}`, "float32", read.keys.shape),
              values: input(`encoder.${values}`, "float32", read.values.shape),
              bias: encoderBias,
            },
          }),
        });
        x = y; // [B, T, C]
        if (attention) {
          outputs[`new.${keys}`] = attention.keys;
          outputs[`new.${values}`] = attention.values;
        }
      }
      if (!hasHead) return compile({ y: x, ...outputs });
      const last = slice(x, { axis: 1, start: length - 1, end: length }); // [B, 1, C]
      const logits = headLogits(model, headWeight, reshape(last, [batch, model.width]));
      return compile({ logits, ...outputs });
    },
  };
}

/** What a stage reads of an encoder, for its shapes. */
const encoderParts = (
  { width }: Model,
  { encoded }: StageDecoding,
  params: Tensors,
  { batch, length }: { readonly batch: number; readonly length: number },
): KeysAndValues | undefined =>
  encoded?.(input(ENCODER_OUTPUT, "float32", [batch, length, width]), params);
