/** @file BERT: Devlin et al., 2019, arXiv:1810.04805; `bert-model.ts` has the equations. */

import { type Architecture, defineArchitecture } from "../../architecture.ts";
import type { Task } from "../../model.ts";
import { BERT_FIELDS, type BertArchitecture, bertConfig } from "./bert-config.ts";
import { BERT_ENDINGS, BERT_PREFIX } from "./bert-endings.ts";
import { bertModel } from "./bert-model.ts";

/** What a BERT learns, by `architectures`. */
const BERT_TASKS: Readonly<Record<BertArchitecture, Task>> = {
  BertForMaskedLM: "masked",
  BertForSequenceClassification: "classification",
  BertModel: "embedding",
};

/**
 * BERT of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the base size, and the task is to guess hidden tokens
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export const bert: Architecture = defineArchitecture(
  {
    types: ["bert"],
    fields: BERT_FIELDS,
    dropout: ["hidden_dropout_prob", "attention_probs_dropout_prob"],
    tasks: BERT_TASKS,
  },
  (fields) => {
    const config = bertConfig(fields);
    const [architecture] = config.architectures;
    return bertModel({
      type: "bert",
      task: BERT_TASKS[architecture],
      config,
      sizes: config,
      ending: BERT_ENDINGS[architecture](config),
      prefix: BERT_PREFIX,
      root: architecture === "BertModel" ? "" : BERT_PREFIX,
      tokenTypes: "read",
    });
  },
);
