/** @file Data for preferences: prompts with two answers each, as texts or as messages. */

import type { Collective } from "../collective/index.ts";
import {
  batchesOf,
  counts,
  type Preference,
  preferenceBatch,
  preferenceSequences,
  type PreferenceSequences,
  promptIds,
  type Shared,
  sortedEpochs,
  stretches,
  told,
} from "../data/index.ts";
import { option, UsageError } from "../errors.ts";
import { type Chat, createChat } from "../text/index.ts";
import { questionOf } from "./causal.ts";
import { paddingOf } from "./encoder.ts";
import { lengthsOf, questionCount, templateOf } from "./pairs.ts";
import { spread } from "./reading/dataset.ts";
import { describeSplit, fitSplit } from "./reading/fitted-split.ts";
import { preferenceForm } from "./reading/sequence-forms.ts";
import { type DataRequest, mostEvaluated, type TrainData } from "./task-data.ts";

/** @throws {UsageError} if preferences are mixed of texts and messages, and as `fitSplit` does. */
export async function loadPreferences(request: DataRequest): Promise<TrainData> {
  const { config, dataset, tokenizer, model, contextLength, key } = request;
  checkRequest(request);
  const split = await dataset.preferences();
  const isChat = isOfMessages(dataset.ranks, [...split.training, ...split.validation]);
  const template = templateOf(config, model.task);
  let own: Chat | undefined;
  const chat = () => (own ??= createChat(tokenizer));
  const { prepared, held, trained, complete, take } = fitSplit(
    {
      ...split,
      what: "preferences",
      teaches: (each) =>
        counts(each) && JSON.stringify(each.chosen) !== JSON.stringify(each.rejected),
      encode: (preferences, options) =>
        preferenceSequences(preferences, { tokenizer, template, chat, ...options }),
      form: preferenceForm,
    },
    request,
  );
  const { batchSize } = config;
  const padding = paddingOf(request);
  const evaluated = complete(spread(held.sequences, mostEvaluated(config))).toSorted(byLength);
  const placed = [...prepared.sequences, ...evaluated].map((sequence, place) => ({
    sequence,
    place,
  }));
  const training = placed.slice(0, prepared.sequences.length);
  const heldOut = placed.slice(prepared.sequences.length);
  const order = dataset.order(trained.map(dataset.partOf), key);
  const compare = (a: Placed, b: Placed) => byLength(a.sequence, b.sequence);
  const epochs = sortedEpochs(training, { batchSize, key, order, compare });
  const sequencesAt = (position: number) => epochs.at(position).map(({ sequence }) => sequence);
  /** The places of sequences, which may be others of the same preferences, with their tokens. */
  const batchOf = (sequences: readonly PreferenceSequences[], places: readonly Placed[]) =>
    preferenceBatch(
      sequences.map((sequence, i) => ({ ...sequence, place: places[i]?.place ?? 0 })),
      padding,
    );
  const ending = isChat ? chat().answerEnd() : undefined;
  return {
    training: batchesOf(
      { batchesPerEpoch: epochs.batchesPerEpoch, at: sequencesAt },
      (sequences, position) => batchOf(sequences, epochs.at(position)),
      take,
    ),
    *evaluation() {
      for (const part of stretches(heldOut, batchSize)) {
        yield batchOf(
          part.map(({ sequence }) => sequence),
          part,
        );
      }
    },
    pairs: [],
    questions: complete(spread(held.sequences, questionCount(config))).map(({ chosen }) =>
      questionOf(chosen),
    ),
    ask: isChat
      ? (content) => chat().encodePrompt([{ role: "user", content }])
      : (text) => promptIds(tokenizer, text, template),
    answers: {
      count: 2 * placed.length,
      *batches() {
        for (const part of stretches(placed.toSorted(compare), batchSize)) {
          yield batchOf(complete(part.map(({ sequence }) => sequence)), part);
        }
      },
    },
    shapes: lengthsOf(
      placed.map(({ sequence }) => inputLength(sequence)),
      contextLength,
    ).map((length) => model.inputTypes(2 * batchSize, length)),
    description: describeSplit("preferences", { prepared, held }),
    ...(ending && { isChat, stopTokens: ending.stopTokens }),
    ...(ending?.problem !== undefined && { notes: [ending.problem] }),
  };
}

function checkRequest({ config: { learn, learnRoles }, model }: DataRequest): void {
  if (model.task !== "causal") {
    const got = `one for ${model.task}`;
    throw new UsageError(
      `${option("task")}: preference needs a model that continues texts; got ${got}`,
    );
  }
  if (learn === "answers" && learnRoles.join() === "assistant") return;
  const name = learn === "answers" ? option("learnRoles") : option("learn");
  const got = learn === "answers" ? learnRoles.join(", ") : learn;
  throw new UsageError(`${name}: of preferences the assistant's answers are compared; got ${got}`);
}

/** A preference, and which of all of a run it is. */
interface Placed {
  readonly sequence: PreferenceSequences;
  readonly place: number;
}

/** Whether all are messages; none may be. */
function isOfMessages(ranks: Collective, preferences: readonly Shared<Preference>[]): boolean {
  const ofMessages = told(ranks, preferences, ({ chosen }) =>
    typeof chosen === "string" ? 0 : 1,
  ).reduce((sum, each) => sum + each, 0);
  if (ofMessages === 0 || ofMessages === preferences.length) return ofMessages > 0;
  const got = `${ofMessages} of ${preferences.length} with messages`;
  throw new UsageError(`data: preferences are all texts or all messages; got ${got}`, {
    hint: "give those of one form to a run of their own",
  });
}

const inputLength = ({ chosen, rejected }: PreferenceSequences): number =>
  Math.max(chosen.ids.length, rejected.ids.length) - 1;

const byLength = (a: PreferenceSequences, b: PreferenceSequences): number =>
  inputLength(a) - inputLength(b);
