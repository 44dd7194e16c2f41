/** @file The Hugging Face Hub: models and datasets by name, and finished models on their way there. */

export { repositoryOfPath } from "./cache.ts";
export { type DatasetFiles, resolveDataset, type WantedFiles } from "./resolve/dataset.ts";
export type { Patience } from "./download/download.ts";
export { type HubSettings, hubSettings, type Environment } from "./environment.ts";
export type { HubEvent, NoticeEvent, TransferEvent } from "./events.ts";
export {
  type ModelNames,
  type ModelOptions,
  resolveModel,
  resolveModels,
} from "./resolve/model.ts";
export { type Pushed, type PushOptions, pushModel } from "./publish/push.ts";
export { parseRepository, type Repository, type RepositoryType } from "./repository.ts";
export type { HubOptions } from "./download/snapshot.ts";
