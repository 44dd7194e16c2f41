/** @file Data for preferences: prompts with two answers each, as texts or as messages. */

import {
  counts,
  type PlacedPreference,
  type Preference,
  preferenceBatch,
  preferenceSequences,
  type PreferenceSequences,
  promptIds,
  sortedEpochs,
  stretches,
} from "../data/index.ts";
import { option, UsageError } from "../errors.ts";
import { type Chat, createChat } from "../text/index.ts";
import { questionOf } from "./causal.ts";
import { paddingOf } from "./encoder.ts";
import { lengthsOf, questionCount, templateOf } from "./pairs.ts";
import { spread } from "./reading/dataset.ts";
import { describeSplit, fitSplit } from "./reading/fitted-split.ts";
import { type DataRequest, mostEvaluated, type TrainData } from "./task-data.ts";

/** @throws {UsageError} if preferences are mixed of texts and messages, and as `fitSplit` does. */
export async function loadPreferences(request: DataRequest): Promise<TrainData> {
  const { config, dataset, tokenizer, model, contextLength, key } = request;
  checkRequest(request);
  const split = await dataset.preferences();
  const isChat = isOfMessages([...split.training, ...split.validation]);
  const template = templateOf(config, model.task);
  let own: Chat | undefined;
  const chat = () => (own ??= createChat(tokenizer));
  const { prepared, held, trained } = fitSplit(
    {
      ...split,
      what: "preferences",
      teaches: (each) =>
        counts(each) && JSON.stringify(each.chosen) !== JSON.stringify(each.rejected),
      encode: (preferences, options) =>
        preferenceSequences(preferences, { tokenizer, template, chat, ...options }),
    },
    request,
  );
  const { batchSize } = config;
  const padding = paddingOf(request);
  const evaluated = spread(held.sequences, mostEvaluated(config)).toSorted(byLength);
  const placed = [...prepared.sequences, ...evaluated].map((each, place) => ({ ...each, place }));
  const training = placed.slice(0, prepared.sequences.length);
  const heldOut = placed.slice(prepared.sequences.length);
  const order = dataset.order(trained.map(dataset.partOf), key);
  const epochs = sortedEpochs(training, { batchSize, key, order, compare: byLength });
  const batchesOf = function* (preferences: readonly PlacedPreference[]) {
    for (const part of stretches(preferences, batchSize)) yield preferenceBatch(part, padding);
  };
  const ending = isChat ? chat().answerEnd() : undefined;
  return {
    training: {
      batchesPerEpoch: epochs.batchesPerEpoch,
      batchAt: (position) => preferenceBatch(epochs.at(position), padding),
    },
    evaluation: () => batchesOf(heldOut),
    pairs: [],
    questions: spread(held.sequences, questionCount(config)).map(({ chosen }) =>
      questionOf(chosen),
    ),
    ask: isChat
      ? (content) => chat().encodePrompt([{ role: "user", content }])
      : (text) => promptIds(tokenizer, text, template),
    answers: {
      count: 2 * placed.length,
      batches: () => batchesOf(placed.toSorted(byLength)),
    },
    shapes: lengthsOf(placed.map(inputLength), contextLength).map((length) =>
      model.inputTypes(2 * batchSize, length),
    ),
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

/** Whether all are messages; none may be. */
function isOfMessages(preferences: readonly Preference[]): boolean {
  const ofMessages = preferences.filter(({ chosen }) => typeof chosen !== "string").length;
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
